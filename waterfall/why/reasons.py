"""One sentence about one thing that decided, and the words of an explanation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "stop", "gap", "info"]
"""`stop` decided against a trace, `gap` leaves a part out of it, `info` decided nothing."""


@dataclass(frozen=True, slots=True)
class Reason:
    """A sentence, and what to do about it.

    Of a `stop`, `clause` is its words in a verdict that begins with "No trace:", `brief` a few for a list.
    """

    state: State
    text: str
    fix: str = ""
    clause: str = ""
    brief: str = ""


@dataclass(frozen=True, slots=True)
class Explanation:
    """The verdict, in one line, and what led to it; `trace_id` is the trace that is there.

    `good`: all is as one wants it, without a trace: one will be there, or a rule fired.
    """

    verdict: str
    reasons: tuple[Reason, ...]
    trace_id: str | None = None
    good: bool = False

    @property
    def is_good(self) -> bool:
        return self.good or self.trace_id is not None


def first_stop(reasons: list[Reason]) -> Reason | None:
    return next((one for one in reasons if one.state == "stop"), None)


def listed(words: list[str]) -> str:
    """Join as `a`, `a and b`, `a, b and c`."""
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))
