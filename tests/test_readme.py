"""The README says what the program does: settings, options and links are checked against the code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from components.settings import SETTINGS, Setting
from waterfall.cli import main

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_every_setting_has_its_row(setting: Setting) -> None:
    """The settings table holds each setting with its default, what is allowed and what it does."""
    default = f"`{setting.default}`" if setting.default else ""
    assert f"| `{setting.name}` | {default} | {setting.kind.allowed} | {setting.help} |" in README


def test_every_relative_link_leads_somewhere() -> None:
    """Files that the README links to exist."""
    links = re.findall(r"\]\((?!https?:)([^)#]+)", README)
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_every_option_of_up_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    """Each long option in the help of `waterfall up` is in the README."""
    with pytest.raises(SystemExit):
        main(["up", "--help"])
    options = set(re.findall(r"--[a-z][a-z-]+", capsys.readouterr().out)) - {"--help", "--directory"}
    assert options
    assert {option for option in options if option not in README} == set()
