"""A trace as a waterfall: one line per node, on one time axis."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from rich.cells import cell_len
from rich.text import Text

from waterfall.terminal.bars import Axis
from waterfall.terminal.labels import bar_style, mark, mark_of, short_type, type_of
from waterfall.terminal.remarks import remarks_on
from waterfall.terminal.screen import (
    DIM,
    INJECTED_STYLE,
    OPEN_STYLE,
    PAUSE_STYLE,
    STYLES,
    Glyphs,
    Screen,
    wrapped,
)
from waterfall.terminal.text import age, clean, duration, fit, shorten
from waterfall.traces import cold_starts
from waterfall.traces.insight import overview, where_time_went
from waterfall.traces.model import Node, Trace

STATUS_WIDTH = 5
TIME_WIDTH = 7
SHORT_BAR = 16
WIDE = 140
MEDIUM = 100


@dataclass(frozen=True, slots=True)
class Layout:
    """Widths in cells; `step` is how far one level of the tree is indented."""

    name: int
    type: int
    bar: int
    step: int

    @property
    def deepest(self) -> int:
        """How many levels are drawn; a deeper node says its depth instead of the levels above these."""
        return max(1, self.name // (2 * self.step))


@dataclass(frozen=True, slots=True)
class Picture:
    """What every line of one waterfall is drawn with; `hidden` are positions of nodes that have no line."""

    trace: Trace
    layout: Layout
    axis: Axis
    glyphs: Glyphs
    hidden: frozenset[int]


@dataclass(frozen=True, slots=True)
class Indent:
    """What is drawn left of a node's name, and left of the remarks under it."""

    rails: str
    below: str


def render(trace: Trace, screen: Screen, *, now: float, details: bool = False) -> list[Text]:
    """Return the lines of a waterfall; `details` adds AWS's annotations, metadata, stacks and skew.

    It also adds what a cold start was spent on, one by one: the footer has the sum.
    """
    lines = [*_header(trace, screen, now), Text()]
    if not trace.nodes:
        return lines
    costs = () if details else (node.position for node in trace.nodes if node.phase == "cost")
    hidden = frozenset(costs)
    layout = _layout(trace, screen, hidden)
    picture = Picture(trace, layout, Axis(trace.start, trace.end, layout.bar), screen.glyphs, hidden)
    lines.append(_heading(picture))
    for node, indent in _indented(picture):
        lines.append(_row(node, indent, picture))
        for remark, style in remarks_on(node, screen.glyphs, details=details):
            room = screen.width - STATUS_WIDTH - 1 - cell_len(indent.below)
            lines += [_remark(indent, line, style) for line in wrapped(remark, room, screen.glyphs)]
    return [*lines, *_footer(trace, screen)]


def _header(trace: Trace, screen: Screen, now: float) -> Iterator[Text]:
    head, glyphs = overview(trace), screen.glyphs
    yield Text(f"Trace {clean(trace.id)}", style="bold")
    status = "" if head.http.status is None else f" {glyphs.arrow} {head.http.status}"
    if trace.nodes:
        request = " ".join(filter(None, (head.http.method, head.http.url))) or head.name
        sign, style = mark(head.status, glyphs, unfinished=head.unfinished)
        room = screen.width - cell_len(status) - cell_len(sign) - 1
        yield Text.assemble(
            (f"{sign} ", style),
            shorten(clean(request), room, glyphs.ellipsis),
            (status, STYLES[head.status]),
        )
        began = datetime.fromtimestamp(head.start, UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
        facts = [f"{duration(head.duration)} total"]
        if head.response_time is not None and duration(head.response_time) != duration(head.duration):
            facts.append(f"answered after {duration(head.response_time)}")
        facts += ["not finished"] if head.unfinished else []
        facts += [f"without {duration(head.paused)} in the debugger"] if head.paused else []
        facts += [f"began {began} UTC, {age(max(0.0, now - head.start))} ago".replace("now ago", "just now")]
        yield from _facts(facts, screen)
    facts = [f"cold start: {', '.join(head.cold_starts)}"] if head.cold_starts else []
    facts += [f"sampled by rule {head.rule}"] if head.rule else []
    facts += [f"recorded by {', '.join(head.recorders)}"] if head.recorders else []
    yield from _facts(facts, screen)
    for warning in trace.warnings:
        for line in wrapped(f"{glyphs.warning} {clean(warning)}", screen.width, glyphs):
            yield Text(line, style=STYLES["error"])


def _facts(facts: list[str], screen: Screen) -> Iterator[Text]:
    """Join facts by dots; one that does not fit goes to the next line."""
    line = ""
    for fact in map(clean, facts):
        joined = f"{line} {screen.glyphs.dot} {fact}" if line else fact
        if line and cell_len(joined) > screen.width:
            yield Text(line, style=DIM)
            joined = fact
        line = shorten(joined, screen.width, screen.glyphs.ellipsis)
    if line:
        yield Text(line, style=DIM)


def _layout(trace: Trace, screen: Screen, hidden: frozenset[int]) -> Layout:
    type_width = 23 if screen.width >= WIDE else 17 if screen.width >= MEDIUM else 8
    room = screen.width - STATUS_WIDTH - type_width - 2 * TIME_WIDTH - 6
    most = max(room * 6 // 10, room - SHORT_BAR)
    for step in (2, 1):
        shown = (node for node in trace.nodes if node.position not in hidden)
        natural = max((_natural_width(trace, node, step) for node in shown), default=0)
        if natural <= most:
            break
    name = max(12, min(natural, most))
    return Layout(name=name, type=type_width, bar=max(8, room - name), step=step)


def _natural_width(trace: Trace, node: Node, step: int) -> int:
    name = "".join(part for part, _ in name_of(trace, node))
    return node.depth * step + 1 + cell_len(name + _mark(node))


def name_of(trace: Trace, node: Node) -> list[tuple[str, str]]:
    """Return the parts of a node's name with their styles: `DynamoDB PutItem greetings`."""
    style = "bold" if node.is_segment else INJECTED_STYLE if node.injected else ""
    parts = [(clean(node.name, 300), style)]
    if node.call.operation:
        parts.append((f" {clean(node.call.operation, 100)}", ""))
    named_below = any(trace.nodes[child].name == node.call.resource for child in node.children)
    if node.call.resource and not named_below:
        parts.append((f" {clean(node.call.resource, 200)}", DIM))
    if node.cold_start:
        parts.append((" cold start", OPEN_STYLE))
    return parts


def _mark(node: Node) -> str:
    """Return what is said of a fault after a name; the mark of a disturbed call says so in its name."""
    return " injected" if node.injected and not node.name.startswith("injected ") else ""


def _indented(picture: Picture) -> Iterator[tuple[Node, Indent]]:
    """Give each node its indent; the rails of the last few levels are enough to draw it."""
    trace, layout, glyphs = picture.trace, picture.layout, picture.glyphs
    is_last: list[bool] = []
    for node in trace.nodes:
        if node.position in picture.hidden:
            continue
        del is_last[node.depth :]
        siblings = trace.nodes[node.parent].children if node.parent is not None else ()
        is_last.append(not siblings or siblings[-1] == node.position)
        cut = max(1, node.depth + 1 - layout.deepest)
        depth_sign = f"{glyphs.ellipsis}{cut} " if cut > 1 else ""
        rails = depth_sign + "".join(_rail(last, layout, glyphs) for last in is_last[cut : node.depth])
        connector, below = "", rails
        if node.depth:
            corner = glyphs.last_branch if is_last[-1] else glyphs.branch
            connector = corner + glyphs.dash * (layout.step - 1)
            below = rails + _rail(is_last[-1], layout, glyphs)
        has_more = " " if picture.hidden.issuperset(node.children) else glyphs.rail
        space = " " if node.depth else ""
        yield node, Indent(rails + connector + space, f"{below}{has_more} ")


def _rail(last: bool, layout: Layout, glyphs: Glyphs) -> str:  # noqa: FBT001 - one of a row of flags
    return (" " if last else glyphs.rail).ljust(layout.step)


def _heading(picture: Picture) -> Text:
    layout = picture.layout
    columns = " " * (STATUS_WIDTH + 1 + layout.name + 1)
    times = f"{'start':>{TIME_WIDTH}} {'took':>{TIME_WIDTH}}"
    return Text(f"{columns}{'type':<{layout.type}} {times}  {picture.axis.ruler()}", style=DIM)


def _row(node: Node, indent: Indent, picture: Picture) -> Text:
    trace, layout, glyphs = picture.trace, picture.layout, picture.glyphs
    mark, style = mark_of(node, glyphs)
    status = mark if node.http.status is None else f"{mark} {node.http.status}"
    row = Text.assemble((fit(status, STATUS_WIDTH), style), " ")
    row.append_text(_name_cell(node, indent, picture))
    row.append(" ")
    row.append(fit(type_of(node, layout.type), layout.type, glyphs.ellipsis), DIM)
    end = trace.end_of(node)
    seconds = node.paused if node.phase == "paused" else end - node.start
    took = f"{duration(seconds):>{TIME_WIDTH}}{'+' if node.in_progress else ' '}"
    row.append(f" {duration(node.start - trace.start):>{TIME_WIDTH}}", DIM)
    row.append(f" {took} ")
    return row.append_text(_bar(node, end, picture))


def _bar(node: Node, end: float, picture: Picture) -> Text:
    """Draw a node's time, with a mark where somebody stood at a line: that time is not in it."""
    axis, glyphs = picture.axis, picture.glyphs
    pieces = glyphs.waiting if node.phase else glyphs.bar
    cells = axis.bar(node.start, end, pieces, glyphs.open_end if node.in_progress else "")
    if node.phase == "paused":
        cells = ""
    at = [min(int(axis.halves(pause.at)) // 2, axis.width - 1) for pause in node.pauses]
    drawn = Text(cells.ljust(max(at, default=-1) + 1), style=bar_style(node))
    for cell in at:
        drawn.plain = f"{drawn.plain[:cell]}{glyphs.pause}{drawn.plain[cell + 1 :]}"
        drawn.stylize(PAUSE_STYLE, cell, cell + 1)
    return drawn


def _name_cell(node: Node, indent: Indent, picture: Picture) -> Text:
    layout, glyphs = picture.layout, picture.glyphs
    cell = Text(indent.rails, style=DIM)
    room = max(1, layout.name - cell.cell_len)
    name, end = Text.assemble(*name_of(picture.trace, node)), Text(_mark(node), INJECTED_STYLE)
    # What it is called can be guessed from a part; that it was disturbed, or the line it stood at, cannot.
    if node.phase == "paused" and ":" in name.plain:
        name, end = name.divide([name.plain.rindex(":")])
    room = max(1, room - end.cell_len)
    if name.cell_len > room and node.cold_start:
        name.right_crop(len(" start"))
    if name.cell_len > room:
        name.truncate(room - 1, overflow="crop")
        name.append(glyphs.ellipsis, DIM)
    cell = Text.assemble(cell, name, end)
    cell.truncate(layout.name)
    cell.append(" " * (layout.name - cell.cell_len))
    return cell


def _remark(indent: Indent, line: str, style: str) -> Text:
    return Text.assemble(" " * (STATUS_WIDTH + 1), (indent.below, DIM), (line, style))


def _footer(trace: Trace, screen: Screen) -> list[Text]:
    shares = [
        f"{_share_name(trace, share.node)} {duration(share.seconds)} ({share.seconds / trace.duration:.0%})"
        for share in where_time_went(trace)
    ]
    told = [f"Most time in {', '.join(shares)}"] if shares else []
    told += [clean(line, 400) for line in cold_starts.sentences(trace)]
    lines = [Text(line) for one in told for line in wrapped(one, screen.width, screen.glyphs)]
    return [Text(), *lines] if lines else []


def _share_name(trace: Trace, node: Node) -> str:
    """Name a node so that it is not taken for a namesake: `Init of front`, `front (Function)`."""
    if node.phase not in {None, "cost"} and node.parent is not None:
        return f"{clean(node.name, 40)} of {clean(trace.nodes[node.parent].name, 40)}"
    if node.is_segment and node.type:
        return f"{clean(node.name, 40)} ({short_type(clean(node.type, 60), 0)})"
    return " ".join(clean(part, 40) for part in (node.name, node.call.operation) if part)
