"""Log events into lines: what Lambda, its runtimes and handlers write, as JSON or as text.

https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-logformat.html
https://docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from waterfall.traces import arguments
from waterfall.traces.documents import bounded, mapping_of, parse, text_of

GROUPS = "/aws/lambda/"
"""Where functions write unless they are told otherwise."""

Kind = Literal["log", "init", "start", "end", "report", "platform", "injected"]
"""`init` begins an environment, `start`, `end` and `report` bound an event; `platform` is Lambda's too.

`injected` is what the extension of AWS FIS says about a fault: on AWS the only trace of it.
"""

_ID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_PLATFORM_TEXT: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    ("start", re.compile(rf"START RequestId: (?P<id>{_ID})\b")),
    ("end", re.compile(rf"END RequestId: (?P<id>{_ID})\s*$")),
    ("report", re.compile(rf"REPORT RequestId: (?P<id>{_ID})\b")),
    ("report", re.compile(r"XRAY TraceId: ")),
    ("init", re.compile(r"(?:INIT|RESTORE)_START\b")),
    ("injected", re.compile(r"AWS FIS EXTENSION - ")),
    ("platform", re.compile(r"(?:INIT_REPORT |RESTORE_REPORT |EXTENSION\t|TELEMETRY\t|LOGS\t)")),
)
_HANDLER_TEXT = (
    re.compile(rf"\[(?P<level>[A-Z]+)\]\t\S+\t(?P<id>{_ID})\t(?P<message>.*)", re.DOTALL),
    re.compile(rf"\S+\t(?P<id>{_ID})\t(?P<level>[A-Z]+)\t(?P<message>.*)", re.DOTALL),
    re.compile(rf"(?:\S+ )?(?P<id>{_ID}) (?P<message>Task timed out after .*)", re.DOTALL),
    re.compile(rf"RequestId: (?P<id>{_ID}) (?P<message>Error: .*)", re.DOTALL),
    re.compile(r"\[(?P<level>[A-Z]+)\] (?P<message>.*)", re.DOTALL),
)
_STATUS_TEXT = re.compile(r"\tStatus: (\w+)")
_XRAY_TEXT = re.compile(r"\bXRAY TraceId: (\S+)")
_PLATFORM_JSON: Mapping[str, Kind] = {
    "platform.initStart": "init",
    "platform.restoreStart": "init",
    "platform.start": "start",
    "platform.runtimeDone": "end",
    "platform.report": "report",
}
_REQUEST = re.compile(rf" RequestId: {_ID}")
_UNTOLD = ("XRAY TraceId:", "SegmentId:", "Sampled:", "Runtime Version ARN:")
_LEVELS = {"WARNING": "WARN", "CRITICAL": "FATAL", "NOTSET": "TRACE"}
_KNOWN_LEVELS = frozenset({"TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"})
_USUAL = frozenset({"message", "msg", "level", "log_level", "timestamp", "time", "logger"}) | frozenset(
    {"requestId", "xray_trace_id", "trace_id", "span_id"}
)
"""The fields of Lambda's own JSON lines, which say nothing beyond what a line shows anyway."""


@dataclass(frozen=True, slots=True)
class LogEvent:
    """One event of CloudWatch Logs; `time` in epoch seconds."""

    id: str
    group: str
    stream: str
    time: float
    text: str

    @property
    def function(self) -> str:
        return self.group.removeprefix(GROUPS)


@dataclass(frozen=True, slots=True)
class Line:
    """An event, read. `fields` is the object of a JSON line; ids are those that the line has in its place.

    `level` is one of TRACE, DEBUG, INFO, WARN, ERROR, FATAL; `trace_id` has X-Ray's form.
    """

    event: LogEvent
    kind: Kind
    message: str
    level: str | None = None
    request_id: str | None = None
    trace_id: str | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)

    @property
    def extras(self) -> dict[str, Any]:
        """The fields that a handler added to its line."""
        return {key: value for key, value in self.fields.items() if key not in _USUAL}


def line_of(event: LogEvent) -> Line:
    """Read one event; whatever is in it, a line comes out."""
    text = _unified(event.text).rstrip()
    parsed = _object(text)
    if parsed is None:
        return _text_line(event, text)
    kind = text_of(parsed.get("type")) or ""
    if kind.startswith("platform.") and isinstance(parsed.get("record"), Mapping):
        return _platform_line(event, kind, parsed["record"], parsed)
    return _json_line(event, text, parsed)


def _unified(text: str) -> str:
    """Return text with line feeds alone; the runtime client joins an error's lines by carriage returns."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _object(text: str) -> Mapping[str, Any] | None:
    if not text.startswith("{"):
        return None
    try:
        return parse(text)
    except ValueError:
        return None


def _text_line(event: LogEvent, text: str) -> Line:
    for kind, pattern in _PLATFORM_TEXT:
        if found := pattern.match(text):
            traced, status = _XRAY_TEXT.search(text), _STATUS_TEXT.search(text)
            return Line(
                event,
                kind,
                _platform_text(text),
                _outcome(kind, status[1] if status else None),
                request_id=found.groupdict().get("id"),
                trace_id=_trace_id(traced[1]) if traced else None,
            )
    for pattern in _HANDLER_TEXT:
        if found := pattern.match(text):
            parts = found.groupdict()
            level = _level(parts["level"]) if "level" in parts else "ERROR"
            if level:
                return Line(event, "log", parts["message"].strip(), level, parts.get("id"))
    return Line(event, "log", text)


def _platform_text(text: str) -> str:
    """Shorten Lambda's own line: without ids, which every line has in their place."""
    parts = [part.strip() for part in re.split(r"[\t\n]", _REQUEST.sub("", text, count=1))]
    told = [part for part in parts if part and not part.startswith(_UNTOLD)]
    return re.sub(r"^(REPORT|INIT_REPORT), ", r"\1 ", ", ".join(told)) or parts[0]


def _json_line(event: LogEvent, text: str, given: Mapping[str, Any]) -> Line:
    ids = (given.get("xray_trace_id"), given.get("trace_id"))
    return Line(
        event,
        "log",
        _message(given) or text,
        _level(given.get("level") or given.get("log_level")),
        text_of(given.get("requestId")),
        next(filter(None, map(_trace_id, ids)), None),
        fields=mapping_of(bounded(given)),
    )


def _message(given: Mapping[str, Any]) -> str | None:
    for key in ("message", "msg"):
        value = given.get(key)
        if isinstance(value, str):
            return _unified(value).strip()
        if value is not None:
            return json.dumps(bounded(value), ensure_ascii=False)
    error = [text_of(given.get(key)) for key in ("errorType", "errorMessage")]
    return ": ".join(filter(None, error)) or None


def _platform_line(event: LogEvent, kind: str, record: Mapping[str, Any], whole: Mapping[str, Any]) -> Line:
    what: Kind = _PLATFORM_JSON.get(kind, "platform")
    return Line(
        event,
        what,
        _platform_message(kind.removeprefix("platform."), record),
        _outcome(what, text_of(record.get("status"))),
        request_id=text_of(record.get("requestId")),
        trace_id=_trace_id(mapping_of(record.get("tracing")).get("value")),
        fields=mapping_of(bounded(whole)),
    )


def _outcome(kind: Kind, status: str | None) -> str | None:
    """Return the level of a report: in JSON it is the only line that tells of a time-out."""
    return "ERROR" if kind == "report" and status not in {None, "success"} else None


def _platform_message(name: str, record: Mapping[str, Any]) -> str:
    """Say a platform event as the text format does: `REPORT Duration: 12.3 ms, Max Memory Used: 80 MB`."""
    words = "END" if name == "runtimeDone" else re.sub(r"([A-Z])", r"_\1", name).upper()
    metrics = mapping_of(record.get("metrics"))
    facts = [f"{said}: {metrics[key]} {unit}" for key, said, unit in _METRICS if key in metrics]
    told = (("version", "Version"), ("runtimeVersion", "Runtime Version"), ("phase", "Phase"))
    facts += [f"{said}: {record[key]}" for key, said in told if text_of(record.get(key))]
    status = text_of(record.get("status"))
    facts += [f"Status: {status}"] if status and status != "success" else []
    return " ".join((words, ", ".join(facts))).strip()


_METRICS = (
    ("durationMs", "Duration", "ms"),
    ("billedDurationMs", "Billed Duration", "ms"),
    ("memorySizeMB", "Memory Size", "MB"),
    ("maxMemoryUsedMB", "Max Memory Used", "MB"),
    ("initDurationMs", "Init Duration", "ms"),
)


def _level(given: Any) -> str | None:
    name = _LEVELS.get(str(given).upper(), str(given).upper())
    return name if name in _KNOWN_LEVELS else None


def _trace_id(given: Any) -> str | None:
    try:
        return arguments.trace_id(given) if isinstance(given, str) else None
    except ValueError:
        return None
