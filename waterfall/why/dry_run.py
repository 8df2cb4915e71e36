"""What decides about requests that nobody remembers: as the account is set now. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from waterfall.sampling.rules import Rule, SamplingRequest, decide, percent
from waterfall.why.facts import Function
from waterfall.why.gateway import stage_reason
from waterfall.why.reasons import Explanation, Reason, first_stop


@dataclass(frozen=True, slots=True)
class UnreadFunction:
    """A function whose settings cannot be read, for whatever reason `why` says."""

    name: str
    why: str


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage as it is set now; `function` is what the request's route calls, `None` where there is none.

    `arn` is the stage's, as sampling rules see it.
    """

    api_name: str
    name: str
    tracing: bool
    function: Function | UnreadFunction | None = None
    arn: str | None = None

    @property
    def full_name(self) -> str:
        return f"{self.api_name}/{self.name}"


@dataclass(frozen=True, slots=True)
class DryRun:
    """A request that may come; `stage` is `None` when no such stage is deployed.

    `remembered` says why this is about any such request and not about a past one.
    """

    method: str
    path: str
    stage: Stage | None
    rules: Sequence[Rule]
    remembered: str


def explain_dry_run(request: DryRun) -> Explanation:
    """Explain what is decided about such requests from now on."""
    reasons = [Reason("info", request.remembered), *_reasons(request)]
    stop = first_stop(reasons)
    if stop:
        return Explanation(f"No trace: {stop.clause}", tuple(reasons))
    rule = _rule(request)
    verdict = f"Such a request is traced: {_means(rule)}" if rule else "Such a request is traced"
    return Explanation(verdict, tuple(reasons), good=True)


def _reasons(request: DryRun) -> Iterator[Reason]:
    stage = request.stage
    if stage is None:
        yield Reason(
            "stop",
            "No stage that is deployed answers at this URL.",
            "Mend the URL: https://<api id>.execute-api.<region>.amazonaws.com/<stage>/<path>.",
            "no stage is deployed at this URL",
            "no such stage",
        )
        return
    yield stage_reason(stage.full_name, tracing=stage.tracing)
    if stage.tracing:
        yield Reason(
            "info",
            "With Sampled=1 or Sampled=0 in its X-Amzn-Trace-Id no rule is asked; traceparent is ignored.",
        )
        yield from _ruled(request)
    yield from _functions(request, stage)


def _rule(request: DryRun) -> Rule | None:
    stage = request.stage
    service, resource = (stage.full_name, stage.arn) if stage else (None, None)
    asked = SamplingRequest(request.method, request.path, service=service, resource=resource)
    return decide(request.rules, asked)


def _ruled(request: DryRun) -> Iterator[Reason]:
    rule = _rule(request)
    if rule is None:
        return
    such = f"{request.method} {request.path}"
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


def _functions(request: DryRun, stage: Stage) -> Iterator[Reason]:
    function = stage.function
    if function is None:
        yield Reason(
            "info", f"{request.method} {request.path} calls no function: only the stage sends a segment."
        )
        return
    if isinstance(function, UnreadFunction):
        told = f"It calls {function.name}, whose part in the trace is not known: {function.why}."
        yield Reason("gap", told)
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
