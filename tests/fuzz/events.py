"""What rules, subscriptions and schedules are made of: patterns, schedule expressions, input templates."""

from __future__ import annotations

import json
from typing import Any

from embedded_aws.aws import schedule_expressions
from embedded_aws.aws.event_patterns import EventPatternError, first_difference, matches, parse
from embedded_aws.aws.schedule_expressions import ExpressionError
from embedded_aws.eventbridge.inputs import InputError, RuleContext, target_input
from embedded_aws.sns.filter_policy import takes
from tests.fuzz.mutation import Source
from tests.fuzz.target import Target, stateless

_EVENTS: tuple[Any, ...] = (
    {"source": "shop", "detail": {"a": 1, "b": [{"c": "x", "d": 1.5}, {"c": None}], "ip": "10.0.0.1"}},
    {"detail": {"a": [[{"c": True}], []], "text": "dir/a*b\\c.PNG", "n": 10**300}},
    [], "text", None,
)  # fmt: skip
_ATTRIBUTES = {
    "a": {"Type": "Number", "Value": "1e999"},
    "b": {"Type": "String.Array", "Value": '["x", 1, null, ['},
    "c": {"Type": "String", "Value": "x"},
}
_PATTERNS: tuple[Any, ...] = (
    {"source": ["shop", {"prefix": "s"}], "detail": {"a": [{"numeric": [">", 0, "<=", 5]}]}},
    {"detail": {"b": {"c": [{"anything-but": {"wildcard": ["*a*", "b"]}}], "d": [{"exists": False}]}}},
    {"$or": [{"a": [{"cidr": "10.0.0.0/8"}]}, {"c": [{"equals-ignore-case": "X"}, None, True, 1.5]}]},
    {"detail": {"text": [{"wildcard": "dir/*\\*b\\\\*"}, {"suffix": {"equals-ignore-case": ".png"}}]}},
)
_SCHEDULES = (
    "rate(5 minutes)", "cron(0/15 8-18,20 ? JAN,MAR MON-FRI 2026-2030)", "cron(0 9 L-2,15W,LW * ? *)",
    "cron(5 0 ? * 3#2 *)", "cron(0 0 ? * FRIL *)", "at(2026-12-24T18:00:00)", "cron(* * 31 2 ? *)",
)  # fmt: skip
_SCHEDULE_WORDS = (
    *("cron(", "rate(", "at(", ")", "*", "?", "L", "W", "#", "/", "-", ",", "0", "60", "2199", "JAN", "SUN"),
    *(" days", " hour", "0001-01-01T00:00:00", "9999-12-31T23:59:59"),
)
_ZONES = ("UTC", "Europe/Berlin", "America/St_Johns", "Pacific/Apia", "", "../UTC", "Nowhere", "\0")
_TARGETS: tuple[Any, ...] = (
    {"InputPath": "$.detail.b[0].c"},
    {
        "InputTransformer": {
            "InputPathsMap": {"x": "$.detail.b[*]['c']"},
            "InputTemplate": '{"a": "<x>", "b": <x>}',
        }
    },
    {"InputTransformer": {"InputTemplate": '"<aws.events.event.json> <none> \\" <aws.events.rule-name>"'}},
)
_CONTEXT = RuleContext("arn:aws:events:us-east-1:1:rule/r", "r", "2026-11-28T12:00:00Z")


def _pattern(source: Source) -> str:
    return source.json(source.pick(_PATTERNS))


def _take_pattern(text: str) -> None:
    try:
        pattern = parse(text)
    except EventPatternError:
        return
    for event in _EVENTS:
        fits, differs = matches(pattern, event), first_difference(pattern, event)
        assert fits is (differs is None) or not isinstance(event, dict)
        takes(pattern, "MessageBody", json.dumps(event), _ATTRIBUTES)
    takes(pattern, "MessageAttributes", "", _ATTRIBUTES)


def _schedule(source: Source) -> tuple[str, str, float]:
    moment = source.one(0.0, 1.8e9, -1e9, 7e9)
    return source.text(source.pick(_SCHEDULES), _SCHEDULE_WORDS), source.pick(_ZONES), moment


def _take_schedule(case: tuple[str, str, float]) -> None:
    text, zone, moment = case
    try:
        expression = schedule_expressions.parse(text, zone)
    except ExpressionError:
        return
    due = expression.after(moment, 0.0)
    assert due is None or due > moment


def _target(source: Source) -> Any:
    sample = source.pick(_TARGETS)
    if "InputPath" in sample:
        return {"InputPath": source.text(sample["InputPath"], ("$", ".", "[", "]", "*", "0", "'", '"'))}
    given = sample["InputTransformer"]
    paths = {name: source.text(path) for name, path in given.get("InputPathsMap", {}).items()}
    template = source.text(given["InputTemplate"], ("<x>", "<", ">", '"', "\\"))
    return {"InputTransformer": {"InputPathsMap": paths, "InputTemplate": template}}


def _take_target(target: Any) -> None:
    for event in _EVENTS[:2]:
        try:
            target_input(target, event, _CONTEXT)
        except InputError:
            continue


TARGETS = (
    Target("event-patterns", 120, _pattern, stateless(_take_pattern)),
    Target("schedules", 60, _schedule, stateless(_take_schedule)),
    Target("inputs", 60, _target, stateless(_take_target)),
)
