"""The commands of README and docs/deploying.md that need no account, typed into a shell."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.stack import REPOSITORY, Stack, running
from tests.e2e.test_up import QUICK, up
from tests.test_deploying import PAGE as DEPLOYING
from tests.test_deploying import commands
from tests.test_readme import README, commands_in

START = "make up"
"""What the stack of this module stands for: it takes free ports, where the command takes the usual ones."""
RECURSIVE = "make test"
UNMARKED = [command for command, mark in commands(DEPLOYING) if not mark]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The demo, as the only stack of a user."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        with running(tmp_path_factory.mktemp("data"), "--config", "workSeconds=0") as stack:
            yield stack


def typed_beside(stack: Stack) -> list[str]:
    """Return the commands of `Run it`, on the ports of this stack, and without those that run it or us."""
    (chapter,) = re.findall(r"(?ms)^## Run it\n(.*?)^## ", README)
    commands = [line for line in commands_in(chapter) if line not in {START, RECURSIVE}]
    return [line.replace("http://127.0.0.1:4566", stack.status["endpoint"]) for line in commands]


def test_the_commands_beside_a_running_stack_work(stack: Stack, tmp_path: Path) -> None:
    """In one shell, in their order, in the folder of the repository and with the AWS CLI on the PATH.

    Only `reply.json` is written elsewhere, which would be left in the folder.
    """
    commands = typed_beside(stack)
    assert len(commands) > 4
    lines = "\n".join(commands).replace("reply.json", str(tmp_path / "reply.json"))
    tools = os.pathsep.join([str(REPOSITORY / ".venv" / "bin"), os.environ["PATH"]])
    path = tools if shutil.which("aws") is None else os.environ["PATH"]
    kept = {name: os.environ[name] for name in ("XDG_STATE_HOME",)}
    done = subprocess.run(
        ["bash", "-e", "-c", lines],
        cwd=REPOSITORY,
        env={**kept, "PATH": path, "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert '"Successfully invoked Lambda 2!"' in done.stdout
    assert "/hello" in done.stdout
    assert '"statusCode": 200' in (tmp_path / "reply.json").read_text()


def test_the_exports_of_the_readme_are_those_that_are_printed(stack: Stack) -> None:
    """Each on a line of its own, to be copied."""
    exports = [line for line in typed_beside(stack) if line.startswith("export ")]
    printed = [line.strip() for line in stack.output]
    assert len(exports) == 3
    assert [line for line in exports if line not in printed] == []


def test_the_address_of_the_readme_is_the_one_that_is_printed(stack: Stack) -> None:
    """An API's id follows from the program, so that it is the same everywhere."""
    (line,) = [line for line in typed_beside(stack) if line.startswith("curl ")]
    assert f"   try  {line}\n" in stack.output


def test_the_command_to_go_on_with_works_as_printed(stack: Stack, tmp_path: Path) -> None:
    """From the folder in which the stack was started."""
    (line,) = [line for line in stack.output if line.startswith("  then  ")]
    command = line.removeprefix("  then  ").partition("    ")[0]
    assert command.endswith("waterfall show")
    environment = {"PATH": os.environ["PATH"], "XDG_STATE_HOME": os.environ["XDG_STATE_HOME"]}
    done = subprocess.run(
        ["bash", "-c", command], cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("Trace 1-")


@pytest.mark.parametrize("command", [line for line in commands_in(README) if "ARGS=" in line])
def test_the_command_that_switches_deploys_and_is_answered(command: str, tmp_path: Path) -> None:
    """What make would run, on free ports, for one request whose work takes no time."""
    dry_run = ["bash", "-c", command.replace("make", "make --dry-run")]
    told = subprocess.run(dry_run, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    (line,) = [line for line in told.stdout.splitlines() if line.startswith(".venv/bin/waterfall up ")]
    done = up(*shlex.split(line)[2:], "--once", "--data", str(tmp_path), *QUICK)
    assert done.returncode == 0, done.stderr
    assert '→ 200 "Successfully invoked Lambda 2!"' in done.stdout


@pytest.mark.parametrize("command", UNMARKED)
def test_a_command_that_prepares_a_deployment_works(command: str) -> None:
    """With what is there already, as all tests need it."""
    arguments = shlex.split(command)
    done = subprocess.run(arguments, cwd=REPOSITORY, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
