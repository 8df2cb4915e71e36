"""A trace as OTLP, and back through the embedded AWS's own receiver."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from embedded_aws.xray.intake.otlp_http import JSON, otlp_app
from tests.waterfall import samples
from tests.waterfall.files.test_kept import KINDS, taken_out
from tests.waterfall.samples import TRACE_ID
from waterfall.compare.difference import compare
from waterfall.compare.normal import normal_form
from waterfall.files.otlp import DOCUMENT, otlp_shape

if TYPE_CHECKING:
    from tests.waterfall.conftest import Api


def sent(api: Api, request: dict[str, Any]) -> dict[str, Any]:
    """Post a request to the OTLP receiver of this X-Ray; returns its answer."""

    async def post() -> httpx.Response:
        transport = httpx.ASGITransport(otlp_app(api.xray.put))
        async with httpx.AsyncClient(transport=transport, base_url="http://collector") as client:
            body = json.dumps(request)
            return await client.post("/v1/traces", content=body, headers={"Content-Type": JSON})

    answer = asyncio.run(post())
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def spans_of(shape: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        span
        for resource in shape["resourceSpans"]
        for scope in resource["scopeSpans"]
        for span in scope["spans"]
    ]


def attributes_of(span: dict[str, Any]) -> dict[str, Any]:
    return {one["key"]: next(iter(one["value"].values())) for one in span["attributes"]}


@pytest.mark.parametrize("documents", KINDS.values(), ids=KINDS)
def test_a_trace_comes_back_in_the_same_normal_form(api: Api, documents: list[dict[str, Any]]) -> None:
    """Export, then the receiver: origins, metadata, exceptions with frames, everything is as it was."""
    given = taken_out(api, documents)
    assert sent(api, otlp_shape(given)) == {}
    (found,) = api.reader().get([TRACE_ID])
    assert compare(given, found).findings == ()
    assert [one.signature for one in normal_form(given)] == [one.signature for one in normal_form(found)]


def test_other_backends_read_what_opentelemetry_has_words_for() -> None:
    """Services, kinds, HTTP, AWS calls, annotations and failures stand in the spans themselves."""
    shape = otlp_shape(samples.trace(samples.failed()))
    services = [one["resource"]["attributes"][0]["value"]["stringValue"] for one in shape["resourceSpans"]]
    assert services[:2] == ["traced-api/dev", "front"]
    entry = spans_of(shape)[0]
    assert entry["kind"] == 2
    assert "parentSpanId" not in entry
    assert entry["traceId"] == TRACE_ID.removeprefix("1-").replace("-", "")
    told = attributes_of(entry)
    assert told["http.request.method"] == "GET"
    assert told["url.full"] == f"{samples.API}/hello"
    assert entry["status"] == {"code": 2}
    failed = [span for span in spans_of(shape) if span["events"]]
    assert failed
    event = attributes_of(failed[0]["events"][0])
    assert event["exception.type"]
    assert 'File "app.py", line 12, in handler' in event["exception.stacktrace"]


def test_a_span_cannot_carry_the_document_of_another(api: Api) -> None:
    """A document counts for the very span that carries it; beside it, it is an attribute like any other."""
    shape = otlp_shape(samples.trace(samples.request()))
    entry = spans_of(shape)[0]
    for attribute in entry["attributes"]:
        if attribute["key"] == DOCUMENT:
            carried = json.loads(attribute["value"]["stringValue"])
            attribute["value"]["stringValue"] = json.dumps({**carried, "id": "ffffffffffffffff"})
    sent(api, shape)
    (found,) = api.reader().get([TRACE_ID])
    assert "ffffffffffffffff" not in {node.id for node in found.nodes}
    assert entry["spanId"] in {node.id for node in found.nodes}


def test_half_a_surrogate_pair_does_not_cost_the_request(api: Api) -> None:
    """Protobuf refuses such a text, and with it all spans."""
    odd = samples.segment("half", "a000000000000001", 0, 1, annotations={"half": "\ud800"})
    assert sent(api, otlp_shape(samples.trace([odd]))) == {}
    (found,) = api.reader().get([TRACE_ID])
    assert found.nodes[0].name == "half"
