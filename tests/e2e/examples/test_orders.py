"""`examples/orders`: a REST API, a topic, a queue, a filter policy, and a table's stream."""

from __future__ import annotations

import json
from typing import Any

from tests.e2e.examples.example import Example, linked

OURS = {
    "topic": "orders/live > Lambda > place > place > place.handler > SNS > placed",
    "invoice": "invoice > Attempt #1 > invoice > invoice.handler > WriteInvoice > S3",
    "store": "store > store > store.handler > StoreOrder > DynamoDB",
    "add_up": "add_up > add_up > add_up.handler > AddUp > DynamoDB",
}
# ADOT puts what is called beside its span, and calls that as the function is called
ADOTS = {
    "topic": "orders/live > Lambda > place > place > placed",
    "invoice": "invoice > Attempt #1 > invoice > invoice > WriteInvoice > S3",
    "store": "store > store > store > StoreOrder > DynamoDB",
    "add_up": "add_up > add_up > add_up > AddUp > DynamoDB",
}
WAYS = {"otel": OURS, "native": OURS, "instrument": ADOTS}


def order(example: Example, customer: str, payment: str) -> tuple[str, dict[str, Any]]:
    """Order two teas; return the trace's id and the order."""
    wanted = {"customer": customer, "sku": "tea", "quantity": 2, "payment": payment}
    trace_id, answer = example.send("POST", example.outputs["url"], json.dumps(wanted).encode())
    assert answer.status == 202, answer.body
    return trace_id, json.loads(answer.body)


def test_one_trace_leads_from_the_api_to_the_invoice(example: Example) -> None:
    """A topic with active tracing is a segment of its own, with what it delivered to.

    https://docs.aws.amazon.com/sns/latest/dg/sns-active-tracing.html
    """
    trace_id, ordered = order(example, "ada", "invoice")
    ways = WAYS[example.mode]
    trace = example.trace(trace_id, f"{ways['topic']} > Lambda > {ways['invoice']}", f"{ways['topic']} > SQS")
    edges = {"orders/live > place", "place > placed", "placed > invoice", "placed > to-store"}
    assert example.edges(trace) >= edges
    key = {"Bucket": example.outputs["invoices"], "Key": f"{ordered['id']}.txt"}
    assert example.stack.client("s3").get_object(**key)["Body"].read() == b"ada: 2 tea, 9.00\n"


def test_a_filter_policy_keeps_orders_from_the_invoice(example: Example) -> None:
    """The topic delivers to the queue alone."""
    trace_id, _ = order(example, "bob", "card")
    trace = example.trace(trace_id, f"{WAYS[example.mode]['topic']} > SQS")
    edges = example.edges(trace)
    assert "placed > to-store" in edges
    assert "placed > invoice" not in edges


def test_the_queue_s_consumer_is_linked(example: Example) -> None:
    """Its trace names the producer's.

    https://docs.aws.amazon.com/xray/latest/devguide/xray-tracelinking.html
    """
    producer, ordered = order(example, "eve", "card")
    trace = example.trace_of(ordered["id"], WAYS[example.mode]["store"])
    assert producer in linked(trace)
    assert "store > orders" in example.edges(trace)


def test_the_stream_begins_a_trace(example: Example) -> None:
    """DynamoDB passes no trace on, so nothing is linked, and nothing calls the function on the map.

    https://docs.aws.amazon.com/lambda/latest/dg/services-xray.html
    """
    order(example, "joe", "card")
    trace = example.trace_of('"joe"', WAYS[example.mode]["add_up"])
    assert linked(trace) == set()
    assert example.edges(trace) == {"add_up > totals"}
    table = {"TableName": example.outputs["totals"], "Key": {"customer": {"S": "joe"}}}
    assert example.stack.client("dynamodb").get_item(**table)["Item"]["spent"] == {"N": "900"}
