"""The service map as text: each service with its figures, below it what it calls."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rich.text import Text

from waterfall.listing import Counts, Edge, Service, ServiceMap, percentile
from waterfall.terminal.labels import short_type
from waterfall.terminal.screen import DIM, STYLES, Screen
from waterfall.text import clean, count, duration, path_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from waterfall.model import Status

COUNT_WIDTH = 6
TIME_WIDTH = 7
RATE_WIDTH = 8
OUTCOME_WIDTH = 5
SHARE_WIDTH = 10
WIDE = 110
_OUTCOMES: tuple[tuple[str, Status], ...] = (
    ("ok", "ok"),
    ("errors", "error"),
    ("throttles", "throttle"),
    ("faults", "fault"),
)


@dataclass(frozen=True, slots=True)
class Row:
    """A service or a connection, with how its calls went."""

    name: Text
    counts: Counts
    histogram: tuple[tuple[float, int], ...]


def render(graph: ServiceMap, screen: Screen) -> list[Text]:
    """Return the map: each service, below it its connections; `graph` must have services."""
    rows = [row for service in graph.services for row in _rows(service, graph, screen)]
    room = screen.width - sum(width + 1 for _, width in _columns(screen))
    name_width = min(room, max(row.name.cell_len for row in rows))
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
    width = 24 if screen.width >= WIDE else 17
    kind = "" if service.type == "client" else f"  {short_type(clean(service.type or ''), width)}"
    yield Row(Text.assemble((_name(service), "bold"), (kind, DIM)), service.counts, service.histogram)
    glyphs = screen.glyphs
    for edge in service.edges:
        corner = glyphs.last_branch if edge is service.edges[-1] else glyphs.branch
        arrow = f" {corner}{glyphs.dash}{glyphs.arrow} "
        yield Row(Text.assemble((arrow, DIM), *_target(edge, graph)), edge.counts, edge.histogram)


def _name(service: Service) -> str:
    if service.type == "client":
        return "client"
    return path_of(clean(service.name)).rpartition("/")[2] if "://" in service.name else clean(service.name)


def _target(edge: Edge, graph: ServiceMap) -> list[tuple[str, str]]:
    target = graph.named(edge.target)
    if target is None:
        return [(f"(service {edge.target})", DIM)]
    kind = f" {short_type(clean(target.type), 0)}" if target.type else ""
    link = " (link)" if edge.is_link else ""
    return [(_name(target), ""), (f"{kind}{link}", DIM)]


def _line(row: Row, name_width: int, graph: ServiceMap, screen: Screen) -> Text:
    line, counts = row.name.copy(), row.counts
    if line.cell_len > name_width:
        line.truncate(name_width - 1, overflow="crop")
        line.append(screen.glyphs.ellipsis, DIM)
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
    per_minute = total / max(graph.end - graph.start, 1.0) * 60
    if per_minute < 100:
        return f"{per_minute:.2g}/min"
    return f"{count(round(per_minute / 60))}/s" if per_minute >= 6000 else f"{per_minute / 60:.1f}/s"


def _outcome(number: int, total: int, status: Status, screen: Screen) -> tuple[str, str]:
    """Return a count, on a wide screen with its share, marked by the sign of what is not ok."""
    width = SHARE_WIDTH if screen.width >= WIDE else OUTCOME_WIDTH
    if not number:
        return f" {screen.glyphs.none:>{width}}", DIM
    sign = "" if status == "ok" else screen.glyphs.marks[status]
    share = f" {number / total:>4.0%}" if screen.width >= WIDE else ""
    return f" {sign + count(number) + share:>{width}}", STYLES[status]
