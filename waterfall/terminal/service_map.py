"""The service map as text: each service with its figures, below it what it calls."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from rich.cells import cell_len
from rich.text import Text

from waterfall.terminal.labels import short_type
from waterfall.terminal.screen import DIM, STYLES, Screen
from waterfall.terminal.text import clean, count, duration, path_of, shorten
from waterfall.traces.model import LAMBDA_FUNCTION, Status
from waterfall.traces.service_map import Counts, Service, ServiceMap, percentile

COUNT_WIDTH = 6
TIME_WIDTH = 7
RATE_WIDTH = 8
OUTCOME_WIDTH = 5
SHARE_WIDTH = 10
FULL_TYPE = 30
WIDE = 110
_OUTCOMES: tuple[tuple[str, Status], ...] = (
    ("ok", "ok"),
    ("errors", "error"),
    ("throttles", "throttle"),
    ("faults", "fault"),
)


@dataclass(frozen=True, slots=True)
class Row:
    """A service or a connection, with how its calls went; `lead` is drawn before its name, `kind` after."""

    lead: str
    name: str
    kind: str
    counts: Counts
    histogram: tuple[tuple[float, int], ...]


def render(graph: ServiceMap, screen: Screen) -> list[Text]:
    """Return the map: each service, below it its connections; `graph` must have services."""
    rows = [row for service in graph.services for row in _rows(service, graph, screen)]
    room = screen.width - sum(width + 1 for _, width in _columns(screen))
    name_width = min(room, max(cell_len(row.lead + row.name + row.kind) for row in rows))
    heading = " " * name_width + "".join(f" {title:>{width}}" for title, width in _columns(screen))
    return [
        *_header(graph, screen),
        Text(),
        Text(heading, style=DIM),
        *(_line(row, name_width, graph, screen) for row in rows),
    ]


def _header(graph: ServiceMap, screen: Screen) -> list[Text]:
    connections = sum(len(service.edges) for service in graph.services)
    began, ended = (datetime.fromtimestamp(time, UTC) for time in (graph.start, graph.end))
    window = f"{began:%Y-%m-%d %H:%M:%S} to {ended:%H:%M:%S} UTC"
    size = f"{len(graph.services)} services, {connections} connections"
    title = f"Service map of {duration(graph.end - graph.start)}"
    return [Text(title, style="bold"), Text(f"{window} {screen.glyphs.dot} {size}", style=DIM)]


def _columns(screen: Screen) -> list[tuple[str, int]]:
    wide = screen.width >= WIDE
    percentiles = [("p50", TIME_WIDTH), ("p95", TIME_WIDTH)] if wide else []
    width = SHARE_WIDTH if wide else OUTCOME_WIDTH
    outcomes = [(name if wide else name[:5], width) for _, name in _OUTCOMES]
    return [("calls", COUNT_WIDTH), ("rate", RATE_WIDTH), ("mean", TIME_WIDTH), *percentiles, *outcomes]


def _rows(service: Service, graph: ServiceMap, screen: Screen) -> Iterator[Row]:
    glyphs = screen.glyphs
    yield Row(
        "", _name(service), _kind(service, screen) + _mark(service, graph), service.counts, service.histogram
    )
    for edge in service.edges:
        corner = glyphs.last_branch if edge is service.edges[-1] else glyphs.branch
        lead = f" {corner}{glyphs.dash}{glyphs.arrow} "
        target = graph.named(edge.target)
        name = _name(target) if target else f"(service {edge.target})"
        kind = (_kind(target, screen) if target else "") + (" link" if edge.is_link else "")
        yield Row(lead, name, kind, edge.counts, edge.histogram)


def _name(service: Service) -> str:
    if service.type == "client":
        return "client"
    return path_of(clean(service.name)).rpartition("/")[2] if "://" in service.name else clean(service.name)


def _kind(service: Service, screen: Screen) -> str:
    if service.type in {None, "client"}:
        return ""
    return f"  {short_type(clean(service.type or ''), FULL_TYPE if screen.width >= WIDE else 0)}"


def _mark(service: Service, graph: ServiceMap) -> str:
    is_function = service.type == LAMBDA_FUNCTION
    return "  injected faults" if is_function and service.name in graph.injected else ""


def _line(row: Row, name_width: int, graph: ServiceMap, screen: Screen) -> Text:
    room = max(1, name_width - cell_len(row.lead + row.kind))
    name = (shorten(row.name, room, screen.glyphs.ellipsis), "" if row.lead else "bold")
    line, counts = Text.assemble((row.lead, DIM), name, (row.kind, DIM)), row.counts
    line.truncate(name_width, overflow="crop")
    if not counts.total:
        return line
    line.append(" " * (name_width - line.cell_len))
    line.append(f" {count(counts.total):>{COUNT_WIDTH}} {_rate(counts.total, graph):>{RATE_WIDTH}}")
    line.append(_time(counts.mean))
    if screen.width >= WIDE:
        line.append(_time(percentile(row.histogram, 0.5)) + _time(percentile(row.histogram, 0.95)))
    for field, status in _OUTCOMES:
        line.append(*_outcome(getattr(counts, field), counts.total, status, screen))
    return line


def _time(seconds: float | None) -> str:
    return f" {'' if seconds is None else duration(seconds):>{TIME_WIDTH}}"


def _rate(total: int, graph: ServiceMap) -> str:
    per_second = total / max(graph.end - graph.start, 1.0)
    for unit, seconds in (("s", 1), ("min", 60)):
        if per_second * seconds >= 0.995:
            return f"{_figure(per_second * seconds)}/{unit}"
    return f"{_figure(per_second * 3600)}/h"


def _figure(rate: float) -> str:
    return count(round(rate)) if rate >= 9.95 else f"{rate:.2g}"


def _outcome(number: int, total: int, status: Status, screen: Screen) -> tuple[str, str]:
    """Return a count, on a wide screen with its share, marked by the sign of what is not ok."""
    width = SHARE_WIDTH if screen.width >= WIDE else OUTCOME_WIDTH
    if not number:
        return f" {screen.glyphs.none:>{width}}", DIM
    sign = "" if status == "ok" else screen.glyphs.marks[status]
    share = f" {number / total:>4.0%}" if screen.width >= WIDE else ""
    return f" {sign + count(number) + share:>{width}}", STYLES[status]
