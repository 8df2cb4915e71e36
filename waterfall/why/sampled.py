"""How sampling decided: the header that came, X-Ray's rules, Lambda's own rule."""

from __future__ import annotations

import re
from collections.abc import Iterator

from waterfall.sampling.rules import percent
from waterfall.why.facts import ApiRequest, Decision, Draw
from waterfall.why.reasons import Reason, listed

SAMPLED_HEADER = "X-Amzn-Trace-Id: Root=1-<8 hex digits>-<24 hex digits>;Sampled=1"
_SEND_SAMPLED = f"send this request with {SAMPLED_HEADER}"
_ROOT = re.compile(r"(?:^|;)\s*root=1-[0-9a-f]{8}-[0-9a-f]{24}\s*(?:;|$)", re.IGNORECASE)
_SAMPLED = re.compile(r"(?:^|;)\s*sampled=([^;]*)", re.IGNORECASE)
_SELF = re.compile(r"(?:^|;)\s*self=", re.IGNORECASE)
_IGNORED = re.compile(r"-ignored-\d+")


def header_reasons(request: ApiRequest) -> Iterator[Reason]:
    """Say what the header did; with tracing off it only passes through."""
    header = request.header
    w3c = " W3C's traceparent came with it; API Gateway ignores it." if request.w3c else ""
    if not header:
        yield Reason("info", f"No X-Amzn-Trace-Id came with the request.{w3c}")
        return
    if not _ROOT.search(header):
        told = "has no well-formed Root=1-<8 hex digits>-<24 hex digits>, so it counts as none"
        yield Reason("info", f"The X-Amzn-Trace-Id that came, {header!r}, {told}.{w3c}")
        return
    if _SELF.search(header):
        w3c += " Its Self= is a load balancer's and decides nothing."
    sampled = _SAMPLED.search(header)
    decided = sampled[1].strip() if sampled else ""
    if not request.tracing:
        yield Reason("info", f"The X-Amzn-Trace-Id that came was handed on to the function as it was.{w3c}")
    elif decided == "1":
        yield Reason(
            "ok", f"The X-Amzn-Trace-Id that came says Sampled=1: it is traced, no rule was asked.{w3c}"
        )
    elif decided == "0":
        yield Reason(
            "stop",
            f"The X-Amzn-Trace-Id that came says Sampled=0: API Gateway obeys, no rule was asked.{w3c}",
            "The caller decided: let it send Sampled=1, or no Sampled at all so that the rules are asked.",
            "the X-Amzn-Trace-Id that came says Sampled=0",
            "header: Sampled=0",
        )
    else:
        left = f"Sampled={decided}" if sampled else "no Sampled"
        yield Reason("info", f"The X-Amzn-Trace-Id that came left the decision open ({left}).{w3c}")


def rule_reasons(decision: Decision) -> Iterator[Reason]:
    """Say which of X-Ray's rules decided, and how."""
    rule, draw = decision.rule, decision.draw
    if rule is None or draw is None:
        return
    if draw.passed_over:
        others = [
            f"{one.rule} (priority {one.priority}: {one.field} {one.pattern})" for one in draw.passed_over
        ]
        yield Reason("info", f"Tried first, by priority, and not for this request: {listed(others)}.")
    boosted = " Its sampling boost has no effect here." if draw.boosted else ""
    name = f"rule {rule} (priority {draw.priority})"
    if decision.sampled:
        how = _taken(draw) if draw.taken else _by_chance(draw)
        yield Reason("ok", f"The {name} sampled it: {how}.{boosted}")
        return
    clause = f"rule {rule} did not sample it ({_not_taken(draw)})"
    yield Reason(
        "stop",
        f"The {name} did not sample it: {_not_taken(draw)}.{boosted}",
        _fix(rule, draw),
        clause,
        _brief(draw),
    )


def own_rule_reasons(function: str, decision: Decision) -> Iterator[Reason]:
    """Say what Lambda's own rule decided, which no setting changes."""
    draw = decision.draw
    if draw is None:
        return
    lead = f"{function} was invoked without a decision, so Lambda's own rule decided:"
    if decision.sampled:
        yield Reason("ok", f"{lead} it is traced, {_taken(draw) if draw.taken else _by_chance(draw)}.")
        return
    yield Reason(
        "stop",
        f"{lead} it is not traced, {_not_taken(draw)}.",
        f"Nothing changes Lambda's rule: invoke it with the header {SAMPLED_HEADER}.",
        f"Lambda's own rule did not sample it ({_not_taken(draw)})",
        "Lambda's own rule",
    )


def _taken(draw: Draw) -> str:
    return f"it took one of the reservoir of {draw.share}/s"


def _by_chance(draw: Draw) -> str:
    if draw.rate >= 1:
        return f"its rate is {percent(draw.rate)}" if draw.priority else "the rate is 100 %"
    used = "the reservoir was used up, " if draw.share else ""
    return (
        f"{used}and chance took it ({percent(draw.rate)})"
        if used
        else f"chance took it ({percent(draw.rate)})"
    )


def _not_taken(draw: Draw) -> str:
    if draw.reservoir == 0:
        reservoir = "no reservoir"
    elif draw.share == 0:
        reservoir = f"the reservoir of {draw.reservoir}/s is lent to SDKs that sample"
    else:
        reservoir = f"reservoir of {draw.share}/s was used up"
    return f"{reservoir}; {percent(draw.rate)} rate"


def _brief(draw: Draw) -> str:
    return "rule: never" if not (draw.rate or draw.reservoir) else f"rule: {percent(draw.rate)}"


def _fix(rule: str, draw: Draw) -> str:
    if _IGNORED.search(rule):
        return f"Take the route out of `ignored` in the setting sampling, or {_SEND_SAMPLED}."
    if draw.rate or draw.reservoir:
        return f"Raise the rule's reservoir or rate, or {_SEND_SAMPLED}."
    return f"Give the rule a reservoir or a rate, or {_SEND_SAMPLED}."
