"""`waterfall compare` of two traces, as people and scripts use it."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest

from tests.waterfall import samples
from tests.waterfall.samples import CONSUMER_ID, TRACE_ID
from waterfall.cli import main

if TYPE_CHECKING:
    from tests.waterfall.conftest import Api

OTHER_ID = "1-6553f103-00000000000000000000000a"


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: samples.T0 + 65)
    monkeypatch.setenv("COLUMNS", "120")


def run(api: Api, *arguments: str) -> int:
    return main(["compare", *arguments, "--endpoint", api.endpoint])


def again(documents: list[dict[str, object]]) -> list[dict[str, object]]:
    """Return the documents as those of another trace."""
    return [{**document, "trace_id": OTHER_ID} for document in documents]


def test_equal_traces_end_with_status_0(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    """A cold and a warm trace of the same request stand side by side, and are equal."""
    api.put([*samples.request(), *again(samples.request(cold=False))])
    assert run(api, TRACE_ID, OTHER_ID) == 0
    out = capsys.readouterr().out
    assert out.splitlines()[0].split() == [TRACE_ID, OTHER_ID]
    assert out.endswith("\nequal\n")


def test_different_traces_end_with_status_1(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    """What differs is marked, with both values, and the exit status is 1."""
    api.put([*samples.request(), *again(samples.failed())])
    assert run(api, TRACE_ID, OTHER_ID) == 1
    out = capsys.readouterr().out
    assert "http.response.status\n" in out
    assert "differences\n" in out


def test_latest_can_be_compared(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    """`latest` stands for the newest request here too."""
    api.put([*samples.request(), *samples.consumer()])
    assert run(api, "latest", TRACE_ID) == 0
    assert capsys.readouterr().out.endswith("\nequal\n")


def test_the_maps_of_both_traces_are_compared(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    """Services that only one request reached are differences too."""
    api.put([*samples.request(), *samples.consumer()])
    assert run(api, TRACE_ID, CONSUMER_ID) == 1
    assert "service map: " in capsys.readouterr().out


def test_json_lists_the_differences(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    """`--json` tells the verdict and each difference: path, field and both values."""
    api.put([*samples.request(), *again(samples.failed())])
    assert run(api, TRACE_ID, OTHER_ID, "--json") == 1
    shape = json.loads(capsys.readouterr().out)
    assert (shape["format"], shape["equal"]) == ("waterfall.comparison/1", False)
    [found] = shape["comparisons"]
    assert (found["left"], found["right"]) == (TRACE_ID, OTHER_ID)
    assert {"path": ["traced-api/dev"], "field": "fault", "left": None, "right": True} in found["differences"]


def test_an_unknown_trace_is_an_error(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    """A trace that is not there is one line on standard error and exit status 1."""
    api.put(samples.request())
    assert run(api, TRACE_ID, OTHER_ID) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith(f"waterfall: no trace {OTHER_ID}")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "compare takes two traces, or --modes and none"),
        ([TRACE_ID], "compare takes two traces"),
        ([TRACE_ID] * 3, "compare takes two traces"),
        (["--modes", TRACE_ID], "or --modes and none"),
        (["--modes", "--aws"], "--modes runs on this machine"),
        (["--modes", "--config", "tracing=off"], "--modes sets tracing itself"),
        (["-C", "elsewhere", TRACE_ID, OTHER_ID], "belong to --modes"),
        (["1-2-3", TRACE_ID], "'1-2-3' is not a trace id"),
    ],
)
def test_wrong_usage_is_status_2(
    capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    """What cannot be meant is refused with a line that says what is allowed."""
    with pytest.raises(SystemExit) as stop:
        main(["compare", *arguments])
    assert stop.value.code == 2
    assert message in " ".join(capsys.readouterr().err.split())


def test_modes_of_no_program_is_an_error(
    tmp_path_factory: pytest.TempPathFactory, capsys: pytest.CaptureFixture[str]
) -> None:
    """A folder without a program is named, once, and the exit status is 1."""
    folder = tmp_path_factory.mktemp("empty")
    assert main(["compare", "--modes", "-C", str(folder)]) == 1
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith(f"waterfall: mode native did not start: no Pulumi.yaml in {folder}")
