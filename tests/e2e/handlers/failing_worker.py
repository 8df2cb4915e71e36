"""Queues a message, then fails when the event says worker; tells its process and its peak memory in KB."""

import json
import os
import resource

import boto3
from opentelemetry import trace

from tracing import capture_lambda_handler

tracer = trace.get_tracer(__name__)
queue = boto3.client("sqs")


@capture_lambda_handler
def handler(event, _context):
    queue.send_message(QueueUrl=os.environ["QUEUE_URL"], MessageBody=json.dumps(event))
    with tracer.start_as_current_span("work"):
        if event["fails"] == "worker":
            raise ValueError("worker failed")
    return {"process": os.getpid(), "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss}
