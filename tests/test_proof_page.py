"""docs/proof.md says what there is: its files are read, its commands understood, its example run."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import yaml

from waterfall import cli
from waterfall.proof.cases import read_cases, read_expected
from waterfall.proof.recording import read_recording

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "proof.md").read_text(encoding="utf-8")
YAML = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
COMMANDS = re.findall(r"^\$ waterfall (.+?)(?: +#.*)?$", PAGE, re.MULTILINE)
WORKFLOW = yaml.safe_load(YAML[2])
STEPS = [step["run"] for step in WORKFLOW["jobs"]["traces"]["steps"] if "run" in step]


def test_the_files_of_the_page_are_read(tmp_path: Path) -> None:
    """Its requests and its expected differences."""
    (tmp_path / "requests.yaml").write_text(YAML[0])
    (tmp_path / "expected.yaml").write_text(YAML[1])
    assert [case.name for case in read_cases(tmp_path)] == ["hello", "order", "nightly"]
    assert [each.reason for each in read_expected(tmp_path)] == [
        "the handler's own subsegment",
        "the sku is an annotation now",
    ]


def test_the_recording_of_the_page_is_one() -> None:
    """It can be read."""
    (text,) = re.findall(r"```\n(# waterfall.*?)```", PAGE, re.DOTALL)
    (trace,) = read_recording(text)
    assert [child.label for child in trace.children[0].children] == ["Lambda Invoke"]


@pytest.mark.parametrize("command", COMMANDS)
def test_the_commands_of_the_page_are_understood(command: str) -> None:
    """With all their options."""
    assert cli.parse(shlex.split(command)).command in {"record", "check", "compare"}


def test_the_workflow_runs_commands_that_there_are() -> None:
    """Whatever the branch is called."""
    (checked,) = (step for step in STEPS if step.startswith("waterfall "))
    assert cli.parse(shlex.split(checked)[1:]).base == "origin/$GITHUB_BASE_REF"
