"""The engine's process, as the server starts it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from embedded_aws.engine.packages import environment_of
from embedded_aws.engine.process import DeploymentError, EngineProcess
from embedded_aws.engine.project import load_project
from tests.embedded_aws.engine import harness

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

NAMED = {"name": "shop", "runtime": {"name": "python", "options": {"virtualenv": "venv"}}}


def deployed(program: Path, on_output: Callable[[str], None] = lambda _line: None) -> Mapping[str, Any]:
    """Deploy a program that needs no AWS, as the server does; return its outputs."""

    async def deploy() -> Mapping[str, Any]:
        environment = environment_of(load_project(program))
        engine = await EngineProcess.start(program, "dev", "http://127.0.0.1:9", {}, environment=environment)
        try:
            return (await engine.result(on_output)).outputs
        finally:
            await engine.stop()

    return asyncio.run(deploy())


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
    assert not str(deployed(program)["queue"]).startswith(str(tmp_path))


WAITS = """
import pathlib, time
print("shall", "I?")
for _ in range(2000):
    if pathlib.Path("answer").exists(): break
    time.sleep(0.01)
else: raise TimeoutError("nobody saw what was printed")
"""


def test_what_a_program_prints_is_passed_on_at_once(tmp_path: Path) -> None:
    """Not when it prints more, or at its end: it may say what it waits for."""
    program = harness.write_project(tmp_path, WAITS)
    seen: list[str] = []

    def answer(line: str) -> None:
        seen.append(line)
        (tmp_path / "answer").touch()

    deployed(program, answer)
    assert seen == ["shall I?"]


def test_the_reason_of_a_failure_is_no_line_of_the_program(tmp_path: Path) -> None:
    """It is told apart from what the program wrote, the last line of which may come just before."""
    program = harness.write_project(tmp_path, "import sys\nprint('one')\nsys.exit('two')")
    seen: list[str] = []
    with pytest.raises(DeploymentError, match=r"^the program exited with 'two'$"):
        deployed(program, seen.append)
    assert seen == ["one"]


def test_a_signal_that_ends_the_engine_is_named(tmp_path: Path) -> None:
    """As of a system that has no memory left: what the program wrote last is not the reason."""
    program = harness.write_project(tmp_path, "import os\nprint('one', flush=True)\nos.kill(os.getpid(), 9)")
    named = r"^SIGKILL ended the process that runs the program; before, it wrote: one$"
    with pytest.raises(DeploymentError, match=named):
        deployed(program)


def test_a_program_that_ends_the_engine_in_silence_is_told(tmp_path: Path) -> None:
    """With exit code 0, too: nothing was deployed."""
    program = harness.write_project(tmp_path, "import os\nos._exit(0)")
    with pytest.raises(DeploymentError, match=r"^the program ended the process .* before it was deployed"):
        deployed(program)


@pytest.fixture(scope="module")
def guest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A program in an environment of its own, with Pulumi, and a pulumi_aws that is none of ours."""
    program = tmp_path_factory.mktemp("guest")
    venv = harness.virtualenv(program / "venv")
    harness.borrowed(venv, "pulumi", "grpc", "google", "yaml", "semver", "dill", "opentelemetry")
    harness.installed(venv, "pulumi_aws", "5.43.0", "major = 5")
    harness.installed(venv, "botocore", "1.20.0", "raise ImportError('this does not know the APIs')")
    return program


def test_the_programs_own_environment_runs_it(guest: Path) -> None:
    """Its Python and its packages, although ours has other versions; the engine's own are ours."""
    told = "import sys, pulumi, pulumi_aws\npulumi.export('found', [sys.prefix, pulumi_aws.major])"
    harness.write_project(guest, told, pulumi=NAMED)
    assert deployed(guest)["found"] == [str(guest / "venv"), 5]


def test_nothing_of_ours_is_lent_to_the_program(guest: Path) -> None:
    """A package that its environment lacks is missing, as under `pulumi up`, though we have it."""
    harness.write_project(guest, "import moto", pulumi=NAMED)
    with pytest.raises(DeploymentError, match=f"'moto'.*{guest}/venv does not hold it: `"):
        deployed(guest)
