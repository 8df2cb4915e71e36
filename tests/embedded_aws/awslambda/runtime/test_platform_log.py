from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from embedded_aws.aws.interfaces import LogEvent, LogStream
from embedded_aws.awslambda.logging_config import LoggingConfig
from embedded_aws.awslambda.runtime.environ import HOST_RUNTIME
from embedded_aws.awslambda.runtime.logs import StreamLog, stream_name
from embedded_aws.awslambda.runtime.platform_log import PlatformLog, Report, TraceContext

NOW = 1_700_000_000.25
STREAM = LogStream("us-east-1", "/aws/lambda/f", "stream")
TRACE = TraceContext("root", "segment", "parent", sampled=True)
TRACED = {"spanId": "segment", "type": "X-Amzn-Trace-Id", "value": "Root=root;Parent=parent;Sampled=1"}


@dataclass
class Written:
    """A sink that keeps events in memory."""

    events: list[LogEvent] = field(default_factory=list)

    def write(self, stream: LogStream, events: Sequence[LogEvent]) -> None:
        assert stream == STREAM
        self.events += events

    def has_room(self) -> bool:
        return True

    @property
    def messages(self) -> list[str]:
        return [event.message for event in self.events]

    @property
    def records(self) -> dict[str, Any]:
        """The JSON events' records by type."""
        found = [json.loads(message) for message in self.messages]
        assert {event["time"] for event in found} <= {"2023-11-14T22:13:20.250Z"}
        return {event["type"]: event["record"] for event in found}


@pytest.fixture
def written() -> Written:
    return Written()


def log(written: Written, *, trace: TraceContext | None = TRACE, **settings: Any) -> PlatformLog:
    stream = StreamLog(written, STREAM, LoggingConfig(STREAM.group, **settings), lambda: NOW)
    return PlatformLog(stream, lambda: NOW, "r", "f", "$LATEST", 3.0, trace)


def test_a_stream_is_named_like_lambdas() -> None:
    """The day in UTC, the version, and an id."""
    assert stream_name("$LATEST", NOW, "ab" * 16) == f"2023/11/14/[$LATEST]{'ab' * 16}"


def test_text_has_lambdas_lines(written: Written) -> None:
    """START, END and REPORT are events of their own; the trace is part of the report's."""
    platform = log(written)
    platform.init_start()
    platform.start()
    platform.report(Report(0.1234, 128, peak=40, init=0.2))
    assert written.messages == [
        f"INIT_START Runtime Version: {HOST_RUNTIME}\n",
        "START RequestId: r Version: $LATEST\n",
        "END RequestId: r\n",
        (
            "REPORT RequestId: r\tDuration: 123.40 ms\tBilled Duration: 324 ms\tMemory Size: 128 MB\t"
            "Max Memory Used: 40 MB\tInit Duration: 200.00 ms\t\n"
            "XRAY TraceId: root\tSegmentId: segment\tSampled: true\t\n"
        ),
    ]


@pytest.mark.parametrize(
    ("report", "first", "status"),
    [
        (
            Report(3.0, 128, status="timeout", error=("S", "m")),
            "r Task timed out after 3.00 seconds",
            "timeout",
        ),
        (
            Report(0.1, 128, status="failure", error=("Runtime.ExitError", "m")),
            "m\nRuntime.ExitError",
            "error",
        ),
    ],
)
def test_text_says_what_ended_a_run(written: Written, report: Report, first: str, status: str) -> None:
    """A timeout and a crash have a line of their own, and a status in the report."""
    log(written).report(report)
    assert written.messages[0] == f"{first}\n"
    assert f"\tStatus: {status}\t" in written.messages[-1]


def test_json_has_the_telemetry_events(written: Written) -> None:
    """The start of init, start and report, each with the trace; the rest is for DEBUG."""
    platform = log(written, json=True)
    platform.init_start()
    platform.initialised(0.2)
    platform.start()
    platform.report(Report(0.1234, 128, peak=40, init=0.2))
    metrics = {"durationMs": 123.4, "billedDurationMs": 324, "memorySizeMB": 128}
    assert written.records == {
        "platform.initStart": {
            "initializationType": "on-demand",
            "phase": "init",
            "runtimeVersion": HOST_RUNTIME,
            "functionName": "f",
            "functionVersion": "$LATEST",
        },
        "platform.start": {"requestId": "r", "version": "$LATEST", "tracing": TRACED},
        "platform.report": {
            "requestId": "r",
            "metrics": {**metrics, "maxMemoryUsedMB": 40, "initDurationMs": 200.0},
            "tracing": TRACED,
            "status": "success",
        },
    }


def test_debug_has_all_phases(written: Written) -> None:
    """At DEBUG the ends of init and of the handler are there too."""
    platform = log(written, json=True, system_level="DEBUG")
    platform.initialised(0.2)
    platform.report(Report(0.1, 128, produced=7))
    assert set(written.records) == {
        "platform.initRuntimeDone",
        "platform.initReport",
        "platform.runtimeDone",
        "platform.report",
    }
    assert written.records["platform.runtimeDone"]["metrics"] == {"durationMs": 100.0, "producedBytes": 7}


def test_warn_has_what_went_wrong(written: Written) -> None:
    """At WARN a good run leaves nothing, a bad one what it ended with."""
    platform = log(written, json=True, system_level="WARN")
    platform.init_start()
    platform.start()
    platform.report(Report(0.1, 128))
    assert written.messages == []
    platform.report(Report(0.1, 128, status="failure", error=("Runtime.ExitError", "it ended")))
    report = written.records["platform.report"]
    assert (report["status"], report["errorType"]) == ("failure", "Runtime.ExitError")


@pytest.mark.parametrize("json_format", [False, True])
def test_without_tracing_there_are_no_ids(written: Written, *, json_format: bool) -> None:
    """A function that is not traced has no trace in its log."""
    platform = log(written, trace=None, json=json_format)
    platform.start()
    platform.report(Report(0.1, 128))
    assert not any("root" in message or "tracing" in message for message in written.messages)


def test_printed_json_is_filtered_by_its_level(written: Written) -> None:
    """In JSON, Lambda drops printed objects below the level, and text where INFO is too low."""
    stream = StreamLog(written, STREAM, LoggingConfig("g", json=True, application_level="WARN"), lambda: NOW)
    stream.output(b'plain\n{"level": "debug"}\n{"level": "error"}\n{"level": 5}\n{broken\n')
    stream.output(b'{"level":' + b"[" * 100_000 + b"\n")
    assert written.messages == ['{"level": "error"}']


def test_time_never_goes_back_in_a_stream(written: Written) -> None:
    """A record that was written before a line that was seen earlier keeps its place."""
    stream = StreamLog(written, STREAM, LoggingConfig("g"), lambda: NOW)
    stream.output(b"printed\n")
    early = int((NOW - 1) * 1_000_000).to_bytes(8, "big")
    stream.output(b"\xa5\x5a\x00\x0f" + (6).to_bytes(4, "big") + early + b"record")
    assert [event.timestamp for event in written.events] == [int(NOW * 1000)] * 2


def test_the_tail_is_the_last_4_kb(written: Written) -> None:
    """An invocation's tail is cut at the front."""
    stream = StreamLog(written, STREAM, LoggingConfig("g"), lambda: NOW)
    stream.output(b"x" * 5000 + b"end\n")
    assert len(stream.tail.bytes()) == 4096
    assert stream.tail.bytes().endswith(b"end\n")
