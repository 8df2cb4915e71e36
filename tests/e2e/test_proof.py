"""`waterfall record` and `check` of requests to a running program."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from waterfall.cli import main

if TYPE_CHECKING:
    from tests.e2e.conftest import Demo

REQUESTS = """
hello:
  request: GET /hello
  runs: 2
  budgets: [calls DynamoDB <= 1, no errors]
worker:
  invoke: worker
  event: {message: hi}
  runs: 1
"""


def run(demo: Demo, command: str, folder: Path, *arguments: str) -> int:
    endpoint = demo("otel-xray").status["endpoint"]
    return main([command, *arguments, "-C", str(folder), "--endpoint", endpoint])


@pytest.fixture(scope="module")
def recorded(demo: Demo, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The requests of the demo, recorded."""
    folder = tmp_path_factory.mktemp("recorded")
    (folder / "traces").mkdir()
    (folder / "traces" / "requests.yaml").write_text(REQUESTS)
    assert run(demo, "record", folder) == 0
    return folder


def test_a_recording_holds_the_request_and_what_its_messages_led_to(recorded: Path) -> None:
    """One tree for each trace."""
    text = (recorded / "traces" / "hello.trace").read_text()
    assert "\ntrace\n+ segment api/dev\n" in text
    assert "\nlinked trace\n+ segment consumer\n" in text
    assert "+ subsegment SQS SendMessage\n" in text
    assert (recorded / "traces" / "worker.trace").read_text().splitlines()[4] == "+ segment worker"


def test_recording_again_gives_the_same_bytes(recorded: Path, demo: Demo, tmp_path: Path) -> None:
    """In a folder that has no recording yet."""
    (tmp_path / "traces").mkdir()
    shutil.copy(recorded / "traces" / "requests.yaml", tmp_path / "traces")
    assert run(demo, "record", tmp_path) == 0
    for name in ("hello", "worker"):
        file = f"traces/{name}.trace"
        assert (tmp_path / file).read_bytes() == (recorded / file).read_bytes()


def test_what_was_recorded_is_checked(recorded: Path, demo: Demo, capsys: pytest.CaptureFixture[str]) -> None:
    """Against the same program, nothing differs."""
    capsys.readouterr()
    assert run(demo, "check", recorded) == 0, capsys.readouterr().out
    assert capsys.readouterr().out.endswith("2 requests: as recorded\n")


def test_a_span_that_is_gone_is_one_line(
    recorded: Path, demo: Demo, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where the recording has one more."""
    shutil.copytree(recorded, tmp_path, dirs_exist_ok=True)
    file = tmp_path / "traces" / "worker.trace"
    changed, count = re.subn("( +)[+] subsegment work\n", r"\1+ subsegment before\n\g<0>", file.read_text())
    assert count == 1
    file.write_text(changed)
    capsys.readouterr()
    assert run(demo, "check", tmp_path, "worker") == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[1:] == ["  removed: worker > worker > worker.handler > before", "1 of 1 requests differ"]
