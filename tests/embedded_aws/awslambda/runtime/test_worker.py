from __future__ import annotations

import errno
import io
import os
import zipfile
from pathlib import Path

import pytest

from embedded_aws.awslambda.runtime.worker import MAX_UNZIPPED, layer_directory, opt_directory, task_directory
from tests.embedded_aws.awslambda.harness import zipped
from tests.embedded_aws.disks import full_disk


def test_code_is_unpacked_once_per_digest(tmp_path: Path) -> None:
    """The same digest gives the same directory, without unpacking again."""
    first = task_directory(tmp_path, zipped({"a.py": "1"}), "digest")
    assert task_directory(tmp_path, b"not even a zip", "digest") == first
    assert (first / "a.py").read_text() == "1"


def test_executables_stay_executable(tmp_path: Path) -> None:
    """The executable bit of a zip's entry is kept."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        entry = zipfile.ZipInfo("run")
        entry.external_attr = 0o755 << 16
        archive.writestr(entry, "#!/bin/sh\n")
    assert os.access(layer_directory(tmp_path, buffer.getvalue(), "d") / "run", os.X_OK)


def test_entries_cannot_leave_the_directory(tmp_path: Path) -> None:
    """An entry that points outside is kept inside."""
    inside = task_directory(tmp_path / "work", zipped({"../../escaped.py": ""}), "d")
    assert not (tmp_path / "escaped.py").exists()
    assert (inside / "escaped.py").exists()


def test_a_broken_zip_leaves_nothing_behind(tmp_path: Path) -> None:
    """When unpacking fails, no half-filled directory is left."""
    with pytest.raises(zipfile.BadZipFile):
        task_directory(tmp_path, b"broken", "d")
    assert list((tmp_path / "task").iterdir()) == []


def broken(kind: str) -> bytes:
    """An archive that opens, and of which something is wrong."""
    buffer = io.BytesIO()
    packing = zipfile.ZIP_DEFLATED if kind in {"bomb", "damaged"} else zipfile.ZIP_STORED
    with zipfile.ZipFile(buffer, "w", packing) as archive:
        if kind == "bomb":
            archive.writestr("zeros", bytes(MAX_UNZIPPED + 1))
        elif kind == "conflict":
            archive.writestr("a", "")
            archive.writestr("a/b", "")
        elif kind == "long":
            archive.writestr("x" * 5000, "")
        else:
            archive.writestr("a.py", os.urandom(1000))
    content = bytearray(buffer.getvalue())
    if kind == "damaged":
        content[40:60] = bytes(20)
    elif kind == "encrypted":
        for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
            content[content.index(mark) + place] |= 1
    return bytes(content)


@pytest.mark.parametrize("kind", ["bomb", "conflict", "damaged", "encrypted", "long"])
def test_an_archive_that_cannot_be_unpacked(tmp_path: Path, kind: str) -> None:
    """Whatever is wrong with an archive, it is one error, and nothing is left behind."""
    with pytest.raises(zipfile.BadZipFile):
        layer_directory(tmp_path, broken(kind), "d")
    assert list((tmp_path / "layer").iterdir()) == []


def test_layers_are_merged_in_order(tmp_path: Path) -> None:
    """Layers share directories, and a later one's file wins without changing the earlier layer."""
    first = layer_directory(tmp_path, zipped({"python/p/a.py": "1", "python/p/b.py": "1"}), "1")
    second = layer_directory(tmp_path, zipped({"python/p/a.py": "2"}), "2")
    merged = opt_directory(tmp_path, [first, second])
    assert merged is not None
    assert (merged / "python/p/a.py").read_text() == "2"
    assert (merged / "python/p/b.py").read_text() == "1"
    assert (first / "python/p/a.py").read_text() == "1"


def test_without_layers_there_is_no_opt(tmp_path: Path) -> None:
    """A function without layers has no /opt, one with a single layer has that itself."""
    assert opt_directory(tmp_path, []) is None
    assert opt_directory(tmp_path, [tmp_path]) == tmp_path


def test_a_failed_merge_tells_one_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Layers that find the disk full fail with that, not with a line for each of their files."""
    layers = [tmp_path / name for name in ("one", "two")]
    for layer in layers:
        layer.mkdir()
        for number in range(50):
            (layer / f"{number}.py").write_text("x = 1")
    monkeypatch.setattr(os, "link", _another_file_system)
    with full_disk(), pytest.raises(OSError, match=r"^\[Errno 27\] File too large") as told:
        opt_directory(tmp_path / "work", layers)
    assert len(str(told.value)) < 500


def _another_file_system(*_: object) -> None:
    raise OSError(errno.EXDEV, "Invalid cross-device link")
