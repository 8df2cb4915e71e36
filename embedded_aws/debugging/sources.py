"""Which of the user's files a function's files were made of: breakpoints are set in those.

However an archive was made, of a folder, of single files, by a program or by another tool: a file of the same
name and content is the source. That of the most files lie in one folder decides between several.
"""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

_SKIPPED = frozenset({"node_modules", "__pycache__", "site-packages", "dist", "build"})
_MOST_FILES = 20_000


def path_mappings(sources: Path, unpacked: Path) -> list[dict[str, str]]:
    """Return debugpy's `pathMappings`: one for each unpacked file that has a source below `sources`."""
    by_name: defaultdict[str, list[Path]] = defaultdict(list)
    for file in _files(sources.resolve(), hidden=False):
        by_name[file.name].append(file)
    found = {file: _same(file, by_name[file.name]) for file in _files(unpacked, hidden=True)}
    votes = Counter(
        root for file, candidates in found.items() for root in {_root(one, file) for one in candidates}
    )
    return [
        {"localRoot": str(_best(file, candidates, votes)), "remoteRoot": str(file)}
        for file, candidates in found.items()
        if candidates
    ]


def _files(folder: Path, *, hidden: bool) -> Iterator[Path]:
    """Find Python files; without `hidden` not those of virtual environments and what tools made."""
    left = _MOST_FILES
    for directory, below, names in os.walk(folder):
        below[:] = sorted(
            name
            for name in below
            if hidden or not (name.startswith(".") or name in _SKIPPED or _is_environment(directory, name))
        )
        for name in sorted(names):
            if name.endswith(".py"):
                left -= 1
                if left < 0:
                    return
                yield Path(directory, name)


def _is_environment(directory: str, name: str) -> bool:
    return Path(directory, name, "pyvenv.cfg").exists()


def _same(file: Path, candidates: list[Path]) -> list[Path]:
    if not candidates:
        return []
    content = file.read_bytes()
    return [one for one in candidates if one.stat().st_size == len(content) and one.read_bytes() == content]


def _root(source: Path, file: Path) -> tuple[Path, Path]:
    """Return the folders from which on both have the same path."""
    while source.name and source.name == file.name:
        source, file = source.parent, file.parent
    return source, file


def _best(file: Path, candidates: list[Path], votes: Counter[tuple[Path, Path]]) -> Path:
    """Choose the source of which the folder has most of the others, else the one with the shortest path."""
    return min(candidates, key=lambda one: (-votes[_root(one, file)], len(one.parts), str(one)))
