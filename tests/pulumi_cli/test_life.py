"""The program under Pulumi's real CLI, from `stack init` to `destroy`, on a cloud that accepts everything."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.pulumi_cli.cli import ONE_ROUTE, TWO_ROUTES, Workspace, copy_program, keep_layers, operations

Done = list[dict[str, Any]]


@dataclass
class Life:
    """What each step of one stack's life did: the provider's calls, in their order."""

    preview: dict[str, str] = field(default_factory=dict)
    previewed: Done = field(default_factory=list)
    first: Done = field(default_factory=list)
    second: Done = field(default_factory=list)
    flip: Done = field(default_factory=list)
    removed: Done = field(default_factory=list)
    destroy: Done = field(default_factory=list)
    left: list[dict[str, Any]] = field(default_factory=list)


@pytest.fixture(scope="module")
def life(open_workspace: Callable[[Path], Workspace], tmp_path_factory: pytest.TempPathFactory) -> Life:
    """Let one stack live, once for all tests of this file."""
    workspace = open_workspace(tmp_path_factory.mktemp("life"))
    copy_program(workspace.directory)
    keep_layers(workspace.directory)
    main = workspace.directory / "__main__.py"
    program = main.read_text(encoding="utf-8")
    life = Life()
    workspace.pulumi("stack", "init", "dev")
    main.write_text(program.replace(ONE_ROUTE, TWO_ROUTES), encoding="utf-8")
    life.preview = workspace.preview()
    life.previewed = workspace.done()
    life.first = workspace.up()
    life.second = workspace.up("--expect-no-changes")
    workspace.configure("dev", tracing="native")
    life.flip = workspace.up()
    main.write_text(program, encoding="utf-8")
    life.removed = workspace.up()
    life.destroy = workspace.destroy()
    life.left = workspace.state()
    return life


def kinds(done: Done, did: str) -> set[str]:
    return {line["type"].rpartition(":")[2] for line in done if line["did"] == did}


def places(done: Done, did: str) -> set[tuple[str, str, str]]:
    return {(line["type"], line["name"], line["id"]) for line in done if line["did"] == did}


def test_a_preview_shows_all_and_does_nothing(life: Life) -> None:
    assert {op for name, op in life.preview.items() if "Account::" not in name} == {"create"}
    assert life.previewed == []


def test_the_first_up_creates_what_the_preview_showed(life: Life) -> None:
    announced = {name for name in life.preview if "aws:" in name and "Account::" not in name}
    created = {f"{line['type']}::{line['name']}" for line in life.first}
    assert operations(life.first) == {"create": len(announced)}
    assert created == {re.sub(r"^.*\$", "", name) for name in announced}


def test_a_second_up_finds_nothing_to_do(life: Life) -> None:
    """The CLI itself fails on a change here."""
    assert life.second == []


def test_a_flip_of_the_mode_replaces_nothing(life: Life) -> None:
    """Functions change in place; the layer with the X-Ray SDK comes, as AWS's own one was used before."""
    assert places(life.flip, "delete") == set()
    assert kinds(life.flip, "create") == {"LayerVersion"}
    assert kinds(life.flip, "update") == {"Function"}


def test_a_removed_route_is_in_no_deployment_that_a_stage_serves(life: Life) -> None:
    """The engine makes the new deployment, a snapshot, when the API has lost the route; the old goes last."""
    steps = [(line["did"], line["type"].rpartition(":")[2]) for line in life.removed]
    order = [("update", "RestApi"), ("create", "Deployment"), ("update", "Stage"), ("delete", "Deployment")]
    assert [step for step in steps if step in order] == order
    by_step = dict(zip(steps, life.removed, strict=True))
    assert "/bye" not in by_step["update", "RestApi"]["properties"]["body"]
    assert by_step["update", "Stage"]["properties"]["deployment"] == by_step["create", "Deployment"]["id"]


def test_destroy_leaves_nothing(life: Life) -> None:
    """Each resource that was created is deleted, once, and the stack's state is empty."""
    steps = (life.first, life.flip, life.removed, life.destroy)
    created = [line["id"] for done in steps for line in done if line["did"] == "create"]
    deleted = [line["id"] for done in steps for line in done if line["did"] == "delete"]
    assert sorted(created) == sorted(deleted)
    assert life.left == []
