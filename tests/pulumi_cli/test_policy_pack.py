"""The policy pack under Pulumi's real CLI, which starts it in its own environment."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.pulumi_cli.cli import REPOSITORY, CliError, Workspace, copy_program, keep_layers

PACK = ("--policy-pack", str(REPOSITORY / "policy"))
WORSE = """
import pulumi_aws

pulumi_aws.sqs.Queue("loose")
pulumi_aws.cloudwatch.LogGroup("for-ever")
pulumi_aws.fis.ExperimentTemplate(
    "disaster",
    description="stops everything",
    role_arn="arn:aws:iam::123456789012:role/any",
    stop_conditions=[{"source": "none"}],
    actions=[{"name": "wait", "action_id": "aws:fis:wait"}],
)
"""


def test_a_production_stack_is_let_through_and_a_worse_one_is_not(
    open_workspace: Callable[[Path], Workspace], tmp_path: Path
) -> None:
    """The rules of a resource, of the stack and of production are asked, before anything is made."""
    # Without it the CLI waits for ever for the pack.
    assert (REPOSITORY / "policy" / ".venv" / ".made").exists(), "run `make policy/.venv/.made` first"
    workspace = open_workspace(tmp_path)
    copy_program(workspace.directory)
    keep_layers(workspace.directory)
    workspace.pulumi("stack", "init", "prod")
    assert "traced-api" in workspace.pulumi("preview", *PACK)
    with (workspace.directory / "__main__.py").open("a", encoding="utf-8") as program:
        program.write(WORSE)
    with pytest.raises(CliError) as refused:
        workspace.pulumi("preview", *PACK)
    told = str(refused.value)
    for rule in ("log-groups-have-retention", "queues-have-dead-letters", "no-faults-in-production"):
        assert f"[mandatory]  {rule}" in told
    assert told.count("[mandatory]") == 3
