"""What a program reads while it runs: a change of that, and of nothing else, can change what it deploys.

Installed packages are not told: what requirements name is. https://docs.python.org/3/library/audit_events.html
"""

from __future__ import annotations

import os
import sys
import sysconfig
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

_INSTALLED = ("stdlib", "platstdlib", "purelib", "platlib")
_ELSEWHERE = ("/proc", "/dev", "/sys", "/etc", "/run")
_ENGINE = Path(__file__).parents[1]
_FIRST_TWO = 2


class Reading:
    """Files and folders that this process reads from now on, and whether it starts other programs."""

    def __init__(self) -> None:
        self._files: set[str] = set()
        self._folders: set[str] = set()
        self._written: set[str] = set()
        self._starts_programs = False
        sys.addaudithook(self._hear)

    def shape(self) -> dict[str, Any]:
        """Return as JSON what was read: `files`, listed `folders`, and whether `others` read as well.

        `written` is what this process itself wrote.
        """
        files = {*self._files, *_sources()} - self._written
        return {
            # What is missing may come; a scratch directory will not.
            "files": sorted(file for file in files if _is_own(str(Path(file).parent))),
            "folders": sorted(filter(_is_own, self._folders)),
            "written": sorted(file for file in self._written if Path(file).exists()),
            "others": self._starts_programs,
        }

    def _hear(self, event: str, args: tuple[Any, ...]) -> None:
        if event == "open":
            path, mode, flags = args
            if isinstance(path, str):
                writes = (mode and not {"w", "a", "x", "+"}.isdisjoint(mode)) or _writes(flags)
                if not path.endswith(".pyc"):
                    (self._written if writes else self._files).add(os.path.realpath(path))
        elif event in {"os.listdir", "os.scandir"}:
            self._folders.add(os.path.realpath(args[0] if isinstance(args[0], str) else "."))
        elif event == "os.rename":
            paths = [path for path in args[:_FIRST_TWO] if isinstance(path, str)]
            self._written.update(map(os.path.realpath, paths))
        elif event in {"subprocess.Popen", "os.system", "os.posix_spawn"}:
            self._starts_programs = True


def _writes(flags: object) -> bool:
    return isinstance(flags, int) and bool(flags & (os.O_WRONLY | os.O_RDWR))


@cache
def _installed_folders() -> list[str]:
    """Return where this Python and its packages are."""
    found = (sys.prefix, *(path for name in _INSTALLED if (path := sysconfig.get_path(name))))
    return [os.path.realpath(path) for path in found]


@cache
def is_installed(folder: str) -> bool:
    """Tell whether a folder is of this Python or of a package installed in it, and not linked there."""
    return _is_below(os.path.realpath(folder), _installed_folders())


@cache
def _is_own(folder: str) -> bool:
    passed = (*_ELSEWHERE, os.path.realpath(_ENGINE))
    return not is_installed(folder) and not _is_below(folder, passed) and Path(folder).is_dir()


def _is_below(path: str, folders: Sequence[str]) -> bool:
    return any(path == folder or path.startswith(f"{folder}{os.sep}") for folder in folders)


def loaded_files() -> Iterator[tuple[str, str]]:
    """Yield name and file of each module, without loading those that wait to be loaded: Pulumi's SDKs do.

    One that waits has a class that looks attributes up by itself; a class alone, as `pulumi_aws.config` gives
    itself one, does not mean that.
    """
    for name, module in list(sys.modules.items()):
        is_loaded = type(module).__getattribute__ is ModuleType.__getattribute__
        file = vars(module).get("__file__") if is_loaded else None
        if isinstance(file, str):
            yield name, file


def _sources() -> Iterator[str]:
    """Yield the files of the program's own modules: one that has bytecode is not opened itself."""
    for _, file in loaded_files():
        if not is_installed(os.path.dirname(file)):  # noqa: PTH120 - thousands
            yield os.path.realpath(file)
