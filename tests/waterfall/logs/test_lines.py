"""Events of CloudWatch Logs, read as lines."""

from __future__ import annotations

import json

import pytest

from tests.waterfall.logs.writing import HEX_ID, Stream, iso, request_id
from tests.waterfall.samples import T0, TRACE_ID
from waterfall.logs.lines import Line, line_of

ID = request_id(1)


def read(text: str) -> Line:
    return line_of(Stream().write(0, text).events[0])


def test_a_line_in_json_has_its_message_level_ids_and_what_the_handler_added() -> None:
    """Lambda's own fields go to their places, the handler's stay beside the message."""
    stream = Stream().said(0, 1, "sold", "WARNING", xray_trace_id=TRACE_ID, span_id="0af7", price=3)
    line = line_of(stream.events[0])
    assert (line.kind, line.message, line.level) == ("log", "sold", "WARN")
    assert (line.request_id, line.trace_id, line.extras) == (ID, TRACE_ID, {"price": 3})
    assert line.event.function == "front"


def test_either_form_of_a_trace_id_is_read_as_xrays() -> None:
    """An OpenTelemetry id of 32 digits is the same trace."""
    assert read(json.dumps({"message": "x", "trace_id": HEX_ID})).trace_id == TRACE_ID
    assert read(json.dumps({"message": "x", "trace_id": "of another kind"})).trace_id is None


def test_an_error_that_nobody_caught_says_what_it_was() -> None:
    """The runtime's line about an exception has no message; its type and text are one."""
    text = json.dumps(
        {"log_level": "ERROR", "errorType": "KeyError", "errorMessage": "'x'", "stackTrace": []}
    )
    assert (read(text).message, read(text).level) == ("KeyError: 'x'", "ERROR")


@pytest.mark.parametrize(
    ("text", "kind", "message"),
    [
        (f"START RequestId: {ID} Version: $LATEST\n", "start", "START Version: $LATEST"),
        (f"END RequestId: {ID}\n", "end", "END"),
        (
            f"REPORT RequestId: {ID}\tDuration: 1.50 ms\tBilled: 2 ms\t\nXRAY TraceId: {TRACE_ID}\t\n",
            "report",
            "REPORT Duration: 1.50 ms, Billed: 2 ms",
        ),
        (
            "INIT_START Runtime Version: python:3.13.v18\tRuntime Version ARN: arn:aws:lambda:r",
            "init",
            "INIT_START Runtime Version: python:3.13.v18",
        ),
        ("INIT_REPORT Init Duration: 10000.00 ms\tPhase: init\tStatus: timeout", "platform", None),
        ("AWS FIS EXTENSION - marking function invocation as failed", "injected", None),
        ("START RequestId: my-own Version: 1", "log", None),
    ],
)
def test_lambdas_own_lines_as_text(text: str, kind: str, message: str | None) -> None:
    """START, END, REPORT and INIT_START are told apart from what handlers print, and shown without ids."""
    line = read(text)
    assert line.kind == kind
    assert message is None or line.message == message
    assert line.request_id == (ID if ID in text else None)


def test_a_report_names_its_trace() -> None:
    """The second line of REPORT has X-Ray's id."""
    assert read(f"REPORT RequestId: {ID}\tDuration: 1 ms\t\nXRAY TraceId: {TRACE_ID}\t").trace_id == TRACE_ID
    assert read(f"XRAY TraceId: {TRACE_ID}\tSegmentId: 0af7").trace_id == TRACE_ID


def test_lambdas_own_lines_as_json() -> None:
    """A platform event reads like the text format's line, and has the ids of its record."""
    start, report = map(line_of, Stream().run(0, 1, 1).events)
    assert (start.kind, start.message) == ("start", "START Version: $LATEST")
    assert (start.request_id, start.trace_id) == (ID, TRACE_ID)
    assert report.kind == "report"
    assert report.message.startswith("REPORT Duration: 12.5 ms, Billed Duration: 13 ms")


@pytest.mark.parametrize(
    ("text", "level", "message"),
    [
        (f"[INFO]\t{iso(T0)}\t{ID}\tsold\tout\n", "INFO", "sold\tout"),
        (f"[INFO]\t{iso(T0)}\t{ID}\tone\rtwo\r\nthree\r", "INFO", "one\ntwo\nthree"),
        (f"{iso(T0)}\t{ID}\tERROR\tno\n", "ERROR", "no"),
        (
            f"{iso(T0)} {ID} Task timed out after 3.00 seconds\n\n",
            "ERROR",
            "Task timed out after 3.00 seconds",
        ),
        (f"RequestId: {ID} Error: Runtime exited with error: signal: killed", "ERROR", None),
    ],
)
def test_handlers_lines_as_text(text: str, level: str, message: str | None) -> None:
    """Python's and Node's text lines, and what Lambda says of a killed run, have a level and an id."""
    line = read(text)
    assert (line.kind, line.level, line.request_id) == ("log", level, ID)
    assert message is None or line.message == message


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"a": 1}', "[NOTE] x", '{"type": "platform.x"}', "null", "{" * 9999]
)
def test_any_other_text_is_a_message(text: str) -> None:
    """What is no form of Lambda's is shown as it is."""
    line = read(text)
    assert (line.kind, line.message, line.level, line.request_id) == ("log", text, None, None)
