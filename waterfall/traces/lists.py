"""Lists of traces, sorted by a column, and figures over all of them.

The embedded AWS answers both from its store. X-Ray has neither: of an account the newest traces are read, and
their number is told.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from waterfall.traces.client import LONGEST_MAP, Reader, Source
from waterfall.traces.documents import list_of, mapping_of
from waterfall.traces.failures import Failure
from waterfall.traces.figures import OUTCOMES, Figures, Response, figures
from waterfall.traces.local import tell
from waterfall.traces.summaries import Summary, summary

MOST_READ = 1000
"""Traces of an account that are read for what X-Ray cannot sort or count."""
NEWEST_FIRST = "-began"
_MOST_GROUPS = 50
_LONGEST_COUNT = 4
"""So many service graphs, of six hours each, are read for the figures of an account."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which traces: those that began in [start, end), for which the filter expression holds.

    `failure` is the key of how they failed.
    """

    start: float
    end: float
    expression: str | None = None
    failure: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """`after` continues the list; `unread` traces were not looked at yet: who asks again finds more.

    `among` is how many of the newest traces were sorted, when it was not all.
    """

    traces: Sequence[Summary]
    after: str | None
    unread: int = 0
    among: int | None = None


@dataclass(frozen=True, slots=True)
class FailedAlike:
    """Traces that failed in one way; `newest` is the id of the last of them."""

    key: str
    failure: Failure
    count: int
    newest: str | None


@dataclass(frozen=True, slots=True)
class Overview:
    """Figures over all; `among` as in `Page`.

    `counted`: X-Ray counted all requests, and only bins and failures are `among` the newest.
    """

    figures: Figures
    failures: Sequence[FailedAlike]
    other_failures: int
    unread: int = 0
    among: int | None = None
    counted: bool = False


class Lists:
    """Reads lists of a source; raises ReadError and RefusedError."""

    def __init__(self, reader: Reader, source: Source) -> None:
        self._reader = reader
        self._source = source

    def page(self, wanted: Wanted, order: str, after: str | None, limit: int) -> Page:
        """Return at most `limit` traces in the order of a column of `KEYS`, `-` for the largest first."""
        told = self._told("traces", wanted, order=order, limit=limit, after=after)
        if told is not None:
            found = [summary(mapping_of(one)) for one in list_of(told.get("TraceSummaries"))]
            return Page(found, told.get("after"), told.get("unread", 0))
        if order == NEWEST_FIRST and not wanted.failure and after is None:
            # one more than asked tells whether there are more
            found = self._reader.summaries(
                wanted.start, wanted.end, limit=limit + 1, expression=wanted.expression
            )
            return Page(found[:limit], str(limit) if len(found) > limit else None)
        found, is_cut = self._newest(wanted)
        first = int(after) if after and after.isdecimal() else 0
        found.sort(key=KEYS[order.removeprefix("-")], reverse=order.startswith("-"))
        following = str(first + limit) if len(found) > first + limit else None
        return Page(found[first : first + limit], following, 0, MOST_READ if is_cut else None)

    def overview(self, wanted: Wanted) -> Overview:
        """Return figures over all traces."""
        told = self._told("traces/figures", wanted)
        if told is not None:
            responses = [(seconds, counts) for seconds, counts in told["responses"]]
            groups = [_group(mapping_of(one)) for one in list_of(told.get("failures"))]
            return Overview(figures(responses), groups, told["other_failures"], told["unread"])
        found, is_cut = self._newest(wanted)
        known = figures(_response(one) for one in found)
        groups, others = _grouped(found)
        if not is_cut:
            return Overview(known, groups, others)
        counted = None if wanted.expression or wanted.failure else self._counted(wanted.start, wanted.end)
        if counted is None:
            return Overview(known, groups, others, among=MOST_READ)
        shown = Figures(counted.outcomes, counted.histogram, known.bins)
        return Overview(shown, groups, others, among=MOST_READ, counted=True)

    def news(self, after: int | None) -> int | None:
        """Return a number that is not `after` once a trace has changed, or after 20 s.

        `None` when nothing tells of changes.
        """
        if self._source.aws:
            return None
        told = tell(self._source.endpoint, "traces/news", {} if after is None else {"after": after})
        return None if told is None else int(told["number"])

    def _told(self, path: str, wanted: Wanted, **more: Any) -> Mapping[str, Any] | None:
        if self._source.aws:
            return None
        query = {
            "start": repr(wanted.start),
            "end": repr(wanted.end),
            "filter": wanted.expression,
            "failure": wanted.failure,
            **more,
        }
        given = {name: value for name, value in query.items() if value is not None}
        return tell(self._source.endpoint, path, given)

    def _newest(self, wanted: Wanted) -> tuple[list[Summary], bool]:
        found = self._reader.summaries(
            wanted.start, wanted.end, limit=MOST_READ + 1, expression=wanted.expression
        )
        chosen = found[:MOST_READ]
        if wanted.failure:
            chosen = [one for one in chosen if one.failure and one.failure.key == wanted.failure]
        return chosen, len(found) > MOST_READ

    def _counted(self, start: float, end: float) -> Figures | None:
        """Return what X-Ray counted of the calls that came from clients; `None` of more than a day."""
        if end - start > _LONGEST_COUNT * LONGEST_MAP:
            return None
        outcomes, histogram = Counter[str](), Counter[float]()
        while start < end:
            graph = self._reader.service_map(max(start, end - LONGEST_MAP), end)
            end -= LONGEST_MAP
            for edge in (edge for one in graph.services if one.type == "client" for edge in one.edges):
                counts = edge.counts
                outcomes.update(
                    ok=counts.ok, error=counts.errors, throttle=counts.throttles, fault=counts.faults
                )
                histogram.update(dict(edge.histogram))
        return Figures({name: outcomes[name] for name in OUTCOMES}, sorted(histogram.items()), ())


def _request(trace: Summary) -> str:
    if trace.http.url is None:
        return trace.entry or ""
    _, slash, path = trace.http.url.partition("://")[2].partition("/")
    return f"{slash}{path} {trace.http.method or ''}"


def _annotation(trace: Summary) -> str:
    own = (item for item in trace.annotations.items() if not item[0].startswith(("aws:", "aws.")))
    return next((f"{key}={values[0] if values else ''}" for key, values in own), "")


def _seconds(trace: Summary) -> float:
    return trace.duration if trace.response_time is None else trace.response_time


_RANKS = {"ok": 0, "throttle": 1, "error": 2, "fault": 3}
KEYS: Mapping[str, Callable[[Summary], Any]] = {
    "began": lambda trace: trace.start or 0.0,
    "status": lambda trace: (_RANKS[trace.status], trace.http.status or 0),
    "request": _request,
    "annotations": _annotation,
    "response": _seconds,
    "trace": lambda trace: trace.id,
}
"""What each column is sorted by."""


def _response(trace: Summary) -> Response:
    return float(f"{_seconds(trace):.3g}"), {trace.status: 1}


def _grouped(traces: Sequence[Summary]) -> tuple[list[FailedAlike], int]:
    failed = [(one.failure.key, one.failure, one.id) for one in traces if one.failure]
    counts = Counter(key for key, _, _ in failed)
    newest = {key: (failure, id_) for key, failure, id_ in reversed(failed)}
    groups = [
        FailedAlike(key, newest[key][0], count, newest[key][1])
        for key, count in counts.most_common(_MOST_GROUPS)
    ]
    return groups, counts.total() - sum(group.count for group in groups)


def _group(told: Mapping[str, Any]) -> FailedAlike:
    failure = Failure(
        "fault" if told["kind"] == "fault" else "error",
        told["service"],
        told["span"],
        told["exception"] or None,
        told["message"] or None,
    )
    return FailedAlike(told["key"], failure, told["count"], told.get("newest"))
