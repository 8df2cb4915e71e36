"""Bytecode for the target's Python, made by such a Python wherever one is on this machine."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from .zips import PackagingError


def can_compile(version: str) -> bool:
    """Tell whether a Python of this minor version, such as `3.13`, is here."""
    return interpreter(version) is not None


def compile_for(version: str, python: Path) -> None:
    """Compile what will be `/opt/python`, which is read-only: every cold start would compile it again.

    Unchecked, because a zip keeps no times that a check could trust. A file that does not compile stays
    source, as in an installed package. Raises PackagingError when no such Python is here.
    """
    found = interpreter(version)
    if found is None:
        raise PackagingError(f"there is no Python {version} to compile with; {how_to_have(version)}")
    command = [found, "-I", "-m", "compileall", "-qq", "--invalidation-mode", "unchecked-hash"]
    subprocess.run([*command, "-s", str(python.parent), "-p", "/opt", str(python)], check=False)


def how_to_have(version: str) -> str:
    """Return what to do so that one is found."""
    return f"install it, such as by: uv python install {version}"


def interpreter(version: str) -> str | None:
    """Return a Python of this minor version; None when there is none here."""
    if version == "{}.{}".format(*sys.version_info):
        return sys.executable
    return next((found for found in _candidates(version) if _version(found) == version), None)


def _candidates(version: str) -> Iterator[str]:
    """Yield what may be such a Python: on the PATH, which may have a mere shim, pyenv's and uv's."""
    if found := shutil.which(f"python{version}"):
        yield found
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    yield from map(str, sorted(root.glob(f"versions/{version}.*/bin/python{version}")))
    if uv := shutil.which("uv"):
        command = [uv, "python", "find", "--no-project", "--no-python-downloads", version]
        yield subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


@functools.cache
def _version(command: str) -> str:
    if not command:
        return ""
    probe = [command, "-c", "import sys; print('{}.{}'.format(*sys.version_info))"]
    return subprocess.run(probe, capture_output=True, text=True, check=False).stdout.strip()
