"""CloudWatch Logs, of a local stack or of an AWS account, through boto3.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cached_property
from itertools import groupby
from typing import Any, TypeVar

from waterfall.logs import invocations as inv
from waterfall.logs.invocations import Invocation, InvocationLogs
from waterfall.logs.lines import GROUPS, Line, LogEvent, line_of
from waterfall.logs.runs import Run, runs_of
from waterfall.traces.client import RefusedError, Source, client, readable, windows
from waterfall.traces.model import Trace

T = TypeVar("T")
U = TypeVar("U")

SERVICE = "CloudWatch Logs"
AHEAD, BEHIND = 2.0, 5.0
"""Seconds before and after an invocation in which its lines are looked for."""

LONGEST_RUN = 900.0
"""Seconds that Lambda lets a function run."""

_AT_ONCE = 8
_IDS_PER_PATTERN = 20  # a filter pattern has at most 1,024 characters
_STREAMS_PER_CALL = 100
DAY = 86400.0
Window = tuple[float, float]


class Logs:
    """Reads log lines; every method raises ReadError when CloudWatch Logs cannot be read."""

    def __init__(self, source: Source, clock: Callable[[], float] = time.time) -> None:
        self._source = source
        self._clock = clock

    @cached_property
    def _api(self) -> Any:
        return client(self._source, "logs")

    def groups(self, prefixes: Sequence[str] = ()) -> list[str]:
        """Return the log groups of the functions whose names begin so; a prefix with a slash is a group's."""
        wanted = [one if one.startswith("/") else f"{GROUPS}{one}" for one in prefixes] or [GROUPS]
        return sorted({group["logGroupName"] for prefix in wanted for group in self._described(prefix)})

    def latest(self, prefixes: Sequence[str], start: float, end: float, most: int) -> list[Line]:
        """Return at most that many of the newest lines of a time, in the order of time."""
        groups = self.groups(prefixes)
        found: dict[tuple[str, str], LogEvent] = {}
        for window in windows(start, end, math.inf):
            found |= {(event.group, event.id): event for event in self._events_of_all(groups, window)}
            if len(found) >= most:
                break
        return list(map(line_of, sorted(found.values(), key=lambda event: event.time)))[-most:]

    def since(self, prefixes: Sequence[str], start: float, end: float) -> list[Line]:
        """Return all lines of a time, in the order of time."""
        events = self._events_of_all(self.groups(prefixes), (start, end))
        return list(map(line_of, sorted(events, key=lambda event: event.time)))

    def of_trace(self, trace: Trace) -> list[InvocationLogs]:
        """Return what each of a trace's invocations wrote, in the order of the trace's nodes.

        A log group that cannot be read leaves its invocations without lines, and says why.
        """
        wanted = inv.invocations_of(trace)
        groups = dict.fromkeys(one.group for one in wanted)
        per_group = [(group, [one for one in wanted if one.group == group]) for group in groups]
        found = self._at_once(lambda item: self._of_group(trace.id, *item), per_group)
        return sorted((logs for some in found for logs in some), key=_position)

    def of_id(self, trace_id: str, prefixes: Sequence[str] = ()) -> list[InvocationLogs]:
        """Return what functions, by prefixes, wrote in a trace that X-Ray does not have: lines carry its id.

        The id tells when it began; those that callers make up may lie in the future.
        """
        began = min(float(int(trace_id[2:10], 16)), self._clock() - LONGEST_RUN)
        window = (began - AHEAD, began + LONGEST_RUN + BEHIND)

        def search(group: str) -> list[InvocationLogs]:
            return inv.assign(trace_id, [], *self._runs(group, window, inv.forms(trace_id)))

        found = self._at_once(search, self.groups(prefixes))
        return sorted((logs for some in found for logs in some), key=lambda logs: logs.invocation.start)

    def _of_group(self, trace_id: str, group: str, wanted: Sequence[Invocation]) -> list[InvocationLogs]:
        window = _window(wanted)
        ids = [one.request_id for one in wanted if one.request_id]
        try:
            runs, outside = self._runs(group, window, (*ids, *inv.forms(trace_id)))
            found = inv.assign(trace_id, wanted, runs, outside)
            return [logs if logs.lines else self._explained(logs) for logs in found]
        except RefusedError as error:
            if error.code == "ResourceNotFoundException":
                reason = f"no log group {group}: nothing was written, or the function may not create it"
            elif error.is_denied:
                reason = f"no permission to read {group}: {error.reason}"
            else:
                raise
            return [InvocationLogs(one, missing=reason) for one in wanted]

    def _explained(self, logs: InvocationLogs) -> InvocationLogs:
        one = logs.invocation
        if not one.ran:
            return replace(logs, missing="Lambda refused this invocation: the function did not run")
        group = next((item for item in self._described(one.group) if item["logGroupName"] == one.group), {})
        days = group.get("retentionInDays")
        if days and one.end < self._clock() - days * DAY:
            return replace(logs, missing=f"expired: {one.group} keeps lines for {days} days")
        return replace(
            logs,
            missing=f"nothing in {one.group} at that time: lines may still be on their way, or the function "
            "may not write there",
        )

    def _runs(self, group: str, window: Window, ids: Sequence[str]) -> tuple[list[Run], list[Line]]:
        """Return the runs in the streams that name one of the ids, and the lines outside all runs."""
        runs: list[Run] = []
        outside: list[Line] = []
        streams = self._streams(group, window, ids)
        for some in _parts(streams, _STREAMS_PER_CALL):
            events = sorted(self._events(group, window, logStreamNames=list(some)), key=_in_streams)
            for _, own in groupby(events, key=lambda event: event.stream):
                found, left = runs_of(map(line_of, own))
                runs += found
                outside += left
        return runs, outside

    def _streams(self, group: str, window: Window, ids: Sequence[str]) -> list[str]:
        found: dict[str, None] = {}
        for some in _parts(ids, _IDS_PER_PATTERN):
            pattern = " ".join(f'?"{one}"' for one in some)
            for event in self._events(group, window, filterPattern=pattern):
                # a local endpoint may know fewer patterns, and answer more
                if any(one in event.text for one in some):
                    found[event.stream] = None
        return list(found)

    def _at_once(self, work: Callable[[T], list[U]], items: Sequence[T]) -> list[list[U]]:
        _ = self._api  # made before threads share it
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            return list(pool.map(work, items))

    def _events_of_all(self, groups: Sequence[str], window: Window) -> list[LogEvent]:
        found = self._at_once(lambda group: list(self._events(group, window)), groups)
        return [event for events in found for event in events]

    def _events(self, group: str, window: Window, **how: Any) -> Iterator[LogEvent]:
        start, end = (max(0, round(moment * 1000)) for moment in window)
        pages = self._pages("filter_log_events", logGroupName=group, startTime=start, endTime=end, **how)
        for page in pages:
            for event in page.get("events", []):
                yield LogEvent(
                    event["eventId"],
                    group,
                    event["logStreamName"],
                    event["timestamp"] / 1000,
                    event["message"],
                )

    def _described(self, prefix: str) -> Iterator[dict[str, Any]]:
        for page in self._pages("describe_log_groups", logGroupNamePrefix=prefix):
            yield from page.get("logGroups", [])

    def _pages(self, operation: str, **parameters: Any) -> Iterator[Any]:
        with readable(self._source, SERVICE):
            yield from self._api.get_paginator(operation).paginate(**parameters)


def _window(wanted: Sequence[Invocation]) -> Window:
    end = max(one.end + (BEHIND if one.finished else LONGEST_RUN) for one in wanted)
    return min(one.began for one in wanted) - AHEAD, end


def _parts(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    return (items[first : first + size] for first in range(0, len(items), size))


def _in_streams(event: LogEvent) -> tuple[str, float]:
    return event.stream, event.time


def _position(logs: InvocationLogs) -> tuple[int, float]:
    """Put invocations that the trace does not tell about last."""
    node = logs.invocation.node
    return (1, logs.invocation.start) if node is None else (0, float(node))
