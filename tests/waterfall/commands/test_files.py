"""`waterfall export` and `waterfall import`, as people use them."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from tests.waterfall import samples
from tests.waterfall.commands.test_account import account
from tests.waterfall.files.test_kept import forget
from tests.waterfall.samples import TRACE_ID
from waterfall.cli import main
from waterfall.commands.context import trace_of
from waterfall.commands.export import file_of
from waterfall.commands.forward import rhythm
from waterfall.files.forwarding import Forwarder
from waterfall.traces.client import Source

if TYPE_CHECKING:
    from pathlib import Path

    from botocore.stub import Stubber

    from tests.waterfall.conftest import Api
    from waterfall.commands.context import Context

__all__ = ["account"]
YEAR = 365 * 86400.0


@pytest.fixture(autouse=True)
def _here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(time, "time", lambda: samples.T0 + 65)
    monkeypatch.chdir(tmp_path)


def run(api: Api, *arguments: str) -> int:
    return main([*arguments, "--endpoint", api.endpoint])


FILES = {
    f"{TRACE_ID}.html": ("html", "<!doctype html>"),
    f"{TRACE_ID}.json": ("json", '{\n "format": "waterfall.kept/1"'),
    f"{TRACE_ID}.otlp.json": ("otlp", '{\n "resourceSpans"'),
    f"{TRACE_ID}.chrome.json": ("chrome", '{\n "traceEvents"'),
}


@pytest.mark.parametrize("name", FILES)
def test_every_format_has_a_file_of_its_own(
    api: Api, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    """It lies here under the trace's id, and the command says so."""
    format_, begins = FILES[name]
    api.put(samples.request())
    assert run(api, "export", "latest", "--format", format_) == 0
    assert (tmp_path / name).read_text().startswith(begins)
    assert f"wrote {name}" in capsys.readouterr().err


def test_a_file_can_be_printed(api: Api, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--output -` is for pipes: the file alone goes to standard output."""
    api.put(samples.request())
    assert run(api, "export", TRACE_ID, "--format", "chrome", "-o", "-") == 0
    assert json.loads(capsys.readouterr().out)["otherData"] == {"trace_id": TRACE_ID}
    assert list(tmp_path.iterdir()) == []


def test_an_exported_trace_can_be_imported(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    """What a file holds is in the stack again, under the same id."""
    api.put(samples.request())
    assert run(api, "export", TRACE_ID, "--format", "json", "-o", "trace.json") == 0
    forget(api)
    assert run(api, "import", "trace.json") == 0
    assert api.reader().get([TRACE_ID])
    assert f"show --endpoint {api.endpoint} {TRACE_ID}" in capsys.readouterr().err


def test_an_imported_trace_stays_whatever_its_age(
    api: Api, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Age counts from the import: a trace of years ago outlives a clean-up of all that came before it."""
    old = samples.segment("old", "a000000000000001", -3 * YEAR, -3 * YEAR + 1)
    kept = {"format": "waterfall.kept/1", "traces": [{"id": TRACE_ID, "documents": [old]}]}
    (tmp_path / "old.json").write_text(json.dumps(kept))
    assert run(api, "import", "old.json") == 0
    assert not api.xray.tidy()
    (trace,) = api.reader().get([TRACE_ID])
    assert trace.start == samples.T0 - 3 * YEAR
    assert run(api, "show", TRACE_ID) == 0
    assert "old" in capsys.readouterr().out


def test_a_file_of_something_else_is_refused(
    api: Api, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The message names the file, what is wrong with it, and what it must be."""
    (tmp_path / "page.html").write_text("<html>")
    (tmp_path / "other.json").write_text("{}")
    assert run(api, "import", "page.html") == 1
    assert "cannot import page.html: it is not JSON" in capsys.readouterr().err
    assert run(api, "import", "other.json") == 1
    assert "give a file of `waterfall export --format json`" in capsys.readouterr().err
    assert run(api, "import", "none.json") == 1
    assert "cannot read none.json: No such file" in capsys.readouterr().err


def test_what_x_ray_refuses_is_told(api: Api, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A document that is not one of X-Ray's costs no other, and ends the command with status 1."""
    good = samples.segment("good", "a000000000000001", 0, 1)
    bad = {**samples.segment("bad", "a000000000000002", 0, 1), "start_time": "yesterday"}
    kept = {"format": "waterfall.kept/1", "traces": [{"id": TRACE_ID, "documents": [good, bad]}]}
    (tmp_path / "kept.json").write_text(json.dumps(kept))
    assert run(api, "import", "kept.json") == 1
    told = capsys.readouterr().err
    assert "1 documents were refused: a000000000000002" in told
    assert [node.name for node in api.reader().get([TRACE_ID])[0].nodes] == ["good"]


def test_logs_have_no_place_but_in_a_page(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    """Asked for in another format, they are refused, and not forgotten."""
    with pytest.raises(SystemExit, match="2"):
        run(api, "export", TRACE_ID, "--format", "json", "--logs")
    assert "--logs is for --format html" in capsys.readouterr().err


def test_an_account_is_looked_at_seldom_and_further_back(account: tuple[Context, Stubber]) -> None:
    """Every ten seconds at five minutes, which is one call of X-Ray for each window; a stack each second."""
    assert rhythm(Source()) == (1.0, 60.0)
    pace, delay = rhythm(Source(aws=True))
    assert (pace, delay) == (10.0, 300.0)
    context, stub = account
    sent: list[object] = []
    forwarder = Forwarder(context.reader, sent.append, samples.T0 - 400, delay)
    moments = [samples.T0 + 1, samples.T0 - 59, samples.T0 - 300]
    for look in range(2):
        for end, start in pairwise(moments):
            times = {"StartTime": moment(start + look * pace), "EndTime": moment(end + look * pace)}
            found = [{"Id": TRACE_ID}] if start == moments[1] else []
            stub.add_response("get_trace_summaries", {"TraceSummaries": found}, times)
        stub.add_response("batch_get_traces", {"Traces": [samples.api_trace(samples.request())]})
    assert [forwarder.look(samples.T0), forwarder.look(samples.T0 + pace)] == [0, 1]
    assert len(sent) == 1


def moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


@pytest.mark.parametrize("format_", ["html", "json", "otlp", "chrome"])
def test_a_trace_of_an_account_is_a_file_too(account: tuple[Context, Stubber], format_: str) -> None:
    """One call of X-Ray is all that it takes."""
    context, stub = account
    stub.add_response("batch_get_traces", {"Traces": [samples.api_trace(samples.request())]})
    text = file_of(context, trace_of(context, TRACE_ID), format_)
    assert "simulate slow work" in text
