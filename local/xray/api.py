"""X-Ray's HTTP API: a path and a JSON body in, a status and a JSON body out. Sockets are elsewhere.

https://docs.aws.amazon.com/xray/latest/api/API_Operations.html
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from local.xray import graph
from local.xray.errors import InvalidRequestError, XRayError
from local.xray.validation import Operation, validated

if TYPE_CHECKING:
    from collections.abc import Mapping

    from local.xray.service import XRay

MAX_TRACE_IDS = 5
SUMMARIES_PER_PAGE = 100
"""X-Ray's own page size is not published."""
PAGE_CHARACTERS = 5_000_000
"""BatchGetTraces starts another page after this many characters of documents; a trace is never cut in two."""


@dataclass(frozen=True)
class Response:
    status: int
    headers: dict[str, str]
    body: bytes


def operations(xray: XRay, *others: Mapping[str, Operation]) -> dict[str, Operation]:
    """Return all operations by path: those of the trace store, and what other modules bring."""
    table: dict[str, Operation] = {
        "/TraceSegments": validated("PutTraceSegments", partial(_put_trace_segments, xray)),
        "/TelemetryRecords": validated("PutTelemetryRecords", partial(_put_telemetry_records, xray)),
        "/Traces": validated("BatchGetTraces", partial(_batch_get_traces, xray)),
        "/TraceSummaries": validated("GetTraceSummaries", partial(_get_trace_summaries, xray)),
        "/TraceGraph": validated("GetTraceGraph", partial(_get_trace_graph, xray)),
        "/ServiceGraph": validated("GetServiceGraph", partial(_get_service_graph, xray)),
    }
    for other in others:
        table.update(other)
    return table


def dispatch(table: Mapping[str, Operation], path: str, body: bytes) -> Response:
    """Answer one POST request; an empty body is an empty request."""
    try:
        operation = table.get(path)
        if operation is None:
            raise XRayError("UnknownOperationException", f"X-Ray has no operation at {path}", 404)
        return _response(200, _answer(operation, body))
    except XRayError as error:
        answer = _response(error.status, {"Message": error.message, **error.fields})
        answer.headers["x-amzn-errortype"] = error.code
        return answer


def _answer(operation: Operation, body: bytes) -> dict[str, Any]:
    try:
        request = json.loads(body or b"{}")
    except (ValueError, RecursionError) as error:
        raise XRayError("SerializationException", f"The body is not JSON: {error}") from error
    if not isinstance(request, dict):
        raise XRayError("SerializationException", "The body must be a JSON object")
    try:
        return operation(request)
    except RecursionError as error:
        raise XRayError("SerializationException", "The body is nested too deeply") from error


def _response(status: int, answer: Mapping[str, Any]) -> Response:
    return Response(status, {"Content-Type": "application/json"}, json.dumps(answer).encode())


def _put_trace_segments(xray: XRay, request: dict[str, Any]) -> dict[str, Any]:
    return {"UnprocessedTraceSegments": xray.put(request["TraceSegmentDocuments"])}


def _put_telemetry_records(xray: XRay, request: dict[str, Any]) -> dict[str, Any]:
    xray.count_telemetry(len(request["TelemetryRecords"]))
    return {}


def _batch_get_traces(xray: XRay, request: dict[str, Any]) -> dict[str, Any]:
    wanted = _trace_ids(request)
    traces: list[dict[str, Any]] = []
    unknown: list[str] = []
    size = 0
    for number in range(_trace_position(request), len(wanted)):
        if size > PAGE_CHARACTERS:
            return {"Traces": traces, "UnprocessedTraceIds": unknown, "NextToken": _token(number)}
        trace = xray.trace(wanted[number])
        if trace is None:
            unknown.append(wanted[number])
            continue
        segments = [{"Id": name, "Document": document} for name, document in trace.segments()]
        size += sum(len(segment["Document"]) for segment in segments)
        traces.append(
            {"Id": trace.id, "Duration": trace.duration, "LimitExceeded": False, "Segments": segments}
        )
    return {"Traces": traces, "UnprocessedTraceIds": unknown}


def _get_trace_summaries(xray: XRay, request: dict[str, Any]) -> dict[str, Any]:
    start, end = _window(request)
    if "FilterExpression" in request:
        raise InvalidRequestError("FilterExpression is not supported here yet; leave it out")
    by = request.get("TimeRangeType", "TraceId")
    page = xray.summaries(start, end, by, before=_row_position(request), limit=SUMMARIES_PER_PAGE)
    found = page.summaries
    answer = {
        "TraceSummaries": found,
        "ApproximateTime": found[-1]["StartTime"] if found else start,
        "TracesProcessedCount": len(found),
    }
    return answer if page.last is None else {**answer, "NextToken": _token([*page.last])}


def _get_trace_graph(xray: XRay, request: dict[str, Any]) -> dict[str, Any]:
    return {"Services": graph.to_api(xray.graph_of(_trace_ids(request)))}


def _get_service_graph(xray: XRay, request: dict[str, Any]) -> dict[str, Any]:
    # X-Ray is said to allow 6 hours at most; a laptop has fewer traces, so any window is answered.
    start, end = _window(request)
    if request.get("GroupName", "Default") != "Default" or "GroupARN" in request:
        raise InvalidRequestError("Groups are not supported here yet; leave out GroupName and GroupARN")
    services = graph.to_api(xray.graph(start, end))
    return {"StartTime": start, "EndTime": end, "Services": services, "ContainsOldGroupVersions": False}


def _trace_ids(request: dict[str, Any]) -> list[str]:
    wanted = list(dict.fromkeys(request["TraceIds"]))
    if not 1 <= len(wanted) <= MAX_TRACE_IDS:
        raise InvalidRequestError(f"TraceIds has {len(wanted)} members; give 1 to {MAX_TRACE_IDS} trace ids")
    return wanted


def _window(request: dict[str, Any]) -> tuple[float, float]:
    start, end = request["StartTime"], request["EndTime"]
    if start >= end:
        raise InvalidRequestError(f"StartTime {start} is not before EndTime {end}")
    return start, end


def _token(position: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(position).encode()).decode()


def _trace_position(request: dict[str, Any]) -> int:
    match _position(request):
        case None:
            return 0
        case int(number) if number > 0:
            return number
    raise _bad_token(request)


def _row_position(request: dict[str, Any]) -> tuple[float, int] | None:
    match _position(request):
        case None:
            return None
        case [float(moment), int(number)]:
            return moment, number
    raise _bad_token(request)


def _position(request: dict[str, Any]) -> Any:
    if "NextToken" not in request:
        return None
    try:
        return json.loads(base64.b64decode(request["NextToken"], altchars=b"-_", validate=True))
    except (ValueError, RecursionError) as error:
        raise _bad_token(request) from error


def _bad_token(request: dict[str, Any]) -> InvalidRequestError:
    return InvalidRequestError(
        f"NextToken {request['NextToken']!r} did not come from an answer of this operation"
    )
