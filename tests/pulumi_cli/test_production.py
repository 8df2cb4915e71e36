"""A production stack under Pulumi's real CLI: what its preview says, and what refuses to be destroyed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.pulumi_cli.cli import CliError, Workspace, copy_program, keep_layers

KEPT = {"api", "items", "objects", "work", "work-dead-letters"}


@dataclass(frozen=True)
class Production:
    """What was told of a stack's life, and what was left: after the first `destroy`, and after the last."""

    preview: str
    refusal: str
    kept: set[str]
    left: set[str]


@pytest.fixture(scope="module")
def production(
    open_workspace: Callable[[Path], Workspace], tmp_path_factory: pytest.TempPathFactory
) -> Production:
    """Let a production stack live, once for all tests of this file."""
    workspace = open_workspace(tmp_path_factory.mktemp("production"))
    copy_program(workspace.directory)
    keep_layers(workspace.directory)

    def resources() -> set[str]:
        return {one["urn"].rpartition("::")[2] for one in workspace.state() if one["type"].startswith("aws:")}

    workspace.pulumi("stack", "init", "prod")
    preview = workspace.pulumi("preview")
    workspace.up()
    with pytest.raises(CliError) as refused:
        workspace.destroy()
    kept = resources()
    workspace.configure("prod", production="false")
    workspace.up()
    workspace.destroy()
    return Production(preview, str(refused.value), kept, resources())


def test_the_preview_names_what_anybody_can_call(production: Production) -> None:
    """And that nobody hears of an alarm."""
    assert "GET /hello of api has authorization NONE: anybody can call it" in production.preview
    assert "no alarm notifies anybody" in production.preview


def test_what_keeps_data_or_an_address_is_not_destroyed(production: Production) -> None:
    """Pulumi says which resource is protected."""
    assert "protected" in production.refusal
    assert production.kept >= KEPT


def test_a_stack_that_is_no_longer_production_goes_away_whole(production: Production) -> None:
    """As docs/production.md says: take the setting out, deploy, destroy."""
    assert production.left == set()
