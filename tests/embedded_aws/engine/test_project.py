from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from embedded_aws.engine.errors import EngineError
from embedded_aws.engine.project import choose_stack, load_project
from tests.embedded_aws.engine.harness import write_project

if TYPE_CHECKING:
    from pathlib import Path


CONFIG = {"name": "shop", "runtime": "python"}


@pytest.mark.parametrize(("pulumi", "message"), [
    ({"runtime": "python"}, "`name` is missing"),
    ({"name": "shop", "runtime": "nodejs"}, "runtime is 'nodejs', but only Pulumi programs in python"),
    ({"name": "shop", "runtime": {"name": "go"}}, "runtime is 'go'"),
    ({"name": "shop", "runtime": "python", "main": "app"}, r"the program .*app does not exist"),
    (CONFIG | {"config": ["a"]}, "`config` must be a mapping of keys, found list"),
    (CONFIG | {"config": {"a": {"typ": "string"}}}, "config 'a': unknown typ"),
    (CONFIG | {"config": {"a": {"type": "text"}}}, "type is 'text'; allowed: string"),
    (CONFIG | {"config": {"a": {"type": "array"}}}, "an array needs `items:"),
    (CONFIG | {"config": {"a": {"default": 1, "value": 1}}}, "not both"),
    (CONFIG | {"config": {"aws:region": {"type": "string"}}}, "takes `value` only"),
    ("name: [", "is not valid YAML"),
    ("name: " + "[" * 100_000, "is not valid YAML: it has more than 100 levels"),
    ("- a", "expected a mapping of keys, found list"),
])  # fmt: skip
def test_bad_project_file_is_explained(tmp_path: Path, pulumi: Any, message: str) -> None:
    """What Pulumi would refuse in Pulumi.yaml is refused with the file, the field and what is allowed."""
    write_project(tmp_path, "", pulumi=pulumi)
    with pytest.raises(EngineError, match=message) as raised:
        load_project(tmp_path)
    assert "Pulumi.yaml" in str(raised.value)


def test_directory_without_a_project_is_an_error(tmp_path: Path) -> None:
    """A directory without Pulumi.yaml is named, with the option that chooses another."""
    with pytest.raises(EngineError, match=r"no Pulumi\.yaml in .*--directory"):
        load_project(tmp_path)


def test_main_may_be_a_directory(tmp_path: Path) -> None:
    """`main: src` runs src/__main__.py inside src, as Pulumi does."""
    write_project(tmp_path, "", pulumi={"name": "shop", "runtime": "python", "main": "src"})
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "__main__.py").touch()
    assert load_project(tmp_path).working_directory == tmp_path / "src"


def test_main_may_be_a_file(tmp_path: Path) -> None:
    """`main: src/app.py` runs that file inside src."""
    write_project(tmp_path, "", pulumi={"name": "shop", "runtime": "python", "main": "src/app.py"})
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "app.py").touch()
    project = load_project(tmp_path)
    assert (project.main, project.working_directory) == (tmp_path / "src" / "app.py", tmp_path / "src")


@pytest.mark.parametrize(("stacks", "wanted", "chosen"), [
    ([], None, "dev"),
    ([], "mine", "mine"),
    (["live"], None, "live"),
    (["dev", "prod"], None, "dev"),
    (["dev", "prod"], "prod", "prod"),
])  # fmt: skip
def test_stack_is_the_one_asked_for_or_the_only_one_or_dev(
    tmp_path: Path, stacks: list[str], wanted: str | None, chosen: str
) -> None:
    """Without --stack the only stack runs, else dev; a project without stack files takes any name."""
    write_project(tmp_path, "", **dict.fromkeys(stacks, ""))
    assert choose_stack(load_project(tmp_path), wanted) == chosen


@pytest.mark.parametrize(("stacks", "wanted", "message"), [
    (["dev", "prod"], "prd", "no stack named 'prd' in .*; stacks: dev, prod"),
    (["blue", "green"], None, "has several stacks; choose one with --stack: blue, green"),
])  # fmt: skip
def test_stack_that_cannot_be_chosen_is_explained(
    tmp_path: Path, stacks: list[str], wanted: str | None, message: str
) -> None:
    """An unknown or ambiguous stack is an error that lists those that exist."""
    write_project(tmp_path, "", **dict.fromkeys(stacks, ""))
    with pytest.raises(EngineError, match=message):
        choose_stack(load_project(tmp_path), wanted)


def test_stack_files_may_live_elsewhere(tmp_path: Path) -> None:
    """`stackConfigDir` names their directory."""
    write_project(tmp_path, "", pulumi={"name": "shop", "runtime": "python", "stackConfigDir": "stacks"})
    (tmp_path / "stacks").mkdir()
    (tmp_path / "stacks" / "Pulumi.live.yaml").touch()
    assert list(load_project(tmp_path).stacks) == ["live"]
