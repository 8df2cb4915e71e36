"""X-Ray's HTTP API: a path and a JSON body in, a status and a JSON body out. Sockets are elsewhere.

https://docs.aws.amazon.com/xray/latest/api/API_Operations.html
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from embedded_aws.aws.errors import AwsError, InvalidRequestError, wire_form
from embedded_aws.aws.parsing import ParseError, read_object
from embedded_aws.xray.api import (
    account as account_api,
)
from embedded_aws.xray.api import (
    groups as groups_api,
)
from embedded_aws.xray.api import (
    insights as insights_api,
)
from embedded_aws.xray.api import (
    policies as policies_api,
)
from embedded_aws.xray.api import (
    retrieval as retrieval_api,
)
from embedded_aws.xray.api import (
    tags,
    time_series,
)
from embedded_aws.xray.api.requests import (
    bad_token,
    optional_group,
    paged,
    position,
    read_token,
    token,
    window,
)
from embedded_aws.xray.api.validation import Operation, validated
from embedded_aws.xray.query import graph
from embedded_aws.xray.query.filters.parser import parse
from embedded_aws.xray.service import Query

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

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


@dataclass(frozen=True)
class Response:
    status: int
    headers: dict[str, str]
    body: bytes


def operations(xray: XRay, *others: Mapping[str, Operation]) -> dict[str, Operation]:
    """Return the operations by path: all but those about sampling, and what the others bring."""
    table: dict[str, Operation] = {
        "/TraceSegments": validated("PutTraceSegments", partial(_put_trace_segments, xray)),
        "/TelemetryRecords": validated("PutTelemetryRecords", partial(_put_telemetry_records, xray)),
        "/Traces": validated("BatchGetTraces", partial(_batch_get_traces, xray)),
        "/TraceSummaries": validated("GetTraceSummaries", partial(_get_trace_summaries, xray)),
        "/TraceGraph": validated("GetTraceGraph", partial(_get_trace_graph, xray)),
        "/ServiceGraph": validated("GetServiceGraph", partial(_get_service_graph, xray)),
    }
    for other in (*_modules(xray), *others):
        table.update(other)
    return table


def _modules(xray: XRay) -> Iterator[Mapping[str, Operation]]:
    yield time_series.operations(xray)
    yield groups_api.operations(xray.groups, xray.tags)
    yield tags.operations(xray.tags)
    yield account_api.operations(xray.store, xray.clock)
    yield policies_api.operations(xray.store, xray.clock)
    yield insights_api.operations(xray.groups, xray.clock)
    yield retrieval_api.operations(xray)


def dispatch(table: Mapping[str, Operation], path: str, body: bytes) -> Response:
    """Answer one POST request; an empty body is an empty request."""
    try:
        operation = table.get(path)
        if operation is None:
            raise AwsError("UnknownOperationException", f"There is no operation of X-Ray at {path} here", 404)
        return _response(200, _answer(operation, body))
    except AwsError as error:
        headers = {"Content-Type": "application/json", "x-amzn-errortype": error.code}
        return Response(error.status, headers, wire_form("xray", error))


def _answer(operation: Operation, body: bytes) -> dict[str, Any]:
    try:
        request = read_object(body)
    except ParseError as error:
        raise AwsError("SerializationException", f"The body is not a JSON object: {error}") from error
    return operation(request)


def _response(status: int, answer: Mapping[str, Any]) -> Response:
    return Response(status, {"Content-Type": "application/json"}, json.dumps(answer).encode())


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


def _batch_get_traces(xray: XRay, request: dict[str, Any]) -> dict[str, Any]:
    wanted = _trace_ids(request)
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
        "TraceSummaries": found,
        "ApproximateTime": found[-1]["StartTime"] if found else request["StartTime"],
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
