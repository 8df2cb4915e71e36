"""What a code base has: its Python files, what of them is used elsewhere, and a row for each construct."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

_SKIPPED = frozenset({"__pycache__", "node_modules", "site-packages", "venv"})
_PACKAGES = {"aws_xray_sdk": "sdk_config.py", "aws_lambda_powertools": "tracing", "tracing": "_native.py"}
"""What lies beside a function's code where its packages do, each with what it is told by."""
LEFT = "left"


@dataclass(frozen=True, slots=True)
class Use:
    """One construct: `becomes` says what of it is new; `why` says why it is left in place, if it is."""

    line: int
    construct: str
    becomes: str
    why: str | None = None

    @property
    def is_moved(self) -> bool:
        return self.why is None


def left(line: int, construct: str, why: str) -> Use:
    return Use(line, construct, LEFT, why)


@dataclass(frozen=True, slots=True)
class Change:
    """A file before and after; `error` says why it could not be read."""

    path: Path
    before: str
    after: str
    uses: tuple[Use, ...]
    error: str | None = None

    @property
    def is_changed(self) -> bool:
        return self.before != self.after


def files_of(place: Path, *endings: str) -> Iterator[Path]:
    """Yield the files below a folder, or the file itself; not environments, hidden folders and the SDKs."""
    if place.is_file():
        yield place
        return
    for folder, folders, names in os.walk(place):
        folders[:] = sorted(
            each
            for each in folders
            if each not in _SKIPPED
            and not each.startswith(".")
            and not Path(folder, each, "pyvenv.cfg").exists()
            and not (each in _PACKAGES and Path(folder, each, _PACKAGES[each]).exists())
        )
        yield from (Path(folder, name) for name in sorted(names) if name.endswith(endings))


def module_of(path: Path) -> str:
    """Return the last part of a module's name, by which other files of the code base import it."""
    return path.parent.name if path.stem == "__init__" else path.stem


def counted(uses: Mapping[str, int]) -> str:
    """Return such as `patch_all, put_annotation 3`."""
    return ", ".join(f"{name} {count}" if count > 1 else name for name, count in sorted(uses.items()))
