"""How commands know which stacks run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from waterfall.stack.registry import Noted, noted, running

SHOP = Noted("http://127.0.0.1:4566", "eu-west-1", "dev", "/home/ada/shop")
OTHER = Noted("http://127.0.0.1:41000", "us-east-1", "dev", "/home/ada/other")
ANOTHER_PROCESS = """
import sys
from waterfall.stack.registry import Noted, noted
with noted(Noted("http://127.0.0.1:4566", "eu-west-1", "dev", "/home/ada/shop")):
    print("noted", flush=True)
    sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state directory in which nothing is noted yet."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return tmp_path / "waterfall" / "stacks"


def test_stacks_are_there_while_they_run(state: Path) -> None:
    """Each until its own block ends, and nothing is left."""
    assert running() == []
    with noted(SHOP):
        with noted(OTHER):
            assert running() == [SHOP, OTHER]
        assert running() == [SHOP]
    assert running() == []
    assert list(state.iterdir()) == []


def test_a_stack_of_another_process_is_there_until_that_ends(state: Path) -> None:
    """However it ends: what a killed one left is removed by whoever looks."""
    command = [sys.executable, "-c", ANOTHER_PROCESS]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "noted\n"
        assert running() == [SHOP]
        assert running() == [SHOP]
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert len(list(state.iterdir())) == 1
        assert running() == []
    assert list(state.iterdir()) == []


def test_only_their_user_reads_them(state: Path) -> None:
    """The folder and the files are closed to others."""
    with noted(SHOP):
        (file,) = state.iterdir()
        assert (state.stat().st_mode & 0o777, file.stat().st_mode & 0o777) == (0o700, 0o600)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"endpoint": "http://127.0.0.1:1"}'])
def test_what_cannot_be_read_is_no_stack(state: Path, text: str) -> None:
    """Such as what another version notes."""
    with noted(SHOP):
        (file,) = state.iterdir()
        file.write_text(text)
        assert running() == []


def test_a_stack_that_cannot_be_noted_runs_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a home that can be written to, commands need `--endpoint`."""
    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.setenv("HOME", "/dev/null")
    with noted(SHOP):
        assert running() == []


def test_a_relative_state_directory_does_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the specification has it: what two working directories would tell apart is no user's directory."""
    monkeypatch.setenv("XDG_STATE_HOME", "state")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    with noted(SHOP):
        assert os.listdir(tmp_path) == ["home"]  # noqa: PTH208 - names are what is compared
        assert running() == [SHOP]
