"""Where Pulumi keeps its state for an embedded AWS, and what it is told of the shell."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.account import KEY, PROFILE, user_account
from waterfall.pulumi.workspace import Kept, Workspace, stale

if TYPE_CHECKING:
    from pathlib import Path

HERE = "http://127.0.0.1:4566"


def test_nothing_of_an_account_reaches_pulumi(tmp_path: Path) -> None:
    """Neither AWS's variables nor those that name a backend, a token or a passphrase."""
    real = {"PULUMI_BACKEND_URL": "s3://live", "PULUMI_ACCESS_TOKEN": "pul-live", "PULUMI_STACK": "live",
            "PULUMI_CONFIG_PASSPHRASE_FILE": "/live"}  # fmt: skip
    shell = {**user_account(tmp_path / "home"), **real, "PATH": "/bin"}
    found = Workspace(tmp_path / "pulumi", "shop", "dev").environment(shell, HERE, "us-east-1")
    assert {name: value for name, value in found.items() if name.startswith("PULUMI_")} == {
        "PULUMI_HOME": str(tmp_path / "pulumi" / "home"),
        "PULUMI_BACKEND_URL": f"file://{tmp_path}/pulumi/state",
        "PULUMI_CONFIG_PASSPHRASE": "waterfall",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
    }
    aws = " ".join(value for name, value in found.items() if name.startswith(("AWS_", "BOTO")))
    assert not {KEY, PROFILE, "real"} & {*aws.split()}
    assert (found["AWS_ENDPOINT_URL"], found["PATH"]) == (HERE, "/bin")


def test_plugins_are_the_users(tmp_path: Path) -> None:
    """They are large; they are linked, and nothing else of the user's folder is."""
    home = tmp_path / "real"
    (home / "plugins").mkdir(parents=True)
    (home / "credentials.json").write_text("{}")
    space = Workspace(tmp_path / "pulumi", "shop", "dev")
    space.prepare({"PULUMI_HOME": str(home)})
    space.prepare({"PULUMI_HOME": str(home)})
    assert [path.name for path in (tmp_path / "pulumi" / "home").iterdir()] == ["plugins"]
    assert (tmp_path / "pulumi" / "home" / "plugins").resolve() == home / "plugins"


def test_what_a_state_lists_is_stale(tmp_path: Path) -> None:
    """Of stacks with resources of a provider; the stack itself and providers are none."""
    write_checkpoint(tmp_path, "aws:sqs/queue:Queue", "pulumi:providers:aws")
    write_checkpoint(tmp_path, "pulumi:pulumi:Stack", stack="empty")
    [found] = stale(tmp_path)
    assert (found.workspace.project, found.workspace.stack, found.resources) == ("shop", "dev", 1)


def test_without_a_state_nothing_is_stale(tmp_path: Path) -> None:
    """A folder without Pulumi's, and files that are no state, are passed over."""
    assert stale(tmp_path) == []
    write_checkpoint(tmp_path).write_text("{")
    assert stale(tmp_path) == []


def write_checkpoint(data: Path, *types: str, stack: str = "dev") -> Path:
    space = Workspace(data / "pulumi", "shop", stack)
    space.checkpoint.parent.mkdir(parents=True, exist_ok=True)
    listed = [{"type": type_, "custom": type_ != "pulumi:pulumi:Stack"} for type_ in types]
    space.checkpoint.write_text(json.dumps({"version": 3, "checkpoint": {"latest": {"resources": listed}}}))
    return space.checkpoint


def test_the_state_of_an_embedded_aws_that_ended_is_let_go(tmp_path: Path) -> None:
    """Nothing that it lists is there; what was given for here stays."""
    space = Workspace(tmp_path / "pulumi", "shop", "dev")
    space.prepare({"PULUMI_HOME": str(tmp_path)})
    space.keep(Kept("/shop", {"size": "3"}, started=1.0))
    checkpoint = write_checkpoint(tmp_path, "aws:sqs/queue:Queue")
    space.keep(Kept("/shop", {"size": "3"}, started=1.0))
    assert checkpoint.exists()
    space.keep(Kept("/shop", space.kept().given, started=2.0))
    assert not checkpoint.exists()
    assert space.kept() == Kept("/shop", {"size": "3"}, started=2.0)
