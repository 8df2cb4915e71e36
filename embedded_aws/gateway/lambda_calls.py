"""Calls of functions, as the gateway makes them for integrations and authorizers."""

from __future__ import annotations

import asyncio
import json
import re
import time
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from embedded_aws.aws.interfaces import InvokeRequest
from embedded_aws.debugging.standstill import Standstill

if TYPE_CHECKING:
    from collections.abc import Mapping

    from embedded_aws.aws.interfaces import InvokeResult, Lambda
    from embedded_aws.aws.trace_header import TraceHeader

_PATH = re.compile(r":lambda:path/2015-03-31/functions/(?P<arn>arn:[^/]+)/invocations")
_ARN = re.compile(r"arn:[\w-]+:lambda:[\w-]+:\d{12}:function:[\w$:-]+")
_VARIABLE = re.compile(r"\$\{?stageVariables\.([A-Za-z0-9_]+)\}?")


class LambdaCalls:
    """Invokes functions; nobody waits longer for them while a `standstill` holds time."""

    def __init__(self, functions: Lambda, standstill: Standstill | None = None) -> None:
        self._functions = functions
        self._standstill = standstill or Standstill(time.time)
        self._running: set[asyncio.Task[InvokeResult]] = set()

    async def invoke(
        self, arn: str, event: Mapping[str, Any], seconds: float, trace: TraceHeader
    ) -> InvokeResult | None:
        """Invoke a function; `None` after that many seconds, while the function runs on."""
        request = InvokeRequest(arn, json.dumps(event).encode(), trace=trace)
        task = asyncio.ensure_future(self._functions.invoke(request))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        try:
            async with self._standstill.timeout(seconds):
                return await asyncio.shield(task)
        except TimeoutError:
            return None


def not_run(result: InvokeResult) -> str | None:
    """Return why a function cannot run here, `None` for one that can."""
    return str(json.loads(result.payload)["Message"]) if result.status == HTTPStatus.NOT_IMPLEMENTED else None


def function_arn(uri: str, variables: Mapping[str, str]) -> str | None:
    """Return the function that an integration's URI names, by its ARN or by the path of its invocations."""
    filled = _VARIABLE.sub(lambda found: variables.get(found[1], ""), uri)
    found = _PATH.search(filled)
    arn = found["arn"] if found else filled
    return arn if _ARN.fullmatch(arn) else None


def function_name(arn: str) -> str:
    """Return the name in a function's ARN, which may end with a version or an alias."""
    return arn.split(":")[6]
