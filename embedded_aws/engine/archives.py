"""Pulumi assets and archives as bytes.

Archives become zips with the same bytes for the same content, whatever the directory, clock and umask.
"""

from __future__ import annotations

import io
import os
import posixpath
import zipfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

from pulumi import asset

from embedded_aws.engine.errors import EngineError
from embedded_aws.host.data_directory import is_data_directory

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_EPOCH = (1980, 1, 1, 0, 0, 0)
_FILE_MODE = 0o100644
_EXECUTABLE_MODE = 0o100755
_SUFFIXES = (".zip", ".jar")
_FAST = 1

ZipEntry = tuple[str, bytes, bool]
"""Name in the zip, content, executable."""


def asset_bytes(value: object) -> bytes:
    """Return the content of a FileAsset or StringAsset; raises EngineError for a missing file."""
    match value:
        case asset.StringAsset():
            return str(value.text).encode()
        case asset.FileAsset():
            return _read(Path(value.path))
        case asset.RemoteAsset():
            raise EngineError(f"remote asset {value.uri} cannot be fetched here; use a FileAsset")
    raise EngineError(f"{type(value).__name__} is not an asset; use FileAsset or StringAsset")


def archive_bytes(value: object) -> bytes:
    """Return an archive as a zip.

    A FileArchive of a zip file keeps its bytes; a directory and an AssetArchive are zipped reproducibly.
    Raises EngineError for a missing path or an archive that Lambda cannot read.
    """
    if isinstance(value, asset.FileArchive) and not Path(value.path).is_dir():
        return _zip_file(Path(value.path))
    return zipped(_entries(value, ""))


def zipped(entries: Iterable[ZipEntry]) -> bytes:
    """Return a zip that is the same for the same entries, whatever their order."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as target:
        for name, content, executable in sorted(entries):
            info = zipfile.ZipInfo(posixpath.normpath(name), _EPOCH)  # "." is a usual key of an AssetArchive
            info.external_attr = (_EXECUTABLE_MODE if executable else _FILE_MODE) << 16
            target.writestr(info, content, zipfile.ZIP_DEFLATED, _FAST)
    return buffer.getvalue()


def _entries(value: object, prefix: str) -> Iterator[ZipEntry]:
    match value:
        case asset.AssetArchive():
            for name, part in value.assets.items():
                yield from _entries(part, f"{prefix}/{name}" if prefix else name)
        case asset.FileArchive():
            yield from _archive_entries(Path(value.path), prefix)
        case asset.RemoteArchive():
            raise EngineError(f"remote archive {value.uri} cannot be fetched here; use a FileArchive")
        case asset.FileAsset():
            yield prefix, asset_bytes(value), is_executable(Path(value.path))
        case _:
            yield prefix, asset_bytes(value), False


def _archive_entries(path: Path, prefix: str) -> Iterator[ZipEntry]:
    root = f"{prefix}/" if prefix else ""
    if path.is_dir():
        for file in files_below(path):
            yield f"{root}{file.relative_to(path).as_posix()}", file.read_bytes(), is_executable(file)
        return
    with zipfile.ZipFile(io.BytesIO(_zip_file(path))) as source:
        for info in source.infolist():
            if not info.is_dir():
                yield f"{root}{info.filename}", source.read(info), bool(info.external_attr >> 16 & 0o100)


def files_below(directory: Path) -> Iterator[Path]:
    """Yield all files, but for the data that we keep in the program's directory: `pulumi up` has none."""
    for folder, folders, names in os.walk(directory):
        at = Path(folder)
        folders[:] = [name for name in folders if not is_data_directory(at / name)]
        yield from (at / name for name in names if (at / name).is_file())


def _zip_file(path: Path) -> bytes:
    content = _read(path)
    if not zipfile.is_zipfile(io.BytesIO(content)):
        raise EngineError(f"archive {path} is not a zip; give a directory or a {' or '.join(_SUFFIXES)} file")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as source:
            broken = source.testzip()
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        broken = str(error)
    if broken:
        raise EngineError(f"archive {path} is broken ({broken}); make it again")
    return content


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise EngineError(
            f"{path.absolute()} cannot be read: {error.strerror}; build or create it first"
        ) from error


def is_executable(path: Path) -> bool:
    """Tell whether its owner may execute a file: a zip keeps that."""
    return bool(path.stat().st_mode & 0o100)
