"""The service map as text: each service with its figures, below it what it calls."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rich.text import Text

from waterfall.listing import Counts, Edge, Service, ServiceMap, percentile
from waterfall.terminal.labels import short_type
from waterfall.terminal.screen import DIM, STYLES, Screen
from waterfall.text import clean, duration, path_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from waterfall.model import Status

COUNT_WIDTH = 6
TIME_WIDTH = 7
RATE_WIDTH = 8
WIDE = 110
_OUTCOMES: tuple[tuple[str, Status], ...] = (
    ("ok", "ok"),
    ("errors", "error"),
    ("throttles", "throttle"),
    ("faults", "fault"),
)


def render(graph: ServiceMap, screen: Screen) -> list[Text]:
    """Return the map; `graph` must have services."""
    edges = sum(len(service.edges) for service in graph.services)
    began, ended = (datetime.fromtimestamp(time, UTC) for time in (graph.start, graph.end))
    title = f"Service map of {duration(graph.end - graph.start)}"
    window = f"{began:%Y-%m-%d %H:%M:%S} to {ended:%H:%M:%S} UTC"
    counts = f"{len(graph.services)} services, {edges} connections"
    lines = [Text(title, style="bold"), Text(f"{window} {screen.glyphs.dot} {counts}", style=DIM), Text()]
    lines.append(Text(_heading(screen), style=DIM))
    for service in graph.services:
        lines += _service(service, graph, screen)
    return lines


def _columns(screen: Screen) -> list[tuple[str, int]]:
    wide = [("p50", TIME_WIDTH), ("p95", TIME_WIDTH)] if screen.width >= WIDE else []
    outcome_width = 9 if screen.width >= WIDE else 5
    outcomes = [(name[:8] if outcome_width > 5 else name[:5], outcome_width) for _, name in _OUTCOMES]
    return [("calls", COUNT_WIDTH), ("rate", RATE_WIDTH), ("mean", TIME_WIDTH), *wide, *outcomes]


def _name_width(screen: Screen) -> int:
    return screen.width - sum(width + 1 for _, width in _columns(screen))


def _heading(screen: Screen) -> str:
    return " " * _name_width(screen) + "".join(f" {title:>{width}}" for title, width in _columns(screen))


def _service(service: Service, graph: ServiceMap, screen: Screen) -> Iterator[Text]:
    name = [(_display(service), "bold"), (f"  {_type(service, screen)}", DIM)]
    yield _line(name, service.counts, service.histogram, graph, screen)
    glyphs = screen.glyphs
    for position, edge in enumerate(service.edges):
        last = position == len(service.edges) - 1
        corner = glyphs.last_branch if last else glyphs.branch
        arrow = f" {corner}{glyphs.dash}{glyphs.arrow} "
        target = graph.named(edge.target)
        names = [(arrow, DIM), *_target(target, edge)]
        yield _line(names, edge.counts, edge.histogram, graph, screen)


def _display(service: Service) -> str:
    return path_of(clean(service.name)).rpartition("/")[2] if "://" in service.name else clean(service.name)


def _type(service: Service, screen: Screen) -> str:
    return short_type(clean(service.type or ""), 24 if screen.width >= WIDE else 17)


def _target(target: Service | None, edge: Edge) -> list[tuple[str, str]]:
    if target is None:
        return [(f"(service {edge.target})", DIM)]
    kind = f" {short_type(clean(target.type), 0)}" if target.type else ""
    link = " (link)" if edge.is_link else ""
    return [(_display(target), ""), (f"{kind}{link}", DIM)]


def _line(
    name: list[tuple[str, str]],
    counts: Counts,
    histogram: tuple[tuple[float, int], ...],
    graph: ServiceMap,
    screen: Screen,
) -> Text:
    cell = Text.assemble(*name)
    width = _name_width(screen)
    if cell.cell_len > width:
        cell.truncate(width - 1, overflow="crop")
        cell.append(screen.glyphs.ellipsis, DIM)
    cell.append(" " * (width - cell.cell_len))
    if not counts.total:
        return cell
    cell.append(
        f" {counts.total:>{COUNT_WIDTH}} {_rate(counts.total, graph):>{RATE_WIDTH}} {_time(counts.mean)}"
    )
    if screen.width >= WIDE:
        cell.append(f" {_time(percentile(histogram, 0.5))} {_time(percentile(histogram, 0.95))}")
    return cell.append_text(_outcomes(counts, screen))


def _time(seconds: float | None) -> str:
    return f"{'' if seconds is None else duration(seconds):>{TIME_WIDTH}}"


def _rate(total: int, graph: ServiceMap) -> str:
    per_minute = total / max(graph.end - graph.start, 1.0) * 60
    return f"{per_minute:.2g}/min" if per_minute < 100 else f"{per_minute / 60:.3g}/s"


def _outcomes(counts: Counts, screen: Screen) -> Text:
    cells = Text()
    for (field, status), (_, width) in zip(_OUTCOMES, _columns(screen)[-4:], strict=True):
        count = getattr(counts, field)
        shown = f"{count}" if screen.width < WIDE else f"{count} {count / counts.total:>4.0%}"
        sign = screen.glyphs.marks[status] if count and status != "ok" else ""
        cells.append(
            f" {sign + shown if count else screen.glyphs.dot:>{width}}", STYLES[status] if count else DIM
        )
    return cells
