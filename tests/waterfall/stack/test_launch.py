"""What `up --debug --write-launch` writes for the editor."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from waterfall.stack.launch import LaunchError, write_launch

OWN = {"name": "my tests", "type": "debugpy", "request": "launch", "module": "pytest"}


def written(directory: Path, ports: dict[str, int]) -> Any:
    return json.loads(write_launch(directory, ports).read_text(encoding="utf-8"))


def test_each_function_can_be_attached_to_alone_and_all_at_once(tmp_path: Path) -> None:
    content = written(tmp_path, {"front": 20001, "worker": 20002})
    assert [(one["name"], one["connect"]["port"]) for one in content["configurations"]] == [
        ("waterfall: front", 20001),
        ("waterfall: worker", 20002),
    ]
    assert content["compounds"] == [
        {
            "name": "waterfall: all functions",
            "configurations": ["waterfall: front", "waterfall: worker"],
            "stopAll": True,
        }
    ]


def test_what_else_is_in_the_file_stays_and_what_an_earlier_run_wrote_goes(tmp_path: Path) -> None:
    file = tmp_path / ".vscode" / "launch.json"
    file.parent.mkdir()
    mine = {"version": "0.2.0", "configurations": [OWN], "compounds": [{"name": "mine"}], "inputs": []}
    file.write_text(json.dumps(mine), encoding="utf-8")
    written(tmp_path, {"old": 20001})
    content = written(tmp_path, {"front": 20002})
    assert [one["name"] for one in content["configurations"]] == ["my tests", "waterfall: front"]
    assert [one["name"] for one in content["compounds"]] == ["mine", "waterfall: all functions"]
    assert content["inputs"] == []


@pytest.mark.parametrize(
    "text",
    ['{\n  // mine\n  "configurations": []\n}', "[]", '{"configurations": {}}'],
    ids=["comments", "array", "object"],
)
def test_a_file_that_cannot_be_added_to_stays_as_it_is(tmp_path: Path, text: str) -> None:
    """The user gets what belongs into it."""
    file = tmp_path / ".vscode" / "launch.json"
    file.parent.mkdir()
    file.write_text(text, encoding="utf-8")
    with pytest.raises(LaunchError, match="waterfall: front"):
        write_launch(tmp_path, {"front": 20001})
    assert file.read_text(encoding="utf-8") == text
