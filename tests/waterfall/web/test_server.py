"""The console's server: its port, its thread, and its command."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from waterfall.cli import main
from waterfall.web.listener import ConsoleError, address_of, bind
from waterfall.web.server import serving

PATIENCE = 60.0

if TYPE_CHECKING:
    from tests.waterfall.conftest import Api


def test_a_taken_port_names_the_option() -> None:
    """The error says which port, why, and what to give instead."""
    with bind(0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(
            ConsoleError, match=rf"127\.0\.0\.1:{port}: Address already in use; .* --console-port"
        ):
            bind(port, "--console-port")


def test_the_console_is_served_in_a_thread_and_gone_afterwards(api: Api) -> None:
    """`up` serves it beside itself: at once there, at once gone, and its port free again."""
    before = threading.active_count()
    listener = bind(0, "--console-port")
    address = address_of(listener)
    with serving(api.source, listener) as served:
        assert served == address
        with urllib.request.urlopen(f"{address}/api/source", timeout=PATIENCE) as answer:
            assert answer.status == 200
    for thread in threading.enumerate():
        if thread.name == "console":  # a busy machine takes its time
            thread.join(PATIENCE)
            assert not thread.is_alive()
    assert threading.active_count() <= before + 1  # a worker thread of the last request may still be idle
    bind(int(address.rpartition(":")[2])).close()


def test_the_command_serves_until_ctrl_c(api: Api) -> None:
    """`waterfall console` prints its address, answers there, and ends with 0 on Ctrl-C."""
    command = [sys.executable, "-m", "waterfall", "console", "--port", "0", "--endpoint", api.endpoint]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        address = process.stdout.readline().split()[1]
        with urllib.request.urlopen(f"{address}/traces", timeout=PATIENCE) as answer:
            assert b"main.js" in answer.read()
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=PATIENCE)
    assert (process.returncode, errors) == (0, "")


def test_the_command_says_that_its_port_is_taken(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line, status 1."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))  # where no stack is noted
    with bind(0) as taken:
        assert main(["console", "--port", str(taken.getsockname()[1])]) == 1
    error = capsys.readouterr().err
    assert error.startswith("waterfall: cannot listen on 127.0.0.1:")
    assert "--port (0 for any free one)" in error
