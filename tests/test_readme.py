"""The README says what the program does: settings, options and links are checked against the code."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import pytest

from components.settings import SETTINGS, Setting
from tests.components.conftest import Deploy, run_program
from waterfall.cli import main

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
NEEDS_AN_ACCOUNT = re.compile(r"pulumi |.* --aws\b")


@pytest.fixture
def deploy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Deploy:
    """Runs a program given as a function, in a folder that has nothing of this repository."""
    monkeypatch.chdir(tmp_path)
    return run_program


def test_the_components_example_runs(deploy: Deploy) -> None:
    """From a folder of its own: a code directory with a helper, an alarm on a part of a component."""
    (program,) = re.findall(r"```python\n(from [^`]+?TracedApi\(.+?)```", README, re.DOTALL)
    assert "traced_api" in program  # what the wheel calls the folder that is `components` here
    Path("orders").mkdir()
    Path("orders/app.py").write_text("import prices\ndef handler(event, context): ...\n")
    Path("orders/prices.py").write_text("")
    code = compile(program.replace("traced_api", "components"), "__main__.py", "exec")
    deployed = deploy(lambda: exec(code, {}), project="shop")  # noqa: S102 - our own page
    function = deployed.one("aws:lambda/function:Function").inputs
    assert zipfile.ZipFile(function["code"].path).namelist() == ["app.py", "prices.py"]
    assert function["tags"] == {"team": "shop"}
    assert deployed.one("aws:cloudwatch/metricAlarm:MetricAlarm").inputs["dimensions"] == {
        "FunctionName": function["name"]
    }
    assert deployed.exports["url"] == "https://api.example/dev"


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


def test_only_deploying_needs_an_account() -> None:
    """Whoever has none can type every command of the other chapters."""
    chapters = dict(re.findall(r"(?ms)^## (.*?)\n(.*?)(?=^## |\Z)", README))
    needing = {
        title: [line for line in commands_in(text) if NEEDS_AN_ACCOUNT.match(line)]
        for title, text in chapters.items()
    }
    assert needing.pop("Deploy") == commands_in(chapters["Deploy"])
    assert needing == {title: [] for title in needing}


def commands_in(text: str) -> list[str]:
    """Return what is typed in the consoles of a page, without the remarks behind it."""
    consoles = re.findall(r"(?ms)^```console\n(.*?)^```", text)
    lines = [line[2:] for console in consoles for line in console.splitlines() if line.startswith("$ ")]
    return [re.sub(r" +# .*", "", line) for line in lines]
