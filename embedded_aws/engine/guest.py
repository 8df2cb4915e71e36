"""The engine in the Python of the program's own virtual environment: `python guest.py PATH OPTIONS...`.

What the engine needs and that environment lacks is found on PATH, while the engine itself is imported; the
program then finds what its environment holds, in the versions that it asked for, and nothing else.
"""

from __future__ import annotations

import gc
import os
import sys
from importlib.machinery import ModuleSpec, PathFinder


class _Lender:
    """Finds packages of this tool; being the last finder, it is asked for what nobody else knows."""

    def __init__(self, path: str) -> None:
        self._path = path.split(os.pathsep)

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        """Find a package; its modules are then found in the package itself."""
        del target
        return PathFinder.find_spec(name, self._path) if path is None else None


def main() -> int:
    """Import the engine, then run it."""
    lender = _Lender(sys.argv.pop(1))
    gc.disable()  # as the engine does: its imports would be collected in vain
    sys.meta_path.append(lender)
    from embedded_aws.engine import __main__ as engine  # noqa: PLC0415 - it can be found from here on
    from embedded_aws.engine import command  # noqa: F401, PLC0415 - all that it imports is found here too

    sys.meta_path.remove(lender)
    return engine.main()


if __name__ == "__main__":
    sys.exit(main())
