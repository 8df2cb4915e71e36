"""Runs cases of a target in this process: what escapes, what stalls, and how memory grows."""

from __future__ import annotations

import contextlib
import gc
import os
import subprocess
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.fuzz.mutation import Source
from tests.fuzz.target import Take, Target

STALL_SECONDS = 1.0
_ATTEMPTS = 3
"""A case counts as a stall when it is slow each time: other processes may have had the processor once."""
MOST_GROWTH = 32 * 1024 * 1024
"""Bytes that a process may grow after its first cases, which fill caches."""
_WARM_UP = 0.25
_ENOUGH = 10_000
"""Of fewer cases growth says nothing, and to look for garbage takes longer than many of them."""
_MOST_FINDINGS = 20
_SHRINKS = 300
_ROOT = str(Path(__file__).parents[2])


@dataclass(frozen=True)
class Slice:
    """Some cases of a target: `first` up to `first + count`."""

    target: str
    seed: int
    first: int
    count: int


@dataclass(frozen=True)
class Finding:
    """`first` and `cases` repeat it; `kind` is what findings of one cause have in common."""

    target: str
    seed: int
    first: int
    cases: int
    kind: str
    told: str
    given: str

    def __str__(self) -> str:
        arguments = f"--seed {self.seed} --target {self.target} --first {self.first} --cases {self.cases}"
        lines = (self.told, f"input: {self.given}", f"again: make fuzz ARGS='{arguments}'")
        return "\n  ".join((f"{self.target}: {self.kind}", *lines))


@dataclass
class Report:
    """What came of a slice; `kinds` counts the findings of each kind, of which the first is kept."""

    slice: Slice
    cases: int = 0
    seconds: float = 0.0
    findings: list[Finding] = field(default_factory=list)
    kinds: dict[str, int] = field(default_factory=dict)

    def add(self, finding: Finding) -> None:
        self.kinds[finding.kind] = self.kinds.get(finding.kind, 0) + 1
        if self.kinds[finding.kind] == 1 and len(self.findings) < _MOST_FINDINGS:
            self.findings.append(finding)


def run(target: Target, part: Slice, begun: Callable[[int], None] = lambda _: None) -> Report:
    """Run the cases of a slice; `begun` is told of each before it runs, for who watches for a hang."""
    report = Report(part)
    started = time.perf_counter()
    grown_from = 0
    end = part.first + part.count
    for block in range(part.first, end, target.block):
        stop = min(end, block + target.block)
        with target.open() as take:
            for number in range(block, stop):
                begun(number)
                if part.count >= _ENOUGH and number == part.first + int(part.count * _WARM_UP):
                    grown_from = resident_bytes(os.getpid())
                _one(target, take, number, report)
        report.cases += stop - block
    growth = resident_bytes(os.getpid()) - grown_from if part.count >= _ENOUGH else 0
    if growth > MOST_GROWTH:
        told = f"{growth / 1e6:.0f} MB more after the first {_WARM_UP:.0%} of {part.count} cases"
        report.add(
            Finding(part.target, part.seed, part.first, part.count, "memory growth", told, "all of them")
        )
    report.seconds = time.perf_counter() - started
    return report


def _one(target: Target, take: Take, number: int, report: Report) -> None:
    part = report.slice
    given = target.make(Source(f"{part.seed}/{part.target}/{number}"))
    began = target.clock()
    try:
        take(given)
    except Exception as error:  # noqa: BLE001 - whatever escapes is a finding
        kind = kind_of(error)
        if kind not in report.kinds:
            given = _shrunk(target, given, kind)
        told = "".join(traceback.format_exception_only(error)).strip()[:500]
        # What a target keeps may have led to it, so a repetition begins where that was empty.
        first = number if target.is_stateless else number - (number - part.first) % target.block
        report.add(Finding(part.target, part.seed, first, number - first + 1, kind, told, shown(given)))
        return
    if target.clock() - began > STALL_SECONDS and _is_slow_again(target, take, given):
        told = f"took longer than {STALL_SECONDS} s, {_ATTEMPTS} times"
        report.add(Finding(part.target, part.seed, number, 1, "stall", told, shown(given)))


def _is_slow_again(target: Target, take: Take, given: Any) -> bool:
    for _ in range(_ATTEMPTS - 1):
        began = target.clock()
        with contextlib.suppress(Exception):
            take(given)
        if target.clock() - began < STALL_SECONDS:
            return False
    return True


def kind_of(error: BaseException) -> str:
    """Name an error by its class and the line of ours that it came through last."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [one for one in frames if one.filename.startswith(_ROOT) and "/.venv/" not in one.filename]
    last = ours[-1] if ours else frames[-1]
    where = f"{last.filename.removeprefix(_ROOT).lstrip('/')}:{last.lineno} in {last.name}"
    answered = f" {str(error)[:20]}" if "/fuzz/" in last.filename else ""
    return f"{type(error).__name__} at {where}{answered}"


def _shrunk(target: Target, given: Any, kind: str) -> Any:
    """Return a shorter text or bytes with the same finding, if cutting pieces out leads to one."""
    if not isinstance(given, str | bytes):
        return given
    tries, size = 0, len(given) // 2
    while size and tries < _SHRINKS:
        at = 0
        while at < len(given) and tries < _SHRINKS:
            shorter: Any = given[:at] + given[at + size :]  # type: ignore[operator] # both are texts, or bytes
            tries += 1
            if _fails(target, shorter, kind):
                given = shorter
            else:
                at += size
        size //= 2
    return given


def _fails(target: Target, given: Any, kind: str) -> bool:
    try:
        with target.open() as take:
            take(given)
    except Exception as error:  # noqa: BLE001 - any kind may come
        return kind_of(error) == kind
    return False


def shown(given: Any) -> str:
    text = repr(given)
    return text if len(text) <= 1500 else f"{text[:1000]}... ({len(text)} characters) ...{text[-300:]}"


def resident_bytes(process: int) -> int:
    """Return how much memory a process has, after what is garbage here was collected."""
    gc.collect()
    told = subprocess.run(
        ["ps", "-o", "rss=", "-p", str(process)], capture_output=True, text=True, check=True
    )
    return int(told.stdout) * 1024


def slices(target: Target, seed: int, first: int, count: int, size: int) -> Iterator[Slice]:
    """Cut cases into slices of whole blocks."""
    size = max(size - size % target.block, target.block) if target.block < size else size
    for start in range(first, first + count, size):
        yield Slice(target.name, seed, start, min(size, first + count - start))
