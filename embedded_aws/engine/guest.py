"""The engine in the Python of the program's own virtual environment: `python guest.py PATH OPTIONS...`.

What the engine needs and that environment lacks is found on PATH, while the engine itself is imported; the
program then finds what its environment holds, in the versions that it asked for, and nothing else. The one
exception is a botocore too old to know the APIs: the engine and the program then have that of PATH.
"""

from __future__ import annotations

import gc
import os
import sys
from contextlib import suppress
from importlib import metadata
from importlib.machinery import ModuleSpec, PathFinder
from typing import NoReturn

_OLDEST_BOTOCORE = (1, 34)


class _Lender:
    """Finds packages of this tool, all or `only` one."""

    def __init__(self, path: list[str], only: str | None = None) -> None:
        self._path = path
        self._only = only

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        """Find a package; its modules are then found in the package itself."""
        del target
        wanted = path is None and self._only in {None, name}
        return PathFinder.find_spec(name, self._path) if wanted else None


def main() -> NoReturn:
    """Import the engine, then run it."""
    gc.disable()  # as the engine does: its imports would be collected in vain
    path = sys.argv.pop(1).split(os.pathsep)
    last, first = _Lender(path), _Lender(path, "botocore" if _has_old_botocore() else "")
    sys.meta_path[:] = [first, *sys.meta_path, last]
    from embedded_aws.engine import __main__ as engine  # noqa: PLC0415 - it can be found from here on
    from embedded_aws.engine import command  # noqa: F401, PLC0415 - all that it imports is found here too

    if any(name.startswith("PULUMI_CONFIG_PASSPHRASE") for name in os.environ):
        with suppress(ImportError):  # of another Python: the engine tells who needs it
            import cryptography.hazmat.primitives.ciphers.aead  # noqa: F401, PLC0415
    sys.meta_path[:] = [finder for finder in sys.meta_path if finder not in {first, last}]
    engine.main()


def _has_old_botocore() -> bool:
    try:
        version = metadata.version("botocore")
    except metadata.PackageNotFoundError:
        return False
    return tuple(map(int, version.split(".")[:2])) < _OLDEST_BOTOCORE


if __name__ == "__main__":
    main()
