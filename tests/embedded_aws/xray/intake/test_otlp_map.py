"""Services that speak OTLP, on the service map."""

from __future__ import annotations

import json
from typing import Any

from embedded_aws.xray.intake import otlp, otlp_http
from tests.embedded_aws.xray.builders import NOW, TRACE, Api

SERVER, CLIENT, PRODUCER, CONSUMER = 2, 3, 4, 5


def span(
    number: int, kind: int, name: str, parent: int = 0, end: float = 1.0, **attributes: str | bool
) -> dict[str, Any]:
    texts = {key.replace("__", "."): value for key, value in attributes.items()}
    return {
        "traceId": TRACE[2:].replace("-", ""),
        "spanId": f"{number:016x}",
        "parentSpanId": f"{parent:016x}" if parent else "",
        "kind": kind,
        "name": name,
        "startTimeUnixNano": str(int(NOW * 10**9)),
        "endTimeUnixNano": str(int((NOW + end) * 10**9)),
        "attributes": [
            {"key": key, "value": {"boolValue" if value is True else "stringValue": value}}
            for key, value in texts.items()
        ],
    }


def send(api: Api, **services: list[dict[str, Any]]) -> None:
    resources = [
        {
            "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": name}}]},
            "scopeSpans": [{"spans": spans}],
        }
        for name, spans in services.items()
    ]
    body = json.dumps({"resourceSpans": resources}).encode()
    translation = otlp.translate(otlp_http.decode(otlp_http.JSON, body).resource_spans)
    assert not translation.rejected
    api.put(*translation.documents)


def test_a_message_leads_to_its_consumer_and_on_to_the_database(api: Api) -> None:
    """The map is whole from the producer over the consumer to what that calls."""
    send(
        api,
        checkout=[span(1, SERVER, "POST /orders"), span(2, PRODUCER, "orders publish", 1)],
        worker=[
            span(3, CONSUMER, "orders process", 2),
            span(4, CLIENT, "INSERT", 3, db__system="postgresql", db__name="orders-db"),
        ],
    )
    services = api.ask("/TraceGraph", TraceIds=[TRACE])["Services"]
    names = {
        service["ReferenceId"]: service["Name"] for service in services if service.get("Type") != "client"
    }
    edges = {
        (names[service["ReferenceId"]], names[edge["ReferenceId"]])
        for service in services
        if service["ReferenceId"] in names
        for edge in service["Edges"]
    }
    assert edges == {("checkout", "orders process"), ("orders process", "orders-db")}


def test_an_open_span_is_in_the_trace_as_in_progress(api: Api) -> None:
    """X-Ray gives it back without an end, whatever end OTLP gave it."""
    send(api, front=[span(1, SERVER, "GET /", aws__xray__inprogress=True, end=0)])
    (found,) = api.documents()
    assert found["in_progress"] is True
    assert "end_time" not in found
