"""Why a rule or schedule of EventBridge fired or did not: a verdict and a sentence for each thing. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from waterfall.shell import typed
from waterfall.why.reasons import Explanation, Reason, first_stop

_MOST = 3
"""So many of the newest events and deliveries are told."""


def explain_rule(rule: Mapping[str, Any], now: float) -> Explanation:
    """Explain what the endpoint tells of a rule, as `embedded_aws.events.explaining` shapes it."""
    reasons = [*_settings(rule), *_events(rule, now), *_targets(rule), *_deliveries(rule, now)]
    name, sent = f"{rule['kind']} {rule['name']}", rule["deliveries"]
    delivered = [one for one in sent if one["state"] == "delivered"]
    stop = first_stop(reasons)
    if stop and not delivered:
        return Explanation(f"The {name} did not fire: {stop.clause}", tuple(reasons))
    if not sent:
        return Explanation(f"The {name} has not fired yet", tuple(reasons))
    if sent[0]["state"] != "delivered":
        return Explanation(f"The {name} fired, and its target did not take it", tuple(reasons))
    since = f", but not since: {stop.clause}" if stop else ""
    verdict = f"The {name} fired {_ago(sent[0]['at'], now)}{since}"
    return Explanation(verdict, tuple(reasons), good=not stop)


def _settings(rule: Mapping[str, Any]) -> Iterator[Reason]:
    if rule["state"].startswith("ENABLED"):
        by = f"by its schedule, {rule['schedule']}" if rule["schedule"] else f"on the bus {rule['bus']}"
        yield Reason("ok", f"It is enabled, {by}.")
    else:
        yield Reason("stop", f"Its state is {rule['state']}.", "Enable it.", "it is disabled")
    if not rule["targets"]:
        yield Reason("stop", "It has no targets.", "Give it one.", "it has no targets")


def _events(rule: Mapping[str, Any], now: float) -> Iterator[Reason]:
    """Tell of the newest events of its bus: those that fit, and the first field of those that do not."""
    if rule["pattern"] is None:
        return
    events: Sequence[Mapping[str, Any]] = rule["events"]
    if not events:
        yield Reason(
            "stop",
            f"No event has come to the bus {rule['bus']} since the start.",
            "Look at FailedEntryCount of PutEvents, and at the bus and the region that it names.",
            f"no event has come to the bus {rule['bus']}",
        )
    fits = any(event["differs"] is None for event in events)
    for number, event in enumerate(events[:_MOST]):
        which = f"{event['source']}, {event['detail_type']}, {_ago(event['at'], now)}"
        what = f"The event {event['id'][:8]} ({which})"
        differs = event["differs"]
        if differs is None:
            yield Reason("ok", f"{what} fits its pattern.")
            continue
        field, wanted = differs["field"], differs["wanted"]
        if field.endswith("$or"):
            text = f"{what} does not fit: no choice of {field} does, of {wanted}."
            clause = f"no choice of {field} fits the newest event, of {wanted}"
        else:
            found = "is not there" if differs["found"] is None else f"is {differs['found']}"
            text = f"{what} does not fit: {field} {found}, the pattern wants {wanted}."
            clause = f"{field} of the newest event {found}, its pattern wants {wanted}"
        yield Reason("info" if fits or number else "stop", text, clause=clause)


def _targets(rule: Mapping[str, Any]) -> Iterator[Reason]:
    for target in rule["targets"]:
        if target["allowed"] is False:
            yield Reason(
                "gap",
                f"{_short(target['arn'])} does not let EventBridge invoke it for this rule: here it is "
                "invoked all the same, on AWS it is not.",
                "Give it an aws.lambda_.Permission for events.amazonaws.com, source_arn the rule's ARN.",
            )


def _deliveries(rule: Mapping[str, Any], now: float) -> Iterator[Reason]:
    for one in rule["deliveries"][:_MOST]:
        times = f"{one['attempts']} time{'s' * (one['attempts'] != 1)}"
        target, at = _short(one["target"]), _ago(one["at"], now)
        if one["state"] == "delivered":
            known = ":lambda:" in one["target"] and one["request_id"]
            fix = f"`{typed(f'why {known}')}` tells of its trace." if known else ""
            yield Reason("ok", f"{target} took what it sent {at}.", fix)
        elif one["state"] == "trying":
            failed = f" after {times}: {one['error']}" if one["error"] else ""
            yield Reason("gap", f"{target} has not taken what it sent {at}{failed}; it is tried again.")
        else:
            where = (
                f"the dead-letter queue {_short(one['dead_letters'])} has it"
                if one["dead_letters"]
                else "it is dropped, as no dead-letter queue has it"
            )
            yield Reason(
                "gap", f"{target} refused what it sent {at}, tried {times}: {one['error']}; {where}."
            )


def _short(arn: str) -> str:
    return arn.rpartition(":")[2]


def _ago(at: float, now: float) -> str:
    seconds = max(0.0, now - at)
    if seconds < 1:
        return "now"
    return f"{seconds:.0f} s ago" if seconds < 120 else f"{seconds / 60:.0f} min ago"
