"""What a check found as Markdown, for a pull request: a table, and what changed as waterfalls."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from waterfall.compare.difference import Pair
from waterfall.proof.cases import Expectation
from waterfall.proof.lines import told
from waterfall.proof.verdict import Result
from waterfall.terminal.bars import Axis
from waterfall.terminal.screen import UNICODE
from waterfall.terminal.text import clean, duration, fit

_NAME = 44
_BAR = 30
_AROUND = 1
"""Rows around a changed one that are shown."""


def markdown(results: Sequence[Result], unmet: Sequence[Expectation] = ()) -> str:
    """Return the report of a check."""
    failed = sum(not result.ok for result in results)
    title = f"{failed} of {len(results)} requests differ" if failed else "all requests are as recorded"
    lines = [f"### Traces: {title}", "", "| request | | differences | time |", "| --- | --- | --- | --- |"]
    lines += [_row(result) for result in results]
    for result in results:
        if result.error or result.differences:
            lines += ["", *_details(result)]
    if unmet:
        lines += ["", *(f"- expected, and not seen: {_plain(each.reason)}" for each in unmet)]
    return "\n".join(lines) + "\n"


def _row(result: Result) -> str:
    count, expected = len(result.unexpected), len(result.differences) - len(result.unexpected)
    found = "could not be checked" if result.error else str(count or "none")
    found += f", {expected} expected" if expected else ""
    before, after = result.seconds or (None, None)
    time = "" if before is None or after is None else f"{duration(before)} → {duration(after)}"
    mark = "✅" if result.ok else "❌"
    return f"| `{result.case.name}` {_plain(result.case.title)} | {mark} | {found} | {time} |"


def _details(result: Result) -> Iterator[str]:
    yield f"#### {result.case.name}"
    yield ""
    if result.error:
        yield _plain(result.error)
        return
    yield from (f"- {_code(told(one, '→'))}" for one in result.differences)
    yield from (f"- {_plain(note)}" for note in result.notes)
    if picture := list(_picture(result.pairs)):
        yield from ("", "```diff", *picture, "```")


def _code(text: str) -> str:
    fence = "``" if "`" in text else "`"
    return f"{fence}{clean(text, 400)}{fence}"


def _plain(text: str) -> str:
    """Return text that Markdown shows as it is."""
    return re.sub(r"([\\`*_{}\[\]<>#|])", r"\\\1", clean(text, 400))


def _picture(pairs: Sequence[Pair]) -> Iterator[str]:
    """Draw the spans that changed with those around them: `-` as it was, `+` as it is."""
    rows = [pair for pair in pairs if not _is_trace(pair)]
    changed = [at for at, pair in enumerate(rows) if pair.findings]
    shown = {at + step for at in changed for step in range(-_AROUND, _AROUND + 1)}
    end = max((one.end for pair in rows for one in (pair.right,) if one), default=0.0)
    axis = Axis(0.0, end or 1.0, _BAR)
    last = -1
    for at, pair in enumerate(rows):
        if at not in shown:
            continue
        if at > last + 1:
            yield "   ..."
        last = at
        yield from _lines(pair, axis)
    if rows and last < len(rows) - 1 and changed:
        yield "   ..."


def _lines(pair: Pair, axis: Axis) -> Iterator[str]:
    is_renamed = pair.left and pair.right and pair.left.label != pair.right.label
    if pair.left and pair.right and not is_renamed:
        yield _line("!" if pair.findings else " ", pair.right.label, pair, axis)
        return
    if pair.left:
        yield _line("-", pair.left.label, pair)
    if pair.right:
        yield _line("+", pair.right.label, pair, axis)


def _line(mark: str, label: str, pair: Pair, axis: Axis | None = None) -> str:
    margin = "  " * max(0, pair.depth - 1)
    bar = axis.bar(pair.right.start, pair.right.end, UNICODE.bar) if axis and pair.right else ""
    return f"{mark} {fit(margin + clean(label), _NAME)} {bar}".rstrip()


def _is_trace(pair: Pair) -> bool:
    return any(one and one.fields["kind"] == "trace" for one in (pair.left, pair.right))
