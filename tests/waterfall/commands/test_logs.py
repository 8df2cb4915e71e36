"""`waterfall logs` and `show --logs`, as people and scripts use them."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.waterfall.logs.writing import HEX_ID, OTHER_ID, Stream, request_id
from tests.waterfall.samples import TRACE_ID, function, segment, service
from waterfall.cli import main

if TYPE_CHECKING:
    from tests.waterfall.cloud import Cloud
    from tests.waterfall.conftest import Api

REPORT = "REPORT Duration: 12.5 ms, Billed Duration: 13 ms, Memory Size: 512 MB, Max Memory Used: 80 MB"
ESCAPE = "\x1b[31mred\x1b[0m"


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")


@pytest.fixture
def written(cloud: Cloud) -> Cloud:
    """One traced invocation of `front`, of which Lambda, a print and a logger wrote."""
    http = {"request": {"url": "https://example.com/hello", "method": "GET"}, "response": {"status": 200}}
    cloud.put(
        [
            service("front", "b000000000000001", None, 0, 1.1, aws={"request_id": request_id(1)}, http=http),
            function("front", "b000000000000002", "b000000000000001", 0.01, 1.0),
        ]
    )
    stream = Stream().run(0.010, 1, 1, f"printed {ESCAPE}")
    stream.events[-1:-1] = Stream().said(0.5, 1, "sold\nout", "WARNING", price=3).events
    stream.events[-1:-1] = Stream().said(0.6, 1, "broke", "ERROR", stackTrace=["  line 1\n"]).events
    cloud.write(stream, Stream(name="other").run(0.2, 0.3, 9, "another", traced=OTHER_ID))
    return cloud


def run(place: Cloud | Api, *arguments: str) -> int:
    return main([*arguments, "--endpoint", place.source.endpoint])


def usage(*arguments: str) -> None:
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2


def test_the_lines_of_a_trace(written: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
    """At their time in the trace, with function, level, message, what was added, and stacks."""
    assert run(written, "logs", "--trace", written.trace_id) == 0
    assert capsys.readouterr().out.splitlines() == [
        " 0.010 s  front         START Version: $LATEST",
        r" 0.011 s  front         printed \x1b[31mred\x1b[0m",
        " 0.500 s  front  WARN   sold",
        "                        out",
        "                        price = 3",
        " 0.600 s  front  ERROR  broke",
        "                          line 1",
        f" 1.000 s  front         {REPORT}",
    ]


@pytest.mark.parametrize("form", ["latest", "w3c"])
def test_a_trace_is_named_as_for_show(written: Cloud, capsys: pytest.CaptureFixture[str], form: str) -> None:
    """By OpenTelemetry's id, or as the latest."""
    wanted = written.trace_id.replace("-", "")[1:] if form == "w3c" else form
    assert run(written, "logs", "--trace", wanted) == 0
    assert "sold" in capsys.readouterr().out


def test_show_adds_logs_below_the_waterfall(written: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
    """The waterfall comes first, then the lines."""
    assert run(written, "show", written.trace_id, "--logs") == 0
    waterfall, _, logs = capsys.readouterr().out.rpartition("\n\n")
    assert waterfall.startswith(f"Trace {written.trace_id}\n")
    assert logs.startswith(" 0.010 s  front         START Version: $LATEST\n")


def test_lines_of_a_trace_as_json(written: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
    """Each invocation with its lines; `show --logs` has the same in its field `logs`."""
    assert run(written, "logs", "--trace", written.trace_id, "--json") == 0
    shape = json.loads(capsys.readouterr().out)
    assert (shape["format"], shape["trace"]) == ("waterfall.logs/1", written.trace_id)
    (one,) = shape["invocations"]
    assert (one["function"], one["request_id"], one["node"]) == ("front", request_id(1), 1)
    assert [line["level"] for line in one["lines"]] == [None, None, "WARN", "ERROR", None]
    assert one["lines"][2]["fields"]["price"] == 3
    assert run(written, "show", written.trace_id, "--logs", "--json") == 0
    assert json.loads(capsys.readouterr().out)["logs"] == shape


def test_the_latest_lines_of_all_functions(written: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
    """In the order of time, cut to how many are wanted."""
    assert run(written, "logs", "--lines", "2", "--json") == 0
    lines = json.loads(capsys.readouterr().out)["lines"]
    assert [(line["kind"], line["level"]) for line in lines] == [("log", "ERROR"), ("report", None)]
    assert run(written, "logs", "fr") == 0
    assert "another" in capsys.readouterr().out


def test_no_lines_say_where_else_to_look(written: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
    """A time without lines, and functions that there are not, are told apart."""
    assert run(written, "logs", "--since", "1s") == 0
    assert capsys.readouterr().out == "no lines since then; --since 1d looks further back\n"
    assert run(written, "logs", "nobody") == 0
    assert capsys.readouterr().out == "no log groups of functions whose names begin with nobody\n"


def test_a_trace_that_nobody_knows_is_an_error(cloud: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
    """Neither X-Ray nor a line has its id."""
    assert run(cloud, "logs", "--trace", cloud.trace_id) == 1
    assert capsys.readouterr().err == (
        f"waterfall: no trace {cloud.trace_id}, and no function wrote a line with its id\n"
    )


def test_a_request_that_was_not_sampled_has_its_lines(
    cloud: Cloud, capsys: pytest.CaptureFixture[str]
) -> None:
    """X-Ray has no trace of it, but its lines carry the id."""
    cloud.write(Stream().run(0, 1, 1, "unsampled"))
    assert run(cloud, "logs", "--trace", cloud.trace_id) == 0
    assert " 0.001 s  front         unsampled\n" in capsys.readouterr().out


def test_a_trace_without_its_functions_segments_has_its_lines(
    cloud: Cloud, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where Lambda's segments never came, the lines' own ids tell."""
    cloud.put([segment("own", "a000000000000001", 0, 1)])
    cloud.write(Stream().run(0, 1, 1, "mine"))
    assert run(cloud, "logs", "--trace", cloud.trace_id) == 0
    assert " 0.001 s  front         mine\n" in capsys.readouterr().out


def test_an_id_that_a_caller_made_up_is_found(cloud: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever time such an id stands for, the last minutes are searched."""
    made_up = "1-ffffffff-0123456789abcdef01234567"
    cloud.write(Stream().run(0, 1, 1, "made up", traced=made_up))
    assert run(cloud, "logs", "--trace", made_up) == 0
    assert "made up" in capsys.readouterr().out


def test_a_trace_without_functions_says_so(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    """A trace that no function is part of has no logs to look for."""
    api.put([{"name": "own", "id": "a000000000000001", "trace_id": TRACE_ID, "start_time": 1, "end_time": 2}])
    assert run(api, "show", HEX_ID, "--logs") == 0
    assert capsys.readouterr().out.endswith(
        "\nno logs: no function of this trace left a segment of its own\n"
    )


def test_following_prints_lines_as_they_come(cloud: Cloud) -> None:
    """Each as an object of its own with --json; Ctrl-C ends it with status 130."""
    cloud.write(Stream().write(0, "before"))
    command = [sys.executable, "-m", "waterfall", "logs", "-f", "--json", "--endpoint", cloud.endpoint]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            assert json.loads(process.stdout.readline())["message"] == "before"
            cloud.write(Stream(name="next").said(20, 1, "after", xray_trace_id=OTHER_ID))
            line = json.loads(process.stdout.readline())
            assert (line["message"], line["function"], line["trace_id"]) == ("after", "front", OTHER_ID)
            process.send_signal(signal.SIGINT)
            assert process.wait(20) == 130
        finally:
            process.kill()


def test_wrong_usage_is_told() -> None:
    """All lines of a trace are shown at once: there is nothing to follow or to cut off."""
    usage("logs", "--trace", "latest", "--follow")
    usage("logs", "--trace", "latest", "--since", "5m")
    usage("logs", "--trace", "nonsense")
    usage("logs", "--lines", "0")
