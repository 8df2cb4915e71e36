"""From what a run measured to its tables, in Markdown: those of `docs/performance.md` and the README's one.

`python -m benchmarks.report` takes the figures of the last run into `benchmarks/figures.json`, and renders
them into both. Parts that run did not measure, or that failed in it, keep their older figures.
"""

from __future__ import annotations

import json
import os
import platform
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from itertools import chain
from pathlib import Path
from typing import Any

from benchmarks.figures import THEMES, Measured, Row

ROOT = Path(__file__).parents[1]
COMMITTED = ROOT / "benchmarks" / "figures.json"
LATEST = ROOT / ".build" / "figures.json"
BUSY_LOAD = 2.0
"""The average of a minute, before anything is measured."""
PAGE = ROOT / "docs" / "performance.md"
CHAPTER = re.compile(r"(?ms)(?<=^## How fast\n).*?(?=^## )")


def machine() -> str:
    """Tell on what this runs, and whether others have used it just now."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    rest = "" if os.getloadavg()[0] < BUSY_LOAD else ", busy with other things"
    return f"{platform.system()}, {cores} cores, Python {platform.python_version()}{rest}"


def read(path: Path) -> dict[str, Any]:
    """Return the parts of a file of figures, by name; none when there is no such file."""
    if not path.exists():
        return {}
    parts: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return parts


def write(path: Path, parts: Mapping[str, Any]) -> None:
    """Put parts into a file of figures, in place of those of the same name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps({**read(path), **parts}, indent=1, sort_keys=True)
    path.write_text(f"{text}\n", encoding="utf-8")


def part(at: str, where: str, seconds: float, measured: list[Measured]) -> dict[str, Any]:
    """Return a part for a file of figures."""
    figures = [{**asdict(one), "value": _short(one.value)} for one in measured]
    for one in figures:
        one["peers"] = {name: _short(value) for name, value in one["peers"].items()}
    return {"at": at, "machine": where, "seconds": round(seconds), "figures": figures}


def _short(value: float) -> float:
    return float(f"{value:.5g}")


def figures(parts: Mapping[str, Any]) -> dict[str, Measured]:
    """Return the figures of all parts, by row."""
    return {one["row"]: Measured(**one) for each in parts.values() for one in each["figures"]}


def tables(found: Mapping[str, Measured]) -> Iterator[str]:
    """Yield the text of each theme of which something was measured."""
    for theme in THEMES:
        rows = [row for row in theme.rows if row.id in found]
        if rows:
            yield "\n".join(
                [
                    f"## {theme.title}",
                    "",
                    theme.text,
                    "",
                    *_table(rows, found),
                    *_below(_reasons(rows, found), _notes(rows, found)),
                ]
            )


def _table(rows: list[Row], found: Mapping[str, Measured]) -> Iterator[str]:
    yield "| | ours | others | ours ÷ the best | aim | |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for row in rows:
        own = found[row.id]
        best_first = sorted(own.peers.items(), key=lambda peer: peer[1], reverse=row.more)
        peers = ", ".join(f"{name} {_number(row, value)}" for name, value in best_first)
        mark = "**missed**" if missed(row, found) else "met" if limit(row, found) is not None else ""
        yield (
            (
                f"| {row.what} | {_number(row, own.value)} {row.unit} | {peers} | {_ratio(row, own)} "
                f"| {_aim(row, found)} | {mark} |"
            )
            .replace("|  |", "| |")
            .replace("|  |", "| |")
        )


def _reasons(rows: list[Row], found: Mapping[str, Measured]) -> Iterator[str]:
    """Yield why aims were missed."""
    reasons: dict[str, list[str]] = {}
    for row in rows:
        if missed(row, found):
            reasons.setdefault(row.reason or "no reason is known", []).append(row.what)
    return (f"- Missed by {'; '.join(who)}: {why}." for why, who in reasons.items())


def _notes(rows: list[Row], found: Mapping[str, Measured]) -> Iterator[str]:
    """Yield what figures are made of."""
    return (f"- {row.what}: {found[row.id].note}." for row in rows if found[row.id].note)


def _below(*parts: Iterator[str]) -> list[str]:
    """Return lines for below a table."""
    lines = list(chain(*parts))
    return ["", *lines] if lines else []


def limit(row: Row, found: Mapping[str, Measured]) -> float | None:
    """Return the number that a figure is to keep to; None without one."""
    return row.aim.limit(found[row.id], found) if row.aim else None


def missed(row: Row, found: Mapping[str, Measured]) -> bool:
    """Tell whether a figure missed its aim."""
    number = limit(row, found)
    if number is None:
        return False
    value = found[row.id].value
    return value < number if row.more else value > number


def _ratio(row: Row, own: Measured) -> str:
    """Return how many times the best peer's a figure is."""
    if not own.peers:
        return ""
    best = (max if row.more else min)(own.peers, key=lambda name: own.peers[name])
    if own.peers[best] <= 0:
        return ""
    return f"{own.value / own.peers[best]:.2f} ({best})"


def _aim(row: Row, found: Mapping[str, Measured]) -> str:
    number = limit(row, found)
    if number is None or row.aim is None:
        return ""
    sign = "≥" if row.more else "≤"
    terms = [
        row.aim.peer,
        "its modules alone" if row.aim.plus else "",
        f"{row.aim.number:g}" if row.aim.number else "",
    ]
    made_of = " + ".join(filter(None, terms))
    told = f" ({made_of})" if row.aim.peer else ""
    return f"{sign} {_number(row, number)} {row.unit}{told}"


def _number(row: Row, value: float) -> str:
    return f"{value:,.{row.digits}f}"


def _run(parts: Mapping[str, Any]) -> str:
    """Tell of the run that the figures are of."""
    days = sorted({each["at"][:10] for each in parts.values()})
    machines = sorted({each["machine"] for each in parts.values()})
    minutes = sum(each["seconds"] for name, each in parts.items() if name != "large") / 60
    larger = " Three million traces are a run of their own, `make bench-large`." if "large" in parts else ""
    return (
        f"`make bench` ({'; '.join(machines)}; {' and '.join(days)}; {minutes:.0f} minutes), medians. "
        "All take turns in one run, so ratios tell more than figures; below 1 is better, for rates above 1."
        f"{larger}"
    )


def page(parts: Mapping[str, Any]) -> str:
    """Return the page of all figures."""
    return "\n\n".join(["# How fast it is", _run(parts), *tables(figures(parts))]) + "\n"


def chapter(parts: Mapping[str, Any]) -> str:
    """Return the README's chapter, without its title: the figures that have an aim."""
    found = figures(parts)
    aimed = [row for theme in THEMES for row in theme.rows if row.aim and row.id in found]
    table = "\n".join([*_table(aimed, found), *_below(_reasons(aimed, found))])
    more = "All figures, also of requests through the gateway: [docs/performance.md](docs/performance.md)."
    return "\n" + "\n\n".join([_run(parts), table, more]) + "\n\n"


def main() -> None:
    """Take the last run's figures."""
    write(COMMITTED, read(LATEST))
    parts = read(COMMITTED)
    PAGE.write_text(page(parts), encoding="utf-8")
    readme = ROOT / "README.md"
    text = readme.read_text(encoding="utf-8")
    readme.write_text(CHAPTER.sub(lambda _: chapter(parts), text), encoding="utf-8")


if __name__ == "__main__":
    main()
