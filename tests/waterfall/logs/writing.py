"""Log events as Lambda writes them, in both formats; times are seconds after T0."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from tests.waterfall.samples import T0, TRACE_ID
from waterfall.logs.lines import LogEvent

STREAM = "2023/11/14/[$LATEST]0123456789abcdef0123456789abcdef"
HEX_ID = TRACE_ID.replace("-", "")[1:]
OTHER_ID = "1-6553f100-ffffffffffffffffffffffff"


def request_id(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012d}"


def iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


class Stream:
    """What one execution environment writes, line by line."""

    def __init__(self, function: str = "front", name: str = STREAM) -> None:
        self.group = f"/aws/lambda/{function}"
        self.name = name
        self.events: list[LogEvent] = []

    def write(self, after: float, text: str) -> Stream:
        id_ = f"{self.name}{len(self.events)}"
        self.events.append(LogEvent(id_, self.group, self.name, round(T0 + after, 3), text))
        return self

    def said(self, after: float, number: int, message: Any, level: str = "INFO", **fields: Any) -> Stream:
        """Write a handler's line in JSON."""
        line = {"timestamp": iso(T0 + after), "level": level, "message": message, "logger": "app"}
        return self.write(after, json.dumps({**line, "requestId": request_id(number), **fields}))

    def platform(self, after: float, type_: str, **record: Any) -> Stream:
        event = {"time": iso(T0 + after), "type": f"platform.{type_}", "record": record}
        return self.write(after, json.dumps(event))

    def run(self, start: float, end: float, number: int, *printed: str, traced: str = TRACE_ID) -> Stream:
        """Write one event's lines in JSON, with plain prints between Lambda's own."""
        tracing = {"type": "X-Amzn-Trace-Id", "value": f"Root={traced};Parent=53995c3f42cd8ad8;Sampled=1"}
        self.platform(start, "start", requestId=request_id(number), version="$LATEST", tracing=tracing)
        for text in printed:
            self.write(start + 0.001, text)
        metrics = {"durationMs": 12.5, "billedDurationMs": 13, "memorySizeMB": 512, "maxMemoryUsedMB": 80}
        return self.platform(
            end, "report", requestId=request_id(number), status="success", metrics=metrics, tracing=tracing
        )

    def run_in_text(
        self, start: float, end: float, number: int, *printed: str, traced: str = TRACE_ID
    ) -> Stream:
        """Write one event's lines in the text format."""
        id_ = request_id(number)
        self.write(start, f"START RequestId: {id_} Version: $LATEST\n")
        for text in printed:
            self.write(start + 0.001, f"{text}\n")
        self.write(end, f"END RequestId: {id_}\n")
        report = f"REPORT RequestId: {id_}\tDuration: 12.50 ms\tBilled Duration: 13 ms\tMemory Size: 512 MB\t"
        return self.write(end, f"{report}\nXRAY TraceId: {traced}\tSegmentId: 0af7\tSampled: true\t\n")
