"""The commands of docs/deploying.md that need Pulumi's CLI and no account, in their order."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path

from tests.pulumi_cli.cli import Workspace, copy_program
from tests.test_deploying import PAGE, commands


def test_the_commands_for_the_cli_work(open_workspace: Callable[[Path], Workspace], tmp_path: Path) -> None:
    """A version is told, a stack is made, its region is set and shown with the stack's own settings."""
    workspace = open_workspace(tmp_path)
    copy_program(workspace.directory)
    typed = [shlex.split(command)[1:] for command, mark in commands(PAGE) if mark == "CLI"]
    told = [workspace.pulumi(*arguments) for arguments in typed]
    assert [arguments[0] for arguments in typed] == ["version", "stack", "config", "config"]
    assert told[0].startswith("v3.")
    assert "us-east-1" in told[-1]
    assert "logRetention" in told[-1]
