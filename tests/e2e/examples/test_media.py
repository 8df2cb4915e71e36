"""`examples/media`: an HTTP API, a bucket that tells of pictures, a schedule."""

from __future__ import annotations

import subprocess

from tests.e2e.examples.example import Example
from tests.e2e.stack import WATERFALL

PICTURE = b"P6 4 2 255\n" + bytes(range(24))
OURS = (
    "media > serve > serve > serve.handler > S3 > thumbnail > Attempt #1 > thumbnail > thumbnail.handler",
    "tidy > Attempt #1 > tidy > tidy.handler",
)
# ADOT puts what is called beside its span, and calls that as the function is called
ADOTS = (
    "media > serve > serve > thumbnail > Attempt #1 > thumbnail > thumbnail",
    "tidy > Attempt #1 > tidy > tidy",
)
BUCKET = {"otel": "pictures", "native": "pictures", "instrument": "S3"}
TELLS = {"otel": "pictures", "native": "pictures", "instrument": "serve"}
SPANS = {"otel": OURS, "native": OURS, "instrument": ADOTS}


def test_a_thumbnail_is_in_the_trace_of_its_picture(example: Example) -> None:
    """S3 passes the trace on.

    https://docs.aws.amazon.com/xray/latest/devguide/xray-services-s3.html
    """
    trace_id, answer = example.send("PUT", f"{example.outputs['url']}/dots.ppm", PICTURE)
    assert (answer.status, answer.body) == (202, "pictures/dots.ppm\n")
    way = SPANS[example.mode][0]
    example.trace(trace_id, f"{way} > Shrink", f"{way} > S3")
    bucket = example.stack.client("s3")
    small = bucket.get_object(Bucket=example.outputs["bucket"], Key="thumbnails/dots.ppm")["Body"].read()
    assert small == PICTURE


def test_the_map_leads_through_the_bucket(example: Example) -> None:
    """ADOT does not name buckets, and what is called beside its spans seems to be called by the function."""
    trace_id, _ = example.send("PUT", f"{example.outputs['url']}/map.ppm", PICTURE)
    trace = example.trace(trace_id, f"{SPANS[example.mode][0]} > S3")
    bucket = BUCKET[example.mode]
    assert example.edges(trace) == {
        "media > serve", f"serve > {bucket}", f"{TELLS[example.mode]} > thumbnail", f"thumbnail > {bucket}",
    }  # fmt: skip


def test_the_schedule_begins_a_trace(example: Example) -> None:
    """EventBridge's schedules send no header.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-related-service-xray.html
    """
    command = [
        str(WATERFALL),
        "fire",
        "--endpoint",
        example.stack.status["endpoint"],
        example.outputs["daily"],
    ]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    trace = example.trace_of('"Tidy"', f"{SPANS[example.mode][1]} > Tidy > S3")
    assert example.edges(trace) == {f"tidy > {BUCKET[example.mode]}"}
