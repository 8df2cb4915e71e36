"""Segment documents in a few words, and the API without sockets."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from embedded_aws.xray.api.traces import operations, service
from embedded_aws.xray.service import XRay
from tests.embedded_aws.posting import post

NOW = 1_790_000_000.0
TRACE = f"1-{int(NOW):08x}-{'0' * 24}"


def identifier(short: str) -> str:
    """Turn `a` into a segment id."""
    return short.encode().hex().rjust(16, "0")


def trace_id(number: int, time: float = NOW) -> str:
    return f"1-{int(time):08x}-{number:024x}"


def segment(
    short: str, parent: str | None = None, *, at: float = 0.0, takes: float | None = 1.0, **fields: Any
) -> dict[str, Any]:
    """A segment that starts `at` seconds after NOW; it is in progress when `takes` is `None`."""
    start = NOW + at
    end = {"in_progress": True} if takes is None else {"end_time": start + takes}
    document = {"id": identifier(short), "name": short, "trace_id": TRACE, "start_time": start, **end}
    if parent is not None:
        document["parent_id"] = identifier(parent)
    return document | fields


def subsegment(short: str, parent: str, **fields: Any) -> dict[str, Any]:
    """A subsegment that is sent alone."""
    return segment(short, parent, type="subsegment", **fields)


def inner(short: str, **fields: Any) -> dict[str, Any]:
    """A subsegment that is sent inside its parent."""
    document = segment(short, **fields)
    del document["trace_id"]
    return document


class Api:
    """X-Ray's operations by path: members in, status and members out."""

    def __init__(self, xray: XRay) -> None:
        self.xray = xray
        self._operations = operations(xray)

    def call(self, path: str, **request: Any) -> tuple[int, dict[str, Any]]:
        response = post(service(self._operations), path, json.dumps(request).encode())
        return response.status, json.loads(response.body)

    def ask(self, path: str, **request: Any) -> dict[str, Any]:
        status, answer = self.call(path, **request)
        assert status == 200, answer
        return answer

    def put(self, *documents: Any) -> None:
        """Hand in documents as the daemon does, all of which X-Ray takes."""
        assert self.xray.put(_texts(documents)) == []

    def send(self, *documents: Any) -> list[dict[str, str]]:
        """Send documents, JSON texts as they are, and return the unprocessed ones."""
        answer = self.ask("/TraceSegments", TraceSegmentDocuments=_texts(documents))
        refused: list[dict[str, str]] = answer["UnprocessedTraceSegments"]
        return refused

    def documents(self, trace: str = TRACE) -> list[dict[str, Any]]:
        """Read back the documents of a trace."""
        traces = self.ask("/Traces", TraceIds=[trace])["Traces"]
        return [json.loads(entry["Document"]) for found in traces for entry in found["Segments"]]

    def summary(self) -> dict[str, Any]:
        """Read back the summary of the only trace."""
        found: dict[str, Any]
        (found,) = self.ask("/TraceSummaries", StartTime=NOW - 10, EndTime=NOW + 60)["TraceSummaries"]
        return found

    def ids(self, expression: str, **request: Any) -> list[str]:
        """List the ids of the traces that an expression selects, newest first."""
        window = {"StartTime": NOW - 10, "EndTime": NOW + 3600}
        pages = [self.ask("/TraceSummaries", **window, FilterExpression=expression, **request)]
        while "NextToken" in pages[-1]:
            token = pages[-1]["NextToken"]
            pages.append(
                self.ask("/TraceSummaries", **window, FilterExpression=expression, **request, NextToken=token)
            )
        return [found["Id"] for page in pages for found in page["TraceSummaries"]]

    def graph(self, *traces: str) -> dict[tuple[str, str | None], dict[str, Any]]:
        """Read back the services of a trace graph by name and type."""
        services = self.ask("/TraceGraph", TraceIds=traces or [TRACE])["Services"]
        return {(service["Name"], service.get("Type")): service for service in services}

    def edges(self, *traces: str) -> dict[tuple[str, str], dict[str, Any]]:
        """Read back the edges of a trace graph by `type of the caller` and `type of the called`."""
        services = self.ask("/TraceGraph", TraceIds=traces or [TRACE])["Services"]
        kinds = {service["ReferenceId"]: service.get("Type", service["Name"]) for service in services}
        return {
            (kinds[service["ReferenceId"]], kinds[edge["ReferenceId"]]): edge
            for service in services
            for edge in service["Edges"]
        }


def _texts(documents: Iterable[Any]) -> list[str]:
    return [document if isinstance(document, str) else json.dumps(document) for document in documents]
