"""Words and figures for people: harmless text, durations, ages, widths in terminal cells."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from rich.cells import cell_len, set_cell_size

from waterfall.traces.documents import bounded

_LONGEST_LINE = 20_000
"""Characters of a line of an error: what a person would read of one, and more."""


def clean(text: str, limit: int = 2000) -> str:
    r"""Return untrusted text as one harmless line: `\x1b` for an escape, at most `limit` characters."""
    cut = text if len(text) <= limit else text[: limit - 1] + "…"
    if cut.isascii() and cut.isprintable():
        return cut
    return "".join(_harmless(character) for character in cut)


def message(problem: object) -> str:
    """Return an error's message: its lines stay lines, and what it names, from wherever, is harmless."""
    return "\n".join(clean(line, _LONGEST_LINE) for line in str(problem).split("\n"))


def _harmless(character: str) -> str:
    """Escape what Unicode calls not printable: controls, bidirectional marks, surrogates, the unassigned."""
    if character.isprintable():
        return character
    return " " if character.isspace() else character.encode("unicode_escape").decode("ascii")


def fit(text: str, width: int, ellipsis: str = "…") -> str:
    """Return the text in exactly `width` cells, its end cut or padded."""
    if width <= 0:
        return ""
    if cell_len(text) <= width:
        return set_cell_size(text, width)
    return set_cell_size(text, max(0, width - cell_len(ellipsis))) + ellipsis[:width]


def shorten(text: str, width: int, ellipsis: str = "…") -> str:
    """Return the text in at most `width` cells."""
    return text if cell_len(text) <= width else fit(text, width, ellipsis)


def duration(seconds: float) -> str:
    """Return at most 7 characters: `0.4 ms`, `182 ms`, `2.41 s`, `2m 05s`, `3h 20m`, `123 d`."""
    if seconds < 0:
        return "-" + duration(-seconds)
    if seconds < 0.00995:
        return "0 ms" if seconds < 0.00005 else f"{seconds * 1000:.1f} ms"
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 59.95:
        return f"{seconds:.2f} s" if seconds < 9.995 else f"{seconds:.1f} s"
    return _long_duration(round(seconds))


def _long_duration(seconds: int) -> str:
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86_400
    if hours == 0:
        return f"{minutes}m {seconds % 60:02d}s"
    if days == 0:
        return f"{hours}h {minutes % 60:02d}m"
    return f"{days}d {hours % 24:02d}h" if days < 100 else f"{min(days, 99_999)} d"


def age(seconds: float) -> str:
    """Return how long ago, in one unit: `now`, `12 s`, `5 min`, `3 h`, `2 d`."""
    if seconds < 1:
        return "now"
    for unit, size, limit in (("s", 1, 60), ("min", 60, 3600), ("h", 3600, 86400)):
        if seconds < limit:
            return f"{int(seconds // size)} {unit}"
    return f"{int(seconds // 86400)} d"


def count(number: int) -> str:
    """Return a count in at most four characters: `9999`, `12k`, `3.4M`."""
    for unit, size in (("", 1), ("k", 1_000), ("M", 1_000_000), ("G", 1_000_000_000)):
        scaled = number / size
        if scaled < (10_000 if not unit else 999.5):
            return f"{scaled:.1f}{unit}" if unit and scaled < 9.95 else f"{scaled:.0f}{unit}"
    return ">1T"


def value(value: Any) -> str:
    """Return an annotation's or metadata's value as JSON writes it."""
    return clean(json.dumps(bounded(value), ensure_ascii=False))


def pairs(values: Mapping[str, Any]) -> list[str]:
    return [f"{clean(key, 500)} = {value(item)}" for key, item in values.items()]


def json_text(shape: Mapping[str, Any]) -> str:
    """Return JSON text in ASCII: no name from a trace can reach the terminal as a control character."""
    return json.dumps(shape, indent=2, ensure_ascii=True) + "\n"


def path_of(url: str) -> str:
    """Return a URL's path and query, which tell requests of one API apart."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "") if parts.netloc else url
