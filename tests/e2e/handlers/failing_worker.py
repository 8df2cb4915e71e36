"""Queues a message, then fails when the event says worker; tells its process and its memory in KB."""

import json
import os
from pathlib import Path
from typing import Any

import boto3
from opentelemetry import trace

from tracing import capture_lambda_handler

tracer = trace.get_tracer(__name__)
queue = boto3.client("sqs")


@capture_lambda_handler
def handler(event: dict[str, Any], _context: object) -> dict[str, int]:
    queue.send_message(QueueUrl=os.environ["QUEUE_URL"], MessageBody=json.dumps(event))
    with tracer.start_as_current_span("work"):
        if event["fails"] == "worker":
            raise ValueError("worker failed")
    return {"process": os.getpid(), "memory": memory()}


def memory() -> int:
    """Not the peak that the system counts: a process inherits that of the one that started it."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGESIZE") // 1024
