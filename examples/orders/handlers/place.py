"""POST /orders: prices an order and announces it."""

from __future__ import annotations

import json
import os
import uuid
from typing import Any

import boto3
from opentelemetry import trace

from tracing import annotate, capture_lambda_handler

PRICES = {"tea": 450, "coffee": 690, "espresso machine": 69900}
"""What there is, in cents."""
EXPECTED = {"customer": "ada", "sku": "tea", "quantity": 2, "payment": "card or invoice"}

tracer = trace.get_tracer(__name__)
sns = boto3.client("sns")


@capture_lambda_handler
def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    match json.loads(event.get("body") or "{}"):
        case {
            "customer": str(customer),
            "sku": str(sku),
            "quantity": int(quantity),
            "payment": "card" | "invoice" as payment,
        } if sku in PRICES:
            order = {"id": str(uuid.uuid4()), "customer": customer, "sku": sku, "quantity": quantity}
        case _:
            return {"statusCode": 400, "body": json.dumps({"expected": EXPECTED})}
    order["total"] = price(sku, quantity)
    announce(order, payment)
    return {"statusCode": 202, "body": json.dumps(order)}


def price(sku: str, quantity: int) -> int:
    with tracer.start_as_current_span("PriceOrder"):
        total = PRICES[sku] * quantity
        annotate("total", total)
        return total


def announce(order: dict[str, Any], payment: str) -> None:
    sns.publish(
        TopicArn=os.environ["TOPIC_ARN"],
        Message=json.dumps(order),
        MessageAttributes={"payment": {"DataType": "String", "StringValue": payment}},
    )
