"""README's commands, typed one by one into a shell beside the running stack."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.e2e.conftest import DEMOS, Demo
from tests.e2e.stack import REPOSITORY, Stack
from tests.test_readme import README, commands_in

START = "make up"
"""What the stack of this module stands for: it takes free ports, where the command takes the usual ones."""
RECURSIVE = "make test"


@pytest.fixture
def stack(demo: Demo) -> Stack:
    """The demo, as the only stack of a user."""
    return demo("otel-xray")


def shell(stack: Stack, commands: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Type into a shell of that user, in the folder of the repository."""
    assert stack.state
    environment = {"PATH": os.environ["PATH"], "XDG_STATE_HOME": str(stack.state), **variables}
    return subprocess.run(
        ["bash", "-e", "-c", commands],
        cwd=REPOSITORY,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


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
    done = shell(stack, lines, PATH=path, HOME=str(tmp_path))
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


def test_the_command_to_go_on_with_works_as_printed(stack: Stack) -> None:
    """From the folder in which the stack was started."""
    (line,) = [line for line in stack.output if line.startswith("  then  ")]
    command = line.removeprefix("  then  ").partition("    ")[0]
    assert command.endswith("waterfall show")
    done = shell(stack, command)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Trace 1-")


@pytest.mark.parametrize("command", [line for line in commands_in(README) if "ARGS=" in line])
def test_the_command_that_switches_deploys_and_is_answered(command: str, demo: Demo) -> None:
    """What make would run is what a stack of the demo was started with; it showed its first request."""
    dry_run = ["bash", "-c", command.replace("make", "make --dry-run")]
    told = subprocess.run(dry_run, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    (line,) = [line for line in told.stdout.splitlines() if line.startswith(".venv/bin/waterfall up ")]
    names = {settings: name for name, settings in DEMOS.items()}
    stack = demo(names[tuple(shlex.split(line)[2:])])
    assert '→ 200 "Successfully invoked Lambda 2!"' in "".join(stack.output)
