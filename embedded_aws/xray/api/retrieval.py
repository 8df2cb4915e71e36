"""Retrieval of traces from Transaction Search: a job is started, and then asked for what it found.

https://docs.aws.amazon.com/xray/latest/api/API_StartTraceRetrieval.html

X-Ray reads the log group `aws/spans`, which exists when segments are sent there. Here a job finds every
trace of the store at once, so it is complete as soon as it was started.
"""

from __future__ import annotations

import json
import re
import threading
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from embedded_aws.aws.errors import InvalidRequestError, NotFoundError
from embedded_aws.aws.paging import paged
from embedded_aws.xray.api.account import destination
from embedded_aws.xray.intake.documents import is_trace_id
from embedded_aws.xray.query import graph, otel_spans

if TYPE_CHECKING:
    from collections.abc import Iterator

    from embedded_aws.aws.service import Operation
    from embedded_aws.xray.query.graph import ServiceKey
    from embedded_aws.xray.query.traces import Trace
    from embedded_aws.xray.service import XRay

JOB_SECONDS = 3600
TRACES_PER_PAGE = 5
SPANS_PER_TRACE = 100
"""A trace with more spans comes in several entries with the same id."""
SERVICES_PER_PAGE = 1000
MOST_CHARACTERS = 204_800
"""A longer document is sent as a segment and its subsegments, each alone."""
MOST_LINKS = 100

_W3C_ID = re.compile(r"([0-9a-f]{8})([0-9a-f]{24})", re.IGNORECASE)


@dataclass(frozen=True)
class Job:
    trace_ids: tuple[str, ...]
    start: float
    end: float
    expires: float
    status: Literal["COMPLETE", "CANCELLED"] = "COMPLETE"


def operations(xray: XRay) -> dict[str, Operation]:
    api = _RetrievalApi(xray)
    return {
        "StartTraceRetrieval": api.start,
        "ListRetrievedTraces": api.traces,
        "GetRetrievedTracesGraph": api.graph,
        "CancelTraceRetrieval": api.cancel,
    }


class _RetrievalApi:
    def __init__(self, xray: XRay) -> None:
        self._xray = xray
        self._lock = threading.Lock()
        self._jobs: dict[str, Job] = {}

    def start(self, request: dict[str, Any]) -> dict[str, Any]:
        start, end = request["StartTime"], request["EndTime"]
        if start > end:
            raise InvalidRequestError(f"StartTime {start} is after EndTime {end}")
        if not request["TraceIds"]:
            raise InvalidRequestError("TraceIds has 0 members; give 1 to 100 trace ids")
        wanted = tuple(dict.fromkeys(map(_trace_id, request["TraceIds"])))
        if destination(self._xray.store) != "CloudWatchLogs":
            raise NotFoundError(
                "The log group aws/spans does not exist: turn Transaction Search on, with"
                " UpdateTraceSegmentDestination and the Destination CloudWatchLogs",
                ResourceName="aws/spans",
            )
        now = self._xray.clock()
        token = self._xray.ids.request_id()
        with self._lock:
            self._jobs = {name: job for name, job in self._jobs.items() if job.expires > now}
            self._jobs[token] = Job(wanted, start, end, now + JOB_SECONDS)
        return {"RetrievalToken": token}

    def traces(self, request: dict[str, Any]) -> dict[str, Any]:
        job, form = self._job(request), request.get("TraceFormat", "XRAY")
        read = otel_spans.spans if form == "OTEL" else _segments
        entries = [
            {"Id": trace.id, "Duration": trace.duration, "Spans": part}
            for trace in self._traces(job)
            for part in _parts([{"Id": name, "Document": text} for name, text in read(trace)])
        ]
        answer = paged("Traces", entries, request, TRACES_PER_PAGE)
        return {"RetrievalStatus": job.status, "TraceFormat": form, **answer}

    def graph(self, request: dict[str, Any]) -> dict[str, Any]:
        job = self._job(request)
        traces = list(self._traces(job))
        links = _links(traces)
        services = [
            {"Service": service, "Links": links.get(_key(service), [])[:MOST_LINKS]}
            for service in graph.to_api(self._xray.graph_of([trace.id for trace in traces]))
        ]
        return {"RetrievalStatus": job.status, **paged("Services", services, request, SERVICES_PER_PAGE)}

    def cancel(self, request: dict[str, Any]) -> dict[str, Any]:
        job = self._job(request)
        with self._lock:
            self._jobs[request["RetrievalToken"]] = replace(job, status="CANCELLED")
        return {}

    def _job(self, request: dict[str, Any]) -> Job:
        token = request["RetrievalToken"]
        with self._lock:
            job = self._jobs.get(token)
        if job is None or job.expires <= self._xray.clock():
            raise NotFoundError(
                f"There is no retrieval {token!r}; they are kept for 60 minutes", ResourceName=token
            )
        return job

    def _traces(self, job: Job) -> Iterator[Trace]:
        if job.status == "CANCELLED":
            return
        for trace_id in job.trace_ids:
            trace = self._xray.trace(trace_id)
            if trace and trace.start <= job.end and trace.start + trace.duration >= job.start:
                yield trace


def _trace_id(text: str) -> str:
    """Return X-Ray's form of a trace id, which may also be given in W3C's."""
    if match := _W3C_ID.fullmatch(text):
        return f"1-{match[1]}-{match[2]}"
    if not is_trace_id(text):
        raise InvalidRequestError(
            f"TraceIds has {text!r}; a trace id is 1-<8 hex digits>-<24 hex digits>, or 32 hex digits"
        )
    return text


def _segments(trace: Trace) -> Iterator[tuple[str, str]]:
    pending = trace.segments()[::-1]
    while pending:
        name, text = pending.pop()
        if len(text) > MOST_CHARACTERS:
            document = json.loads(text)
            inner = document.pop("subsegments", [])
            place = {"trace_id": trace.id, "parent_id": document["id"], "type": "subsegment"}
            pending += [(child["id"], json.dumps(child | place)) for child in reversed(inner)]
            text = json.dumps(document)
        yield name, text


def _parts(documents: list[dict[str, str]]) -> Iterator[list[dict[str, str]]]:
    for start in range(0, len(documents), SPANS_PER_TRACE):
        yield documents[start : start + SPANS_PER_TRACE]


def _links(traces: list[Trace]) -> dict[tuple[str | None, ...], list[dict[str, Any]]]:
    """Return the links of every service to the traces that its messages came from."""
    found: dict[ServiceKey, dict[str, list[str]]] = defaultdict(dict)
    for trace in traces:
        for top in trace.tops:
            for link in top.fields.get("links", ()) if top.is_segment else ():
                if is_trace_id(link.get("trace_id", "")):
                    sources = found[graph.service_key(top, trace)]
                    sources.setdefault(link["trace_id"], []).append(trace.id)
    return {
        key: [
            {"ReferenceType": "link", "SourceTraceId": source, "DestinationTraceIds": targets}
            for source, targets in sources.items()
        ]
        for key, sources in found.items()
    }


def _key(service: dict[str, Any]) -> tuple[str | None, ...]:
    return service["Name"], service.get("Type"), service.get("AccountId")
