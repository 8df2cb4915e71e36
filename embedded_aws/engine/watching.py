"""Tells of saved files that a program is made of.

Of what the program read, and of what was in the folders that it listed, it tells; of what it wrote itself,
and of what editors and tools leave beside their files, it does not. A program that runs others, such as a
build step, may be made of any file of its directory.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from watchfiles import Change, watch

STEP = 10
"""Milliseconds without a further event after which a save is over; an editor's takes one or two."""
LONGEST = 200
"""Milliseconds after which a run of events is told of anyway."""

_OVERLAP = 0.3
"""Seconds for which two look, when other folders are to be looked at."""
_GONE: tuple[int, ...] = ()
_NOT_SOURCES = frozenset({"__pycache__", "node_modules", "site-packages"})
_TEMPORARY = re.compile(r"\..*|.*~|#.*#|4913|.*\.(sw[a-z]|tmp|bak|orig|py[co])|.*___jb_(tmp|old)___")
"""Names of hidden files, and of what Vim, Emacs and the editors of JetBrains write before or after saving."""


@dataclass(frozen=True)
class Sources:
    """What a program is made of; see `embedded_aws.engine.reading`. `written` are its own works."""

    root: Path
    files: frozenset[str] = frozenset()
    folders: frozenset[str] = frozenset()
    written: frozenset[str] = frozenset()
    others: bool = False

    @classmethod
    def of(cls, root: Path, reads: Mapping[str, Any], before: Sources | None = None) -> Sources:
        """Return what a run has told; of one that failed half-way, with those of the run before."""
        found = cls(
            root.resolve(),
            frozenset(reads.get("files", ())),
            frozenset(reads.get("folders", ())),
            frozenset(reads.get("written", ())),
            bool(reads.get("others")),
        )
        if before is None:
            return found
        return cls(
            found.root,
            found.files | before.files,
            found.folders | before.folders,
            found.written | before.written,
            found.others or before.others,
        )

    def has(self, path: str) -> bool:
        """Tell whether a changed file may change what is deployed."""
        if path in self.written:
            return False
        if path in self.files:
            return True
        folder, name = os.path.split(path)
        if _is_temporary(name) or name in _NOT_SOURCES:
            return False
        return folder in self.folders or (self.others and self._is_own(folder))

    def watched(self) -> frozenset[str]:
        """Return the folders to look at, without what is below them."""
        parents = {os.path.dirname(file) for file in self.files} | self.folders  # noqa: PTH120 - thousands
        own = set(_folders_of(self.root)) if self.others else set()
        return frozenset(folder for folder in parents | own if Path(folder).is_dir())

    def _is_own(self, folder: str) -> bool:
        path = Path(folder)
        return path.is_relative_to(self.root) and not any(map(_is_passed, path.relative_to(self.root).parts))


def _is_temporary(name: str) -> bool:
    return _TEMPORARY.fullmatch(name) is not None


def _is_passed(name: str) -> bool:
    return name.startswith(".") or name in _NOT_SOURCES


def _folders_of(root: Path) -> Iterator[str]:
    for folder, folders, names in os.walk(root):
        if "pyvenv.cfg" in names:
            folders.clear()
            continue
        folders[:] = [name for name in folders if not _is_passed(name)]
        yield folder


@dataclass
class Watcher:
    """Calls `tell` from a thread of its own with the paths of each save, until it is closed."""

    tell: Callable[[frozenset[str]], None]
    sources: Sources | None = None
    _watched: frozenset[str] = frozenset()
    _stop: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _states: dict[str, tuple[int, ...]] = field(default_factory=dict)

    def look_at(self, sources: Sources) -> None:
        """Watch this from now on."""
        self.sources = sources
        watched = sources.watched()
        if watched == self._watched:
            return
        stop, self._stop, self._watched = self._stop, threading.Event(), watched
        events = watch(
            *sorted(watched),
            watch_filter=self._concerns,
            debounce=LONGEST,
            step=STEP,
            stop_event=self._stop,
            recursive=False,
            raise_interrupt=False,
        )
        threading.Thread(target=self._run, args=(events,), name="watching", daemon=True).start()
        # Nothing is missed in between; what both see is told once.
        retiring = threading.Timer(_OVERLAP, stop.set)
        retiring.daemon = True
        retiring.start()

    def close(self) -> None:
        """Stop at once."""
        self._stop.set()

    def _concerns(self, _change: Change, path: str) -> bool:
        return self.sources is not None and self.sources.has(path)

    def _run(self, events: Iterator[set[tuple[Change, str]]]) -> None:
        for changes in events:
            if news := self._news({path for _, path in changes}):
                self.tell(news)

    def _news(self, paths: Iterable[str]) -> frozenset[str]:
        """Return those that are not as they were when they were last told.

        A file that nobody knew of and that is gone was a tool's, on the way to the one that it wrote.
        """
        found = {path: _state(path) for path in paths}
        files = self.sources.files if self.sources else frozenset()
        with self._lock:
            before = {path: self._states.get(path, None if path in files else _GONE) for path in found}
            self._states |= found
        return frozenset(path for path, state in found.items() if before[path] != state)


def _state(path: str) -> tuple[int, ...]:
    try:
        found = Path(path).stat()
    except OSError:
        return _GONE
    return found.st_ino, found.st_mtime_ns, found.st_size, found.st_mode


def shown(saved: Iterable[str], root: Path) -> list[str]:
    """Return paths as a message has them: relative to the program's directory where they are in it."""
    base = root.resolve()
    return sorted(
        str(Path(path).relative_to(base)) if Path(path).is_relative_to(base) else path for path in saved
    )
