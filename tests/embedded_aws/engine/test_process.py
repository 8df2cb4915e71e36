"""The engine's process, as the server starts it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from embedded_aws.engine.process import EngineProcess


def test_modules_of_the_shells_directory_are_not_the_engines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A `queue.py` where the command is typed is imported neither by the engine nor by the program."""
    shell, program = tmp_path / "shell", tmp_path / "program"
    for folder in (shell, program):
        folder.mkdir()
    (shell / "queue.py").write_text("raise SystemExit('imported from the shell')")
    (program / "Pulumi.yaml").write_text("name: other\nruntime: python\n")
    (program / "__main__.py").write_text("import queue, pulumi\npulumi.export('queue', queue.__file__)\n")
    monkeypatch.chdir(shell)

    async def deploy() -> str:
        engine = await EngineProcess.start(program, "dev", "http://127.0.0.1:9", {})
        try:
            deployed = await engine.result(lambda _line: None)
        finally:
            await engine.stop()
        return str(deployed.outputs["queue"])

    assert not asyncio.run(deploy()).startswith(str(tmp_path))
