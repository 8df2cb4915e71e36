"""From zips to the directories `/var/task` and `/opt` of environments, unpacked once per content."""

from __future__ import annotations

import errno
import hashlib
import io
import lzma
import os
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

MAX_UNZIPPED = 262_144_000
"""Bytes of a function's or a layer's files: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""

_BROKEN = (EOFError, NotImplementedError, RuntimeError, ValueError, lzma.LZMAError, zlib.error)
"""What zipfile raises for archives that are cut, encrypted, or packed in ways that it does not know."""
_BAD_NAMES = {errno.EEXIST, errno.EINVAL, errno.EISDIR, errno.ENAMETOOLONG, errno.ENOTDIR}


@contextmanager
def opened(code: bytes) -> Iterator[zipfile.ZipFile]:
    """Open a zip; raises `BadZipFile` for all that is wrong with it, here and where it is read."""
    try:
        with zipfile.ZipFile(io.BytesIO(code)) as archive:
            if sum(member.file_size for member in archive.infolist()) > MAX_UNZIPPED:
                raise zipfile.BadZipFile(f"Unzipped size must be smaller than {MAX_UNZIPPED} bytes")
            yield archive
    except _BROKEN as error:
        raise zipfile.BadZipFile(str(error)) from error
    except OSError as error:
        if error.errno not in _BAD_NAMES:
            raise
        raise zipfile.BadZipFile(f"{error.strerror}: the name of an entry") from error


def task_directory(work_dir: Path, code: bytes, digest: str) -> Path:
    """Return the directory with a function's code."""
    return _once(work_dir / "task" / _key(digest), lambda target: _unpack(code, target))


def layer_directory(work_dir: Path, code: bytes, digest: str) -> Path:
    """Return the directory with one layer's content."""
    return _once(work_dir / "layer" / _key(digest), lambda target: _unpack(code, target))


def opt_directory(work_dir: Path, layers: Sequence[Path]) -> Path | None:
    """Return `/opt` for these layers: merged in order, a later one wins, as on AWS."""
    if not layers:
        return None
    if len(layers) == 1:
        return layers[0]
    key = _key("\n".join(str(layer.resolve()) for layer in layers))

    def merge(target: Path) -> None:
        for layer in layers:
            shutil.copytree(layer, target, copy_function=_link, dirs_exist_ok=True)

    return _once(work_dir / "opt" / key, merge)


def _once(directory: Path, fill: Callable[[Path], None]) -> Path:
    """Fill a directory beside its place and rename it, so that it is either absent or complete."""
    if directory.exists():
        return directory
    directory.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=directory.parent) as temporary:
        target = Path(temporary) / "content"
        target.mkdir()
        try:
            fill(target)
        except shutil.Error as problem:  # has a line for each of what may be thousands of files
            raise OSError(problem.args[0][0][2]) from problem
        try:
            target.rename(directory)
        except OSError:
            if not directory.exists():
                raise
    return directory


def _unpack(code: bytes, target: Path) -> None:
    with opened(code) as archive:
        for member in archive.infolist():
            path = Path(archive.extract(member, target))
            mode = (member.external_attr >> 16) & 0o777
            if mode and path.is_file():
                # zipfile drops the executable bit, which wrapper scripts need.
                path.chmod(mode | 0o400)


def _link(source: str, target: str) -> None:
    Path(target).unlink(missing_ok=True)
    try:
        os.link(source, target)
    except OSError:  # another file system
        shutil.copy2(source, target)


def _key(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:24]
