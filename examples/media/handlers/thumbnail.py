"""Makes a thumbnail of each picture that arrives in the bucket."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote_plus

import boto3
from opentelemetry import trace

from tracing import annotate, capture_lambda_handler

SIDE = 64
"""Pixels that a thumbnail has at most, in each direction."""

tracer = trace.get_tracer(__name__)
s3 = boto3.client("s3")


@capture_lambda_handler
def handler(event: dict[str, Any], _context: Any) -> None:
    for record in event["Records"]:
        # keys are written as in a query
        # https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
        arrived(record["s3"]["bucket"]["name"], unquote_plus(record["s3"]["object"]["key"]))


def arrived(bucket: str, key: str) -> None:
    picture = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    small = shrunk(picture)
    s3.put_object(Bucket=bucket, Key=key.replace("pictures/", "thumbnails/", 1), Body=small)


def shrunk(picture: bytes) -> bytes:
    """Return a picture with every n-th pixel of another; both are portable pixmaps of 24 bits."""
    with tracer.start_as_current_span("Shrink"):
        _magic, columns, rows, _brightest, pixels = picture.split(maxsplit=4)
        width, height = int(columns), int(rows)
        step = -(-max(width, height) // SIDE)
        annotate("step", step)
        kept = [
            pixels[3 * (y * width + x) :][:3] for y in range(0, height, step) for x in range(0, width, step)
        ]
        size = f"P6 {len(range(0, width, step))} {len(range(0, height, step))} 255\n"
        return size.encode() + b"".join(kept)
