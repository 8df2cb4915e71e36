"""What other users of the machine may read of a server's data: nothing."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING

import pytest

from embedded_aws.host.data_directory import DataDirectoryError, locked
from embedded_aws.host.server_log import logging_to
from embedded_aws.xray.service import XRay
from tests.embedded_aws.disks import full_disk

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def usual_rights() -> Iterator[None]:
    """New files and directories are for all to read unless somebody says otherwise."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def rights(path: Path) -> str:
    return oct(path.stat().st_mode & 0o777)


def use(directory: Path) -> dict[str, str]:
    """Let a server's parts use the directory; return the rights of the files with data while they do."""
    with locked(directory) as data, logging_to(data / "server.log", lambda line: None):
        xray = XRay(data / "traces.db", region="us-east-1")
        try:
            return {path.name: rights(path) for path in data.iterdir() if path.name != ".gitignore"}
        finally:
            xray.close()


def test_data_is_the_user_s_alone(tmp_path: Path) -> None:
    """The directory, the database with what SQLite puts beside it, the log and the lock."""
    found = use(tmp_path / "data")
    assert rights(tmp_path / "data") == "0o700"
    assert found.keys() >= {"traces.db", "traces.db-wal", "server.log", "lock"}
    assert set(found.values()) == {"0o600"}


def test_data_that_others_could_read_is_closed_to_them(tmp_path: Path) -> None:
    """A directory of an earlier version, which ended without putting its database in order."""
    directory = tmp_path / "data"
    use(directory)
    (directory / "traces.db-wal").touch()
    for path in directory.iterdir():
        path.chmod(0o644)
    directory.chmod(0o755)
    found = use(directory)
    assert rights(directory) == "0o700"
    assert set(found.values()) == {"0o600"}


def test_a_directory_of_all_users_is_refused(tmp_path: Path) -> None:
    """Nothing of it is changed: others need it as it is."""
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o1777)
    with pytest.raises(DataDirectoryError, match=r"shared belongs to all users .*--data"), locked(shared):
        pass
    assert list(shared.iterdir()) == []
    assert rights(shared) == "0o777"


def test_a_log_that_finds_the_disk_full_does_not_fail_the_end(tmp_path: Path) -> None:
    """What the file did not take is lost, and nothing else."""
    with full_disk(), logging_to(tmp_path / "server.log", lambda line: None):
        logging.getLogger("embedded_aws").warning("segments are lost")
    assert (tmp_path / "server.log").read_text() == ""


@pytest.mark.parametrize("name", [".gitignore", "lock", "server.log", "traces.db"])
@pytest.mark.parametrize("kind", ["link", "folder"])
def test_what_is_no_file_of_its_own_is_refused(tmp_path: Path, name: str, kind: str) -> None:
    """A checkout may bring a link to a file of the user's: that is neither written nor closed to others."""
    directory, linked = tmp_path / "data", tmp_path / "linked"
    directory.mkdir()
    linked.write_text("precious")
    if kind == "link":
        (directory / name).symlink_to(linked)
    else:
        (directory / name).mkdir()
    with pytest.raises(DataDirectoryError, match=f"{name} is not a file of its own; remove it"):
        use(directory)
    assert linked.read_text() == "precious"
    assert rights(linked) == "0o644"


def test_a_directory_with_other_files_is_refused(tmp_path: Path) -> None:
    """`--data .` would close a program's folder to others, and let Git ignore all that is in it."""
    (tmp_path / "Pulumi.yaml").touch()
    (tmp_path / ".gitignore").write_text("venv/")
    tmp_path.chmod(0o755)
    with pytest.raises(DataDirectoryError, match=r"holds other files, such as Pulumi\.yaml; choose another"):
        use(tmp_path)
    assert (tmp_path / ".gitignore").read_text() == "venv/"
    assert rights(tmp_path) == "0o755"


def test_what_somebody_puts_beside_the_data_does_no_harm(tmp_path: Path) -> None:
    """A directory that was used before is used again."""
    use(tmp_path / "data")
    (tmp_path / "data" / "notes.txt").touch()
    assert "traces.db" in use(tmp_path / "data")


def test_a_shell_may_send_the_output_into_the_data_directory(tmp_path: Path) -> None:
    """`waterfall serve --data DIR > DIR/serve.log` makes the file before the server looks."""
    (tmp_path / "serve.log").touch()
    assert "traces.db" in use(tmp_path)
