"""Answers GET /hello after asking the worker."""

from __future__ import annotations

from tracing import annotate, capture_lambda_handler  # first, as it times what is imported

# isort: split
import json
import logging
import os
from typing import Any

import boto3
from botocore.config import Config
from opentelemetry import trace

logger = logging.getLogger(__name__)
tracer = trace.get_tracer(__name__)
# One attempt: boto3 would repeat a call that has no answer yet, and the worker would do its work again.
one_attempt = Config(
    read_timeout=float(os.environ.get("WORKER_TIMEOUT", "60")), retries={"total_max_attempts": 1}
)
lambda_client = boto3.client("lambda", config=one_attempt)


class WorkerError(Exception):
    """The worker answered, but not well."""


@capture_lambda_handler
def handler(_event: dict[str, Any], _context: Any) -> dict[str, Any]:
    if not call_worker({"message": "Hello from Lambda 1"}):
        return {"statusCode": 502, "body": json.dumps("Lambda 2 failed")}
    return {"statusCode": 200, "body": json.dumps("Successfully invoked Lambda 2!")}


def call_worker(message: dict[str, str]) -> bool:
    """Tell whether the worker did it; a repeated call could do it twice, so that is left to the client."""
    with tracer.start_as_current_span("CallSecondLambda") as span:
        reply = lambda_client.invoke(
            FunctionName=os.environ["WORKER_FUNCTION"],
            InvocationType="RequestResponse",
            Payload=json.dumps(message),
        )
        status, failure = reply["StatusCode"], reply.get("FunctionError", "")
        annotate("SecondLambdaStatus", str(status))
        if status >= 300 or failure:
            error = WorkerError(f"Lambda 2 answered {status} {failure}".rstrip())
            span.record_exception(error)
            span.set_status(trace.Status(trace.StatusCode.ERROR, str(error)))
            logger.error("%s", error)
            return False
        logger.info("Lambda 2 answered %s", status)
        return True
