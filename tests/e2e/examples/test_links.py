"""`examples/links`: a function URL, a bus of its own, a state machine."""

from __future__ import annotations

import json

import pytest

from tests.e2e.examples.example import Example

OURS = {
    "machine": "shorten > shorten > shorten > shorten.handler > Shorten > Events > vet",
    "check": "Check > Lambda > check > check > check.handler > CheckLink",
}
# ADOT puts what is called beside its span, and calls that as the function is called
ADOTS = {
    "machine": "shorten > shorten > shorten > vet",
    "check": "Check > Lambda > check > check > check > CheckLink",
}
WAYS = {"otel": OURS, "native": OURS, "instrument": ADOTS}
STARTS = {"otel": "Events > vet", "native": "Events > vet", "instrument": "shorten > vet"}


def shorten(example: Example, url: str) -> tuple[str, str]:
    """Return the trace's id, and that of the new link."""
    trace_id, answer = example.send("POST", example.outputs["url"], json.dumps({"url": url}).encode())
    assert answer.status == 202, answer.body
    return trace_id, json.loads(answer.body)["id"]


@pytest.mark.parametrize(
    ("url", "state", "status"),
    [("https://example.com", "Publish", "public"), ("https://example.net", "Block", "blocked")],
)
def test_one_trace_leads_to_the_state_that_is_reached(
    example: Example, url: str, state: str, status: str
) -> None:
    """The bus and the state machine pass the trace on; each state is a subsegment.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-related-service-xray.html
    https://docs.aws.amazon.com/step-functions/latest/dg/concepts-xray-tracing.html
    """
    trace_id, link = shorten(example, url)
    machine, check = WAYS[example.mode]["machine"], WAYS[example.mode]["check"]
    ends = (f"{machine} > {check}", f"{machine} > IsSafe", f"{machine} > {state} > DynamoDB")
    trace = example.trace(trace_id, *ends)
    assert example.edges(trace) >= {STARTS[example.mode], "vet > check", "vet > links"}
    table = {"TableName": example.outputs["table"], "Key": {"id": {"S": link}}}
    assert example.stack.client("dynamodb").get_item(**table)["Item"]["status"] == {"S": status}
