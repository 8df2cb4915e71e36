from __future__ import annotations

import io
import os
import stat
import zipfile
from collections.abc import Callable
from typing import TYPE_CHECKING

import pulumi
import pytest

from embedded_aws.engine.archives import archive_bytes, asset_bytes
from embedded_aws.engine.errors import EngineError
from embedded_aws.host.data_directory import locked

if TYPE_CHECKING:
    from pathlib import Path


def names(content: bytes) -> list[str]:
    return zipfile.ZipFile(io.BytesIO(content)).namelist()


def test_directory_gives_the_same_bytes_from_two_places(tmp_path: Path) -> None:
    """A zipped directory depends on names and contents, not on where and when it was written."""
    for place, age in (("a", 1_000_000_000), ("b", 1_500_000_000)):
        (tmp_path / place / "pkg").mkdir(parents=True)
        for file in ("app.py", "pkg/util.py"):
            (tmp_path / place / file).write_text("x = 1\n")
            os.utime(tmp_path / place / file, (age, age))
    first, second = (archive_bytes(pulumi.FileArchive(str(tmp_path / place))) for place in "ab")
    assert first == second
    assert names(first) == ["app.py", "pkg/util.py"]


def test_zip_file_keeps_its_bytes(tmp_path: Path) -> None:
    """A FileArchive of a zip is uploaded as it is."""
    with zipfile.ZipFile(tmp_path / "code.zip", "w") as target:
        target.writestr("app.py", "x = 1\n")
    assert (
        archive_bytes(pulumi.FileArchive(str(tmp_path / "code.zip"))) == (tmp_path / "code.zip").read_bytes()
    )


def test_asset_archive_joins_texts_files_directories_and_zips(tmp_path: Path) -> None:
    """Each kind of part lands under its key; the key `.` is the root."""
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "main.py").write_text("x = 1\n")
    with zipfile.ZipFile(tmp_path / "lib.zip", "w") as target:
        target.writestr("lib.py", "y = 2\n")
    archive = pulumi.AssetArchive(
        {
            ".": pulumi.FileArchive(str(tmp_path / "app")),
            "python": pulumi.FileArchive(str(tmp_path / "lib.zip")),
            "conf/text.txt": pulumi.StringAsset("hello"),
            "copy.py": pulumi.FileAsset(str(tmp_path / "app" / "main.py")),
            "deep": pulumi.AssetArchive({"inner.txt": pulumi.StringAsset("in")}),
        }
    )
    assert sorted(names(archive_bytes(archive))) == [
        "conf/text.txt", "copy.py", "deep/inner.txt", "main.py", "python/lib.py",
    ]  # fmt: skip


def test_executable_files_stay_executable(tmp_path: Path) -> None:
    """Mode bits other than the executable one do not reach the zip."""
    for name, mode in (("bootstrap", 0o700), ("app.py", 0o600)):
        (tmp_path / name).write_text("x")
        (tmp_path / name).chmod(mode)
    with zipfile.ZipFile(io.BytesIO(archive_bytes(pulumi.FileArchive(str(tmp_path))))) as source:
        modes = {info.filename: stat.S_IMODE(info.external_attr >> 16) for info in source.infolist()}
    assert modes == {"bootstrap": 0o755, "app.py": 0o644}


@pytest.mark.parametrize("read", [
    lambda path: archive_bytes(pulumi.FileArchive(path)),
    lambda path: archive_bytes(pulumi.AssetArchive({"a": pulumi.FileAsset(path)})),
    lambda path: asset_bytes(pulumi.FileAsset(path)),
])  # fmt: skip
def test_missing_file_is_named(tmp_path: Path, read: Callable[[str], bytes]) -> None:
    """A path that does not exist is in the message."""
    with pytest.raises(EngineError, match=r"gone\.zip cannot be read: No such file"):
        read(str(tmp_path / "gone.zip"))


def test_archive_that_is_no_zip_is_an_error(tmp_path: Path) -> None:
    """Lambda reads zips only; anything else is refused by name."""
    (tmp_path / "code.tar").write_text("not a zip")
    with pytest.raises(EngineError, match=r"code\.tar is not a zip"):
        archive_bytes(pulumi.FileArchive(str(tmp_path / "code.tar")))


def test_remote_archive_is_an_error() -> None:
    """Nothing is fetched from the network."""
    with pytest.raises(EngineError, match=r"https://example\.com/code\.zip cannot be fetched"):
        archive_bytes(pulumi.RemoteArchive("https://example.com/code.zip"))


def test_data_that_is_kept_beside_the_program_stays_out(tmp_path: Path) -> None:
    """An archive of `.` is what `pulumi up` would upload, wherever --data is; all else is in it."""
    for name in ("app.py", "venv/lib/one.py", ".env"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    for data in (".waterfall", "venv/kept"):
        with locked(tmp_path / data) as kept:
            (kept / "traces.db").touch()
    assert names(archive_bytes(pulumi.FileArchive(str(tmp_path)))) == [".env", "app.py", "venv/lib/one.py"]
