"""What a request may take: `p95 <= 300ms`, `calls DynamoDB <= 3`, `no errors`, `cold start <= 1s`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

from waterfall.proof.runs import percentile

_SECONDS = {"ms": 0.001, "s": 1.0}
_FORMS = (
    "`p95 <= 300ms`, `DynamoDB PutItem p95 <= 20ms`, `calls DynamoDB <= 3`, `no errors`, `cold start <= 1s`"
)
_TIME = re.compile(
    r"(?:(?P<span>.+?) )?(?P<what>median|max|p[1-9][0-9]?|cold start) *<= *"
    r"(?P<limit>\d+(?:\.\d+)?) *(?P<unit>ms|s)"
)
_CALLS = re.compile(r"calls(?: (?P<span>.+?))? *<= *(?P<limit>\d+)")
_NONE = re.compile(r"no (?P<what>errors|faults)")


@dataclass(frozen=True, slots=True)
class Budget:
    """One limit, as `text` says it: of `span` (name or label; `None`: the whole request)."""

    text: str
    what: str
    span: str | None
    limit: float


@dataclass(frozen=True, slots=True)
class Measured:
    """What budgets are about, of all runs of a request.

    `seconds` of the request and of spans by label, `calls` in one run by name and by label, `failures` texts
    such as `DynamoDB PutItem: fault`, with those of clients under `errors` too. `cold_starts` in seconds.
    """

    seconds: Mapping[str | None, Sequence[float]]
    calls: Mapping[str | None, int] = field(default_factory=dict)
    errors: Sequence[str] = ()
    faults: Sequence[str] = ()
    cold_starts: Sequence[float] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """`ok` is `None` where nothing was there to be measured; `found` says what was."""

    budget: Budget
    ok: bool | None
    found: str


def read_budget(text: str) -> Budget:
    """Read a budget; raises ValueError for anything else."""
    if match := _TIME.fullmatch(text.strip()):
        limit = float(match["limit"]) * _SECONDS[match["unit"]]
        return Budget(text.strip(), match["what"], match["span"], limit)
    if match := _CALLS.fullmatch(text.strip()):
        return Budget(text.strip(), "calls", match["span"], float(match["limit"]))
    if match := _NONE.fullmatch(text.strip()):
        return Budget(text.strip(), match["what"], None, 0.0)
    raise ValueError(f"{text!r} is not a budget: give one of {_FORMS}")


def judge(budget: Budget, measured: Measured) -> Verdict:
    """Compare a budget with what was measured."""
    if budget.what in {"errors", "faults"}:
        found = measured.errors if budget.what == "errors" else measured.faults
        return Verdict(budget, not found, found[0] if found else "none")
    if budget.what == "calls":
        count = measured.calls.get(budget.span, 0)
        return Verdict(budget, count <= budget.limit, f"{count}")
    times = measured.cold_starts if budget.what == "cold start" else measured.seconds.get(budget.span, ())
    if not times:
        return Verdict(
            budget, None, "no cold start was seen" if budget.what == "cold start" else "no such span"
        )
    value = _statistic(budget.what, times)
    return Verdict(budget, value <= budget.limit, milliseconds(value))


def _statistic(what: str, times: Sequence[float]) -> float:
    if what == "median":
        return median(times)
    return max(times) if what in {"max", "cold start"} else percentile(times, int(what[1:]) / 100)


def milliseconds(seconds: float) -> str:
    """Return a time as budgets write it."""
    return f"{seconds * 1000:.1f}ms"
