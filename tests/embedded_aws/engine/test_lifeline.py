"""The engine ends with the server that started it."""

from __future__ import annotations

import signal
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

ENDLESS = """
import sys, threading
print("running", file=sys.stderr, flush=True)
threading.Event().wait()
"""


def test_the_end_of_standard_input_ends_a_program_that_does_not(tmp_path: Path) -> None:
    """An endless program is killed as soon as nobody holds the engine's standard input any more."""
    (tmp_path / "Pulumi.yaml").write_text("name: endless\nruntime: python\n")
    (tmp_path / "Pulumi.dev.yaml").write_text("config: {}\n")
    (tmp_path / "__main__.py").write_text(ENDLESS)
    command = [sys.executable, "-m", "embedded_aws.engine", "--until-stdin-ends"]
    command += ["--directory", str(tmp_path), "--endpoint", "http://127.0.0.1:9"]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as engine:
        assert engine.stdin
        assert engine.stderr
        assert engine.stderr.readline() == "running\n"
        engine.stdin.close()
        assert engine.wait(timeout=30) == -signal.SIGKILL
