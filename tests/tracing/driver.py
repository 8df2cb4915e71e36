"""Calls handlers of `scenarios.py` as the Lambda runtime would: one JSON request in a line, one answer."""

from __future__ import annotations

import json
import os
import sys
from types import SimpleNamespace
from typing import Any

import scenarios


def context(fields: dict[str, Any]) -> Any:
    remaining = fields.pop("remaining", None)
    if remaining is not None:
        fields["get_remaining_time_in_millis"] = lambda: remaining
    return SimpleNamespace(**fields)


def answer(request: dict[str, Any]) -> Any:
    os.environ.pop("_X_AMZN_TRACE_ID", None)
    if request["header"] is not None:
        os.environ["_X_AMZN_TRACE_ID"] = request["header"]
    try:
        return getattr(scenarios, request["handler"])(request["event"], context(request["context"]))
    except BaseException as error:  # noqa: BLE001 - told to the test, SystemExit too
        return {"raised": f"{type(error).__name__}: {error}"}


for line in sys.stdin:
    sys.stdout.write(json.dumps(answer(json.loads(line)), default=str) + "\n")
    sys.stdout.flush()
