"""What the CLI makes of this repository's files: a project of `pulumi new`, stacks of `pulumi stack init`."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.pulumi_cli.cli import REPOSITORY, CliError, Workspace, link_packages

Opened = Callable[[Path], Workspace]


@pytest.fixture
def template(tmp_path: Path) -> Path:
    """The files of this repository that are its own, as a clone has them."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=REPOSITORY, capture_output=True, text=True, check=True
    ).stdout
    directory = tmp_path / "template"
    for name in listed.split("\0"):
        if name and not name.startswith(("tests/", "docs/", "benchmarks/")):
            (directory / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(REPOSITORY / name, directory / name)
    return directory


@pytest.fixture
def shop(open_workspace: Opened, tmp_path: Path, template: Path) -> Workspace:
    """A project that `pulumi new` made under a name of its own, without what it installs from PyPI."""
    (tmp_path / "shop").mkdir()
    workspace = open_workspace(tmp_path / "shop")
    workspace.pulumi("new", str(template), "--name", "shop", "--generate-only", "--yes", "--force")
    return workspace


def settings(text: str) -> dict[str, Any]:
    config: dict[str, Any] = yaml.safe_load(text)["config"]
    return config


@pytest.mark.parametrize("stack", ["dev", "gameday", "prod", "staging"])
def test_stack_init_adds_the_salt_and_changes_no_setting(shop: Workspace, stack: str) -> None:
    """The CLI sorts them and writes the project's name before each, whichever that is; the comment stays."""
    before = shop.stack_files()
    shop.pulumi("stack", "init", stack)
    after = shop.stack_files()
    file = f"Pulumi.{stack}.yaml"
    old, new = before.pop(file), after.pop(file)
    assert after == before
    assert re.findall(r"^encryptionsalt: \S+$", new, re.MULTILINE)
    assert {f"shop:{key}": value for key, value in settings(old).items()} == settings(new)
    assert new.splitlines()[0] == old.splitlines()[0]


def test_a_project_of_pulumi_new_is_renamed_and_described(shop: Workspace) -> None:
    project = yaml.safe_load((shop.directory / "Pulumi.yaml").read_text(encoding="utf-8"))
    assert project["name"] == "shop"
    assert "template" not in project


def test_a_renamed_project_keeps_the_mark_of_production(shop: Workspace) -> None:
    """A fault is refused there, as nothing was lost with the old name."""
    link_packages(shop.directory)
    shop.pulumi("stack", "init", "prod")
    slow = ("faults.slow.functions[0]=worker", "faults.slow.kind=delay", "faults.slow.delay=2")
    options = [part for setting in slow for part in ("--plaintext", setting)]
    shop.pulumi("config", "set-all", "--path", *options)
    with pytest.raises(CliError, match="faults are set in a stack with production: true"):
        shop.preview()
