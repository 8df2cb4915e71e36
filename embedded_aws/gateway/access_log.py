"""One access log line per request, from the stage's format and its `$context` variables, and where it goes.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-variables-for-access-logging.html
"""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING, Any
from zlib import crc32

from embedded_aws.aws.interfaces import LogEvent, LogSink, LogStream

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from embedded_aws.gateway.http_api.tracing import Exchange as HttpApiExchange
    from embedded_aws.gateway.model import LoggedStage
    from embedded_aws.gateway.tracing import Exchange

_LOG = logging.getLogger(__name__)
_VARIABLE = re.compile(r"\$context\.([A-Za-z0-9_]+(?:\.[A-Za-z0-9_]+)*)")


class GroupAccessLogs:
    """Writes lines to CloudWatch Logs; a group that cannot take them is reported once and changes nothing.

    `has_group` tells whether a region has a log group of that name.
    """

    def __init__(self, logs: LogSink, has_group: Callable[[str, str], bool]) -> None:
        self._logs = logs
        self._has_group = has_group
        self._known: set[str] = set()
        self._warned: set[str] = set()

    def write(self, stage: LoggedStage, line: str, at: float) -> None:
        """Append one line to the stage's log group."""
        destination = stage.access_log.destination_arn if stage.access_log else ""
        problem = self._problem(destination)
        if problem is None:
            _, _, _, region, _, _, group, *_ = destination.split(":")
            # AWS spreads lines over streams named by a hash; one per stage is enough here.
            stream = LogStream(region, group, f"{crc32(stage.arn.encode()):032x}")
            self._logs.write(stream, [LogEvent(int(at * 1000), line)])
        elif destination not in self._warned:
            self._warned.add(destination)
            _LOG.warning(
                "no access log for %s/%s at %s: %s", stage.api_name, stage.name, destination, problem
            )

    def _problem(self, destination: str) -> str | None:
        if destination in self._known:
            return None
        parts = destination.split(":")
        if len(parts) < 7 or parts[2] != "logs":
            return "only CloudWatch log groups are emulated as destinations"
        if not self._has_group(parts[3], parts[6]):
            return "the log group does not exist"
        self._known.add(destination)
        return None


def build_line(log_format: str, exchange: Exchange, context: Mapping[str, Any]) -> str:
    """Fill in the format; `context` is the event's `requestContext`. What is unknown becomes `-`."""
    return fill(log_format, _variables(exchange, context))


def fill(log_format: str, values: Mapping[str, Any]) -> str:
    """Fill a format in with variables by their names; what is empty or unknown becomes `-`."""
    texts = {name: str(value) for name, value in values.items() if value not in {None, ""}}
    return _VARIABLE.sub(lambda found: texts.get(found[1], "-"), log_format)


def outcome(exchange: Exchange | HttpApiExchange, integration_error: str | None) -> dict[str, Any]:
    """Return the variables that tell how a request ended, which are the same in both kinds of API."""
    response, call = exchange.response, exchange.call
    values: dict[str, Any] = {
        "status": response.status,
        "responseLength": len(response.body),
        "responseLatency": _milliseconds(exchange.arrival.at, exchange.end),
        "error.message": response.error,
        "error.messageString": response.error and f'"{response.error}"',
    }
    if call:
        latency = _milliseconds(call.start, call.end)
        values |= {
            "integrationLatency": latency,
            "integration.latency": latency,
            "integrationStatus": call.status,
            "integration.integrationStatus": call.status,
            "integration.status": call.status,
            "integration.requestId": call.request_id,
            "integration.error": integration_error,
            "integrationErrorMessage": integration_error,
        }
    return values


def _variables(exchange: Exchange, context: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **{name: value for name, value in context.items() if name != "identity"},
        **{f"identity.{name}": value for name, value in context.get("identity", {}).items()},
        "awsEndpointRequestId": context.get("extendedRequestId"),
        "xrayTraceId": exchange.trace.root,
        **outcome(exchange, exchange.call.error if exchange.call else None),
    }


def _milliseconds(start: float, end: float) -> int:
    return round((end - start) * 1000)
