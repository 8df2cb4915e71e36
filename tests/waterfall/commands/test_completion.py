"""What the tab key brings, in the shells that are here."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from functools import partial
from typing import TYPE_CHECKING

import pytest

from embedded_aws.journal.records import ApiRequest
from tests.waterfall import samples
from tests.waterfall.conftest import json_reply
from waterfall.cli import main
from waterfall.commands.completion import SHELLS, candidates
from waterfall.stack.registry import Noted, noted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.waterfall.cloud import Cloud
    from tests.waterfall.conftest import Api

FUNCTIONS = {"Functions": [{"FunctionName": "front-79779d9"}, {"FunctionName": "worker-123342d"}]}
TRACES = [samples.TRACE_ID]


@pytest.fixture
def stack(api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    """A stack that runs, with one request that left a trace."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    body = json.dumps(FUNCTIONS).encode()
    api.replies["/2015-03-31/functions/"] = partial(json_reply, body)
    api.put(samples.request())
    api.log.answered(
        ApiRequest(
            "r1",
            samples.T0,
            samples.T0 + 1,
            "GET",
            "/dev/hello",
            200,
            "abc",
            "dev",
            trace_id=samples.TRACE_ID,
        )
    )
    with noted(Noted(api.endpoint, "us-east-1", "dev", "/home/ada/shop")):
        yield api


@pytest.fixture(scope="module")
def scripts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the script of each shell."""
    folder = tmp_path_factory.mktemp("completion")
    for shell in SHELLS:
        with pytest.MonkeyPatch.context() as patch, (folder / shell).open("w") as out:
            patch.setattr("sys.stdout", out)
            assert main(["completion", shell]) == 0
    return folder


def completed(scripts: Path, shell: str, line: str) -> list[str]:
    """Return what a shell offers for the last word of a line."""
    bash = (
        f'source {scripts}/bash; COMP_LINE={line!r}; read -ra COMP_WORDS <<<"$COMP_LINE"; '
        '[[ $COMP_LINE == *" " ]] && COMP_WORDS+=(""); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); '
        "_shtab_waterfall; printf '%s\\n' \"${COMPREPLY[@]}\""
    )
    fish = f"source {scripts}/fish; complete -C {line!r}"
    if shutil.which(shell) is None:
        pytest.skip(f"no {shell} here")
    command = [shell, "-c", bash if shell == "bash" else fish]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=os.environ)
    return [each.partition("\t")[0] for each in done.stdout.splitlines()]


@pytest.mark.parametrize("kind", ["traces", "functions", "stacks"])
def test_what_a_running_stack_has_is_listed(
    stack: Api, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    """One a line, for scripts; boto3 is not imported for it."""
    expected = {
        "traces": TRACES,
        "functions": ["front-79779d9", "worker-123342d"],
        "stacks": [stack.endpoint],
    }
    assert main(["completion", kind]) == 0
    assert capsys.readouterr().out.splitlines() == expected[kind]


def test_functions_are_those_of_the_stack_s_region(
    cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A request without a signature would be one of S3."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    name = cloud.function()
    for region, there in (("us-east-1", True), ("eu-west-1", False)):
        with noted(Noted(cloud.endpoint, region, "dev", "/")):
            assert (name in candidates("functions")) is there
    monkeypatch.setenv("AWS_ENDPOINT_URL", cloud.endpoint)
    assert name in candidates("functions"), "of a stack that nobody noted"


def test_of_several_stacks_the_one_that_the_shell_names_is_completed(
    stack: Api, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A function of another one would not be found; another one itself can be named all the same."""
    name = cloud.function()
    with noted(Noted(cloud.endpoint, "us-east-1", "dev", "/home/ada/other")):
        assert {name, "front-79779d9"} <= set(candidates("functions"))
        monkeypatch.setenv("AWS_ENDPOINT_URL", stack.endpoint)
        assert list(candidates("functions")) == ["front-79779d9", "worker-123342d"]
        assert set(candidates("stacks")) == {stack.endpoint, cloud.endpoint}


def test_a_stack_that_does_not_answer_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tab key brings nothing then, and no error."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    with noted(Noted("http://127.0.0.1:1", "us-east-1", "dev", "/")):
        assert list(candidates("traces")) == list(candidates("functions")) == []


@pytest.mark.parametrize("shell", ["bash", "fish"])
def test_commands_options_and_choices_are_completed(scripts: Path, shell: str) -> None:
    """From the very parsers of the commands."""
    assert completed(scripts, shell, "waterfall exp") == ["export"]
    assert "--follow" in completed(scripts, shell, "waterfall show --fo")
    assert completed(scripts, shell, "waterfall export --format ch") == ["chrome"]


@pytest.mark.parametrize("shell", ["bash", "fish"])
def test_traces_and_functions_of_the_running_stack_are_completed(
    stack: Api, scripts: Path, shell: str
) -> None:
    """By the command itself, whatever folder the shell is in."""
    assert completed(scripts, shell, "waterfall show 1-") == TRACES
    assert completed(scripts, shell, "waterfall invoke fro") == ["front-79779d9"]


@pytest.mark.parametrize("shell", SHELLS)
def test_a_script_is_sound(scripts: Path, shell: str) -> None:
    """Its shell can read it."""
    if shutil.which(shell) is None:
        pytest.skip(f"no {shell} here")
    done = subprocess.run([shell, "-n", scripts / shell], capture_output=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
