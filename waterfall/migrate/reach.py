"""Which files of a code base run which others, by their imports."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from os.path import commonpath
from pathlib import Path

from waterfall.migrate.names import Names


class Reach:
    """The imports of a code base. Of files that a name may mean, it is those closest to who imports it.

    `starts` are the files that no other imports: functions and scripts.
    """

    def __init__(self, files: Mapping[Path, Names]) -> None:
        self._named: dict[str, list[tuple[tuple[str, ...], Path]]] = {}
        for path in files:
            parts = (path.parent if path.stem == "__init__" else path.with_suffix("")).parts
            self._named.setdefault(parts[-1], []).append((parts, path))
        self._imports = {path: {*self._imported(path, names)} for path, names in files.items()}
        self.starts = {*files} - {each for imports in self._imports.values() for each in imports}

    def reaching(self, files: Collection[Path]) -> set[Path]:
        """Return the files that import one of these, or one that does; and these."""
        found, before = set(files), 0
        while len(found) != before:
            before = len(found)
            found |= {path for path, imports in self._imports.items() if imports & found}
        return found

    def running(self, files: Collection[Path]) -> set[Path]:
        """Return the files that import one of these, and those that nothing runs and that reach one."""
        direct = {path for path, imports in self._imports.items() if not imports.isdisjoint(files)}
        return direct | (self.reaching(files) & self.starts)

    def reached(self, files: Collection[Path]) -> set[Path]:
        """Return the files that these import, or one that they import; and these."""
        found, left = set(files), [*files]
        while left:
            new = self._imports.get(left.pop(), set()) - found
            found |= new
            left += new
        return found

    def starting(self, file: Path) -> set[Path]:
        """Return the files that run this one, and that nothing runs; or itself."""
        return (self.reaching([file]) & self.starts) or {file}

    def _imported(self, path: Path, names: Names) -> Iterator[Path]:
        for whole in names.modules:
            parts = tuple(whole.split("."))
            for end in range(1, len(parts) + 1):
                yield from self._meant(path, parts[:end])

    def _meant(self, path: Path, module: tuple[str, ...]) -> Iterator[Path]:
        shared: dict[int, list[Path]] = {}
        for parts, file in self._named.get(module[-1], ()):
            if parts[-len(module) :] == module and file != path:
                shared.setdefault(len(commonpath([path, file])), []).append(file)
        yield from shared[max(shared)] if shared else ()
