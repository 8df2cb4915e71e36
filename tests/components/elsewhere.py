"""Builds zips by whichever Python runs this, without Pulumi, and prints their digests.

`python elsewhere.py COMPONENTS BUILD LOCK PACKAGE CODE VERSION`
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from types import ModuleType


def without_pulumi(components: str) -> None:
    """Make the folder importable where Pulumi is not installed: packing needs its class of errors alone."""
    for name in ("pulumi", "pulumi.runtime", "pulumi.runtime.config", "components"):
        module = ModuleType(name)
        module.__path__ = [components] if name == "components" else []
        sys.modules[name] = module
    vars(sys.modules["pulumi"])["RunError"] = type("RunError", (Exception,), {})
    vars(sys.modules["pulumi.runtime"])["config"] = sys.modules["pulumi.runtime.config"]


def main(components: str, build: str, *inputs: str) -> None:
    without_pulumi(components)
    from components.packaging import function_zip, locked_layer, package_layer  # noqa: PLC0415 - only now
    from components.settings import Target  # noqa: PLC0415

    lock, package, code, version = inputs
    target = Target(f"python{version}", "arm64")
    for archive in (
        locked_layer(Path(lock), target, Path(build)),
        package_layer(Path(package), target, Path(build)),
        function_zip(Path(code), target, Path(build)),
    ):
        digest = hashlib.sha256(archive.read_bytes()).hexdigest()
        sys.stdout.write(f"{archive.name} {digest}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
