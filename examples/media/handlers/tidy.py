"""Deletes what is older than a month."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
from opentelemetry import trace

from tracing import annotate, capture_lambda_handler

KEPT = timedelta(days=30)

tracer = trace.get_tracer(__name__)
s3 = boto3.client("s3")


@capture_lambda_handler
def handler(_event: dict[str, Any], _context: Any) -> None:
    with tracer.start_as_current_span("Tidy"):
        bucket = os.environ["BUCKET_NAME"]
        old = [{"Key": key} for key in older_than(bucket, datetime.now(UTC) - KEPT)]
        annotate("deleted", len(old))
        if old:
            s3.delete_objects(Bucket=bucket, Delete={"Objects": old})


def older_than(bucket: str, moment: datetime) -> list[str]:
    """Return at most 1000 keys: the rest waits for tomorrow."""
    found = s3.list_objects_v2(Bucket=bucket)
    return [item["Key"] for item in found.get("Contents", []) if item["LastModified"] < moment]
