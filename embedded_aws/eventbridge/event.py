"""Events as rules see them: pure functions.

https://docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from embedded_aws.aws.calls import NO_TRACE
from embedded_aws.aws.interfaces import ACCOUNT_ID
from embedded_aws.aws.trace_header import TraceHeader

Event = dict[str, Any]


@dataclass(frozen=True)
class Received:
    """An event that came to a bus, when, in which region, and the trace that is passed on to targets."""

    event: Event
    bus: str
    region: str
    at: float
    trace: TraceHeader = NO_TRACE


def put_event(entry: Mapping[str, Any], event_id: str, region: str, now: float) -> Event:
    """Return the event of a PutEvents entry."""
    given = entry.get("Time")
    return {
        "version": "0",
        "id": event_id,
        "detail-type": entry["DetailType"],
        "source": entry["Source"],
        "account": ACCOUNT_ID,
        "time": timestamp(now if given is None else _seconds(given)),
        "region": region,
        "resources": list(entry.get("Resources") or []),
        "detail": json.loads(entry["Detail"]),
    }


def trace_of(entry: Mapping[str, Any], header: TraceHeader) -> TraceHeader:
    """Return the context that an entry of PutEvents carries: its own, else that of the request.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-related-service-xray.html
    """
    own = TraceHeader.parse(entry.get("TraceHeader"))
    return own if own.root else header


def scheduled_event(arn: str, event_id: str, region: str, at: float) -> Event:
    """Return the event of a rule with a schedule.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-rule-schedule.html
    """
    return {
        "version": "0",
        "id": event_id,
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": ACCOUNT_ID,
        "time": timestamp(at),
        "region": region,
        "resources": [arn],
        "detail": {},
    }


def timestamp(at: float) -> str:
    """Return a time as events show it, in whole seconds."""
    return dt.datetime.fromtimestamp(int(at), dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _seconds(given: Any) -> float:
    if isinstance(given, (int, float)):
        return float(given)
    moment = dt.datetime.fromisoformat(str(given))
    return (moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)).timestamp()
