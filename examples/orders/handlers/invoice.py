"""Writes an invoice for each order that is announced with this way to pay."""

from __future__ import annotations

import json
import os
from typing import Any

import boto3
from opentelemetry import trace

from tracing import annotate, capture_lambda_handler

tracer = trace.get_tracer(__name__)
s3 = boto3.client("s3")


@capture_lambda_handler
def handler(event: dict[str, Any], _context: Any) -> None:
    for record in event["Records"]:
        invoice(json.loads(record["Sns"]["Message"]))


def invoice(order: dict[str, Any]) -> None:
    with tracer.start_as_current_span("WriteInvoice"):
        annotate("order", order["id"])
        text = f"{order['customer']}: {order['quantity']} {order['sku']}, {order['total'] / 100:.2f}\n"
        s3.put_object(Bucket=os.environ["BUCKET_NAME"], Key=f"{order['id']}.txt", Body=text.encode())
