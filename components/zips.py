"""Zips with the same bytes wherever and whenever they are written."""

from __future__ import annotations

import hashlib
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pulumi

MAX_UNZIPPED = 250 * 1024 * 1024
"""Lambda's limit in bytes: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip can hold


class PackagingError(pulumi.RunError):
    """A zip could not be built; Pulumi prints the message without a traceback."""


def write_zip(path: Path, entries: Mapping[str, Path]) -> None:
    """Write files under their names in the zip; raises PackagingError when Lambda would refuse it."""
    refuse_too_large(path.stem, entries)
    with zipfile.ZipFile(path, "w") as archive:
        for name in sorted(entries):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.create_system = 3  # Unix, wherever it is built
            entry.external_attr = (0o100755 if is_executable(entries[name]) else 0o100644) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, entries[name].read_bytes(), compresslevel=9)


def refuse_too_large(name: str, entries: Mapping[str, Path]) -> None:
    """Raise PackagingError for more bytes than Lambda unzips."""
    size = sum(file.stat().st_size for file in entries.values())
    if size > MAX_UNZIPPED:
        raise PackagingError(f"{name} has {size:,} bytes unzipped; Lambda allows {MAX_UNZIPPED:,}")


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a place beside `path`; what is made there takes its place, so that no one sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent) as scratch:
        unfinished = Path(scratch) / path.name
        yield unfinished
        try:
            unfinished.replace(path)
        except OSError:
            if not path.is_dir():  # else somebody else was first with the same directory
                raise


def files_of(root: Path) -> list[Path]:
    """Return all files below a directory, in an order that does not depend on the machine."""
    return sorted(path for path in root.rglob("*") if path.is_file())


def is_executable(path: Path) -> bool:
    """Tell whether its owner may execute a file; nothing else of its mode is kept."""
    return bool(path.stat().st_mode & 0o100)


def digest(*parts: bytes) -> str:
    """Return hex digits for a sequence of bytes; where one part ends and the next begins counts too."""
    sha = hashlib.sha256()
    for part in parts:
        sha.update(len(part).to_bytes(8, "big") + part)
    return sha.hexdigest()
