"""What Lambda itself writes about a run: lines in Text, events of the Telemetry API in JSON.

https://docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from embedded_aws.aws.ids import Clock
from embedded_aws.awslambda.runtime.environ import HOST_RUNTIME
from embedded_aws.awslambda.runtime.logs import StreamLog

Status = Literal["success", "error", "failure", "timeout"]
"""`error` was reported by the runtime, `failure` was found by Lambda."""

_INIT = {"initializationType": "on-demand", "phase": "init"}


@dataclass(frozen=True)
class TraceContext:
    """The trace of a run with active tracing; `segment_id` is its function segment, below `parent_id`."""

    root: str
    segment_id: str
    parent_id: str
    sampled: bool

    def record(self) -> dict[str, str]:
        value = f"Root={self.root};Parent={self.parent_id};Sampled={int(self.sampled)}"
        return {"spanId": self.segment_id, "type": "X-Amzn-Trace-Id", "value": value}


@dataclass(frozen=True)
class Report:
    """The end of a run; times in seconds, memory in MB, `error` = (type, message) of what Lambda found."""

    duration: float
    memory: int
    peak: int | None = None
    init: float | None = None
    status: Status = "success"
    error: tuple[str, str] | None = None
    produced: int = 0

    @property
    def billed_ms(self) -> int:
        return -(-int((self.duration + (self.init or 0.0)) * 1_000_000) // 1000)


@dataclass(frozen=True)
class PlatformLog:
    """Writes about one run into its environment's stream."""

    log: StreamLog
    clock: Clock
    request_id: str
    function: str
    version: str
    timeout: float
    trace: TraceContext | None = None

    def init_start(self) -> None:
        names = {"functionName": self.function, "functionVersion": self.version}
        record = {**_INIT, "runtimeVersion": HOST_RUNTIME, **names}
        self._write(f"INIT_START Runtime Version: {HOST_RUNTIME}\n", "initStart", record)

    def initialised(self, seconds: float) -> None:
        metrics = {"durationMs": _ms(seconds)}
        self._event("DEBUG", "initRuntimeDone", {**_INIT, "status": "success"})
        self._event("DEBUG", "initReport", {**_INIT, "status": "success", "metrics": metrics})

    def init_timed_out(self, seconds: float) -> None:
        line = f"INIT_REPORT Init Duration: {seconds * 1000:.2f} ms\tPhase: init\tStatus: timeout\n"
        record = {**_INIT, "status": "timeout", "metrics": {"durationMs": _ms(seconds)}}
        self._write(line, "initReport", record, "WARN")

    def start(self) -> None:
        record = {"requestId": self.request_id, "version": self.version, **self._tracing()}
        self._write(f"START RequestId: {self.request_id} Version: {self.version}\n", "start", record)

    def line(self, text: str) -> None:
        """Write a line of an extension."""
        self.log.platform([f"{text}\n"])

    def report(self, report: Report) -> None:
        if not self.log.config.json:
            self.log.platform(self._lines(report))
            return
        level = "INFO" if report.status == "success" else "WARN"
        end: dict[str, Any] = {**self._tracing(), "status": report.status}
        if report.error and report.status != "timeout":
            end["errorType"] = report.error[0]
        done = {"durationMs": _ms(report.duration), "producedBytes": report.produced}
        done_level = "DEBUG" if report.status == "success" else "WARN"
        self._event(done_level, "runtimeDone", {"requestId": self.request_id, "metrics": done, **end})
        self._event(level, "report", {"requestId": self.request_id, "metrics": _metrics(report), **end})

    def _lines(self, report: Report) -> list[str]:
        """https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html."""
        lines = []
        if report.status == "timeout":
            lines.append(f"{self.request_id} Task timed out after {self.timeout:.2f} seconds\n")
        elif report.error and report.status == "failure":
            lines.append(f"{report.error[1]}\n{report.error[0]}\n")
        fields = [
            f"REPORT RequestId: {self.request_id}",
            f"Duration: {report.duration * 1000:.2f} ms",
            f"Billed Duration: {report.billed_ms} ms",
            f"Memory Size: {report.memory} MB",
        ]
        if report.peak is not None:
            fields.append(f"Max Memory Used: {report.peak} MB")
        if report.init is not None:
            fields.append(f"Init Duration: {report.init * 1000:.2f} ms")
        if report.error:
            fields.append(f"Status: {'timeout' if report.status == 'timeout' else 'error'}")
        text = "\t".join(fields) + "\t\n"
        if self.trace and self.trace.sampled:
            text += f"XRAY TraceId: {self.trace.root}\tSegmentId: {self.trace.segment_id}\tSampled: true\t\n"
        return [*lines, f"END RequestId: {self.request_id}\n", text]

    def _write(self, line: str, kind: str, record: Mapping[str, Any], level: str = "INFO") -> None:
        if self.log.config.json:
            self._event(level, kind, record)
        else:
            self.log.platform([line])

    def _event(self, level: str, kind: str, record: Mapping[str, Any]) -> None:
        config = self.log.config
        if config.json and config.keeps(level, system=True):
            time = datetime.fromtimestamp(self.clock(), UTC).isoformat(timespec="milliseconds")
            event = {"time": time.replace("+00:00", "Z"), "type": f"platform.{kind}", "record": record}
            self.log.platform([json.dumps(event, separators=(",", ":"))])

    def _tracing(self) -> dict[str, Any]:
        return {"tracing": self.trace.record()} if self.trace else {}


def _metrics(report: Report) -> dict[str, Any]:
    metrics = {
        "durationMs": _ms(report.duration),
        "billedDurationMs": report.billed_ms,
        "memorySizeMB": report.memory,
        "maxMemoryUsedMB": report.peak,
        "initDurationMs": None if report.init is None else _ms(report.init),
    }
    return {key: value for key, value in metrics.items() if value is not None}


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 3)
