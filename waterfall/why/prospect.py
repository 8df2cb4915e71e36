"""What decides about requests that nobody remembers: as the account is set now. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from waterfall.sampling import rules as sampling
from waterfall.why.gateway import TURN_ON
from waterfall.why.reasons import Explanation, Reason, first_stop, percent

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from waterfall.sampling.rules import Rule
    from waterfall.why.facts import Function


@dataclass(frozen=True, slots=True)
class Place:
    """A stage as it is set now; `function` is what the request's route calls, `None` where there is none."""

    api_name: str
    stage: str
    tracing: bool
    function: Function | None = None


@dataclass(frozen=True, slots=True)
class Prospect:
    """A request that may come; `place` is `None` when no such stage is deployed.

    `remembered` says why this is about any such request and not about a past one.
    """

    method: str
    path: str
    place: Place | None
    rules: Sequence[Rule]
    remembered: str


def explain_prospect(asked: Prospect) -> Explanation:
    """Explain what is decided about such requests from now on."""
    reasons = [Reason("info", asked.remembered), *_reasons(asked)]
    stop = first_stop(reasons)
    if stop:
        return Explanation(f"No trace: {stop.clause}", tuple(reasons))
    rule = _rule(asked)
    return Explanation(
        f"Such a request is traced: {_means(rule)}" if rule else "Such a request is traced", tuple(reasons)
    )


def _reasons(asked: Prospect) -> Iterator[Reason]:
    place = asked.place
    if place is None:
        yield Reason(
            "stop",
            "No stage that is deployed answers at this URL.",
            "Mend the URL: https://<api id>.execute-api.<region>.amazonaws.com/<stage>/<path>.",
            "no stage is deployed at this URL",
            "no such stage",
        )
        return
    name = f"{place.api_name}/{place.stage}"
    if not place.tracing:
        yield Reason(
            "stop",
            f"X-Ray tracing is off for the stage {name}: it sends no segment and asks no rule.",
            TURN_ON,
            f"tracing is off for the stage {name}",
        )
    else:
        yield Reason("ok", f"X-Ray tracing is on for the stage {name}.")
        yield Reason(
            "info",
            "With Sampled=1 or Sampled=0 in its X-Amzn-Trace-Id no rule is asked; traceparent is ignored.",
        )
        yield from _ruled(asked)
    yield from _functions(asked, place)


def _rule(asked: Prospect) -> Rule | None:
    place = asked.place
    service = f"{place.api_name}/{place.stage}" if place else None
    return sampling.decide(asked.rules, sampling.Request(asked.method, asked.path, service=service))


def _ruled(asked: Prospect) -> Iterator[Reason]:
    rule = _rule(asked)
    if rule is None:
        return
    such = f"{asked.method} {asked.path}"
    text = f"The rule {rule.name} (priority {rule.priority}) decides about {such}: {_means(rule)}."
    if rule.rate or rule.reservoir:
        yield Reason("ok", text)
    else:
        clause = f"rule {rule.name} samples no {such}"
        yield Reason(
            "stop", text, "Give the rule a reservoir or a rate, or send Sampled=1.", clause, "rule: never"
        )


def _means(rule: Rule) -> str:
    if rule.rate >= 1:
        return "every request"
    if rule.rate <= 0 and rule.reservoir == 0:
        return "none"
    return f"{rule.reservoir} per second, then {percent(rule.rate)} of the rest by chance"


def _functions(asked: Prospect, place: Place) -> Iterator[Reason]:
    function = place.function
    if function is None:
        yield Reason(
            "info", f"{asked.method} {asked.path} calls no function: only the stage sends a segment."
        )
        return
    if function.mode == "Active":
        yield Reason("ok", f"It calls {function.name}, whose Lambda tracing mode is Active.")
    else:
        yield Reason(
            "gap",
            f"It calls {function.name}, whose tracing mode is PassThrough: Lambda sends no segments for it.",
        )
    if function.library:
        yield Reason(
            "gap" if function.library == "off" else "ok",
            f"Its own tracing is set to TRACING_MODE={function.library}.",
        )
