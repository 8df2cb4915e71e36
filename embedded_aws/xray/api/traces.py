"""X-Ray's HTTP API, and of its operations those about traces and their graphs.

https://docs.aws.amazon.com/xray/latest/api/API_Operations.html
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import orjson

from embedded_aws.aws.errors import InvalidRequestError
from embedded_aws.aws.paging import bad_token, paged, position, read_token, token
from embedded_aws.aws.parsing import decode
from embedded_aws.aws.service import Operation, Service
from embedded_aws.xray.api import account, groups, insights, policies, retrieval, tags, time_series
from embedded_aws.xray.api.requests import optional_group, window
from embedded_aws.xray.api.sampling import UNCHECKED
from embedded_aws.xray.query import graph
from embedded_aws.xray.query.filters.parser import parse
from embedded_aws.xray.service import Query

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from embedded_aws.xray.service import XRay

MAX_TRACE_IDS = 5
SUMMARIES_PER_PAGE = 100
"""X-Ray's own page size is not published."""
SERVICES_PER_PAGE = 1000
MAX_DOCUMENTS = 50
"""Not in X-Ray's reference; its clients learnt it from the error."""
TRACE_CHARACTERS = 500_000
"""Of one trace. X-Ray's limit is said to vary from 100 to 500 kB with how the segments trickle in."""
PAGE_CHARACTERS = 5_000_000
"""BatchGetTraces starts another page after this many characters of documents; a trace is never cut in two."""


def operations(
    xray: XRay, *others: Mapping[str, Operation], arrived: Callable[[], object] = lambda: None
) -> dict[str, Operation]:
    """Return the operations by name: all but those about sampling, and what the others bring.

    `arrived` waits until what was sent to the daemon before has been stored.
    """
    table: dict[str, Operation] = {
        "PutTraceSegments": partial(_put_trace_segments, xray),
        "PutTelemetryRecords": partial(_put_telemetry_records, xray),
        "BatchGetTraces": partial(_batch_get_traces, xray, arrived),
        "GetTraceSummaries": partial(_get_trace_summaries, xray),
        "GetTraceGraph": partial(_get_trace_graph, xray),
        "GetServiceGraph": partial(_get_service_graph, xray),
    }
    for other in (*_modules(xray), *others):
        table.update(other)
    return table


def _modules(xray: XRay) -> Iterator[Mapping[str, Operation]]:
    yield time_series.operations(xray)
    yield groups.operations(xray.groups, xray.tags)
    yield tags.operations(xray.tags)
    yield account.operations(xray.store, xray.clock)
    yield policies.operations(xray.store, xray.clock)
    yield insights.operations(xray.groups, xray.clock)
    yield retrieval.operations(xray)


def service(table: Mapping[str, Operation]) -> Service:
    """Return X-Ray's HTTP API with these operations."""
    return Service("xray", table, unchecked=UNCHECKED)


def _put_trace_segments(xray: XRay, request: dict[str, Any]) -> dict[str, Any]:
    documents = request["TraceSegmentDocuments"]
    if len(documents) > MAX_DOCUMENTS:
        raise InvalidRequestError(
            f"Exceeding maximum segment count: {MAX_DOCUMENTS}. TraceSegmentDocuments has {len(documents)} "
            "members; send them in several requests"
        )
    return {"UnprocessedTraceSegments": xray.put(documents, trace_limit=TRACE_CHARACTERS)}


def _put_telemetry_records(xray: XRay, request: dict[str, Any]) -> dict[str, Any]:
    xray.count_telemetry(len(request["TelemetryRecords"]))
    return {}


def _batch_get_traces(xray: XRay, arrived: Callable[[], object], request: dict[str, Any]) -> dict[str, Any]:
    wanted = _trace_ids(request)
    arrived()  # unlike on AWS: who has a function's answer then sees all that the function sent
    traces: list[dict[str, Any]] = []
    unknown: list[str] = []
    size = 0
    for number in range(position(request), len(wanted)):
        if size > PAGE_CHARACTERS:
            return {"Traces": traces, "UnprocessedTraceIds": unknown, "NextToken": token(number)}
        trace = xray.trace(wanted[number])
        if trace is None:
            unknown.append(wanted[number])
            continue
        segments = [{"Id": name, "Document": document} for name, document in trace.segments()]
        characters = sum(len(segment["Document"]) for segment in segments)
        size += characters
        traces.append(
            {
                "Id": trace.id,
                "Duration": trace.duration,
                "LimitExceeded": characters > TRACE_CHARACTERS,
                "Segments": segments,
            }
        )
    return {"Traces": traces, "UnprocessedTraceIds": unknown}


def _get_trace_summaries(xray: XRay, request: dict[str, Any]) -> dict[str, Any]:
    page = xray.summaries(_query(request), before=_row_position(request), limit=SUMMARIES_PER_PAGE)
    found = page.summaries
    answer = {
        "TraceSummaries": [orjson.Fragment(text) for text in found],
        "ApproximateTime": decode(found[-1])["StartTime"] if found else request["StartTime"],
        "TracesProcessedCount": page.processed,
    }
    return answer if page.last is None else {**answer, "NextToken": token([*page.last])}


def _get_trace_graph(xray: XRay, request: dict[str, Any]) -> dict[str, Any]:
    services = graph.to_api(xray.graph_of(_trace_ids(request)))
    return paged("Services", services, request, SERVICES_PER_PAGE)


def _get_service_graph(xray: XRay, request: dict[str, Any]) -> dict[str, Any]:
    # X-Ray is said to allow 6 hours at most; a laptop has fewer traces, so any window is answered.
    start, end = window(request)
    group = optional_group(xray.groups, request)
    services = graph.to_api(xray.graph(start, end, group))
    return {
        "StartTime": start,
        "EndTime": end,
        "ContainsOldGroupVersions": xray.has_old_versions(start, end, group),
        **paged("Services", services, request, SERVICES_PER_PAGE),
    }


def _trace_ids(request: dict[str, Any]) -> list[str]:
    wanted = list(dict.fromkeys(request["TraceIds"]))
    if not 1 <= len(wanted) <= MAX_TRACE_IDS:
        raise InvalidRequestError(f"TraceIds has {len(wanted)} members; give 1 to {MAX_TRACE_IDS} trace ids")
    return wanted


def _query(request: dict[str, Any]) -> Query:
    start, end = window(request)
    text = request.get("FilterExpression", "")
    strategy = request.get("SamplingStrategy", {}) if request.get("Sampling") else {}
    name, share = strategy.get("Name"), strategy.get("Value", 1.0)
    if not 0 <= share <= 1:
        raise InvalidRequestError(f"SamplingStrategy.Value is {share}; it must be 0 to 1")
    # What the two strategies do is not published; these are the meanings that their names suggest.
    if name == "PartialScan":
        start = end - (end - start) * share
    return Query(
        start,
        end,
        request.get("TimeRangeType", "TraceId"),
        parse(text) if text.strip() else None,
        share if name == "FixedRate" else 1.0,
    )


def _row_position(request: dict[str, Any]) -> tuple[float, int] | None:
    match read_token(request):
        case None:
            return None
        case [float(moment), int(number)]:
            return moment, number
    raise bad_token(request)
