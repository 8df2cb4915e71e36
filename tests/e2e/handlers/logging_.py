"""Logs in every way there is, then ends as it is told."""

from __future__ import annotations

import logging
import os
import time
from typing import Any

from tracing import capture_lambda_handler

logger = logging.getLogger("app")


@capture_lambda_handler
def handler(event: dict[str, Any], context: Any) -> str:
    logger.info("received", extra={"order": event["order"]})
    print("printed")  # noqa: T201 - what this handler is for
    if event.get("end") == "crash":
        os._exit(3)
    if event.get("end") == "timeout":
        time.sleep(60)
    return str(context.log_stream_name)
