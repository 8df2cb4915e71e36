"""Trace summaries as X-Ray answers them, brought into shape. Times are seconds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from waterfall.traces.documents import list_of, mapping_of, number_of, text_of, whole_of
from waterfall.traces.failures import Failure, failure_of
from waterfall.traces.model import FAULT_ANNOTATION, Http, Status

_VALUES = ("StringValue", "NumberValue", "BooleanValue")


@dataclass(frozen=True, slots=True)
class Summary:
    """One element of GetTraceSummaries; `start` is `None` when neither it nor the id tells the time."""

    id: str
    start: float | None
    duration: float
    response_time: float | None
    status: Status
    throttled: bool
    unfinished: bool
    http: Http
    entry: str | None
    entry_type: str | None
    annotations: Mapping[str, tuple[Any, ...]]
    injected: tuple[str, ...] = ()
    failure: Failure | None = None

    @property
    def is_request(self) -> bool:
        """Tell whether the trace began with an HTTP request, not with a message or a direct call."""
        return self.http.method is not None or self.http.url is not None


def summary(answer: Mapping[str, Any]) -> Summary:
    http, entry = mapping_of(answer.get("Http")), mapping_of(answer.get("EntryPoint"))
    identifier = answer.get("Id", "")
    return Summary(
        id=identifier,
        start=_time(answer.get("StartTime")) or time_in(identifier),
        duration=number_of(answer.get("Duration")) or 0.0,
        response_time=number_of(answer.get("ResponseTime")),
        status=_status(answer),
        throttled=answer.get("HasThrottle") is True,
        unfinished=answer.get("IsPartial") is True,
        http=Http(
            text_of(http.get("HttpMethod")), text_of(http.get("HttpURL")), whole_of(http.get("HttpStatus"))
        ),
        entry=text_of(entry.get("Name")),
        entry_type=text_of(entry.get("Type")),
        annotations={
            key: _annotation(values) for key, values in mapping_of(answer.get("Annotations")).items()
        },
        injected=_injected(mapping_of(answer.get("Annotations"))),
        failure=failure_of(answer),
    )


def _injected(annotations: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names of the services that met a fault of an experiment."""
    ids = [
        id_
        for value in list_of(annotations.get(FAULT_ANNOTATION))
        for id_ in list_of(value.get("ServiceIds"))
    ]
    return tuple(dict.fromkeys(name for id_ in ids if (name := text_of(mapping_of(id_).get("Name")))))


def _status(answer: Mapping[str, Any]) -> Status:
    """Return the root's status; a throttle anywhere below is `throttled`, not the trace's own status."""
    if answer.get("HasFault") is True:
        return "fault"
    if answer.get("HasError") is not True:
        return "ok"
    return "throttle" if answer.get("HasThrottle") is True else "error"


def _annotation(values: Any) -> tuple[Any, ...]:
    found = [mapping_of(mapping_of(item).get("AnnotationValue")) for item in list_of(values)]
    return tuple(value[kind] for value in found for kind in _VALUES if kind in value)


def _time(value: Any) -> float | None:
    return value.timestamp() if isinstance(value, datetime) else number_of(value)


def time_in(trace_id: str) -> float | None:
    """Return the time that a trace id carries, in whole seconds."""
    try:
        return float(int(trace_id.split("-")[1], 16))
    except (IndexError, ValueError):
        return None
