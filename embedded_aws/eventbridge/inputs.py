"""What a target of a rule gets of an event: all, a part, a constant, or a text made from it. Pure functions.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from embedded_aws.aws.parsing import shown

_STEP = re.compile(r"\.?([^.\[\]]+)|\[([0-9]{1,9}|\*|'[^']*'|\"[^\"]*\")\]")
_VARIABLE = re.compile(r"<([A-Za-z0-9_.-]+)>")


class InputError(ValueError):
    """What a target is to get cannot be made: a path is none, or a template would be broken JSON."""


@dataclass(frozen=True)
class RuleContext:
    """What templates can name besides the event: the rule, and when the event came, as ISO 8601."""

    rule_arn: str
    rule_name: str
    ingestion_time: str


def target_input(target: Mapping[str, Any], event: Mapping[str, Any], context: RuleContext) -> str:
    """Return the text that a target gets; raises `InputError`."""
    if target.get("Input") is not None:
        return str(target["Input"])
    if target.get("InputPath"):
        return _json(next(values_at(target["InputPath"], event), None))
    transformer = target.get("InputTransformer")
    if transformer:
        paths = transformer.get("InputPathsMap") or {}
        variables = {name: list(values_at(path, event)) for name, path in paths.items()}
        known = {name: found[0] for name, found in variables.items() if found}
        return filled(transformer["InputTemplate"], {**known, **_predefined(event, context)})
    return _json(event)


def values_at(path: str, event: Any) -> Iterator[Any]:
    """Yield what a path such as `$.detail.items[0].id` leads to; raises `InputError`."""
    if not path.startswith("$"):
        raise InputError(f"path {path!r}: expected $, then names such as .detail and indices such as [0]")
    rest, values = path[1:], [event]
    while rest:
        step = _STEP.match(rest)
        if not step:
            raise InputError(f"path {path!r}: {rest!r} is neither a name nor an index")
        values = [inner for value in values for inner in _inner(value, step[1], step[2])]
        rest = rest[step.end() :]
    yield from values


def filled(template: str, variables: Mapping[str, Any]) -> str:
    """Return a template with its `<variables>` in place.

    Elsewhere than in a string all goes in as JSON; in a string a text goes in as it is, and other JSON
    without its quotation marks. A variable that the event has not is an empty text. In the strings of a
    template that is JSON, an object or a list breaks that: raises `InputError`. So AWS was seen to do.
    """
    is_json = template.lstrip().startswith(("{", "["))
    parts: list[str] = []
    place = 0
    inside = False
    for found in _VARIABLE.finditer(template):
        between = template[place : found.start()]
        inside ^= _toggles(between)
        value = variables.get(found[1], "")
        if is_json and inside and isinstance(value, dict | list):
            raise InputError(f"{found[0]} is {shown(value)} and stands in quotation marks; leave them out")
        parts += [between, _placed(value, inside=inside)]
        place = found.end()
    return "".join([*parts, template[place:]])


def _toggles(text: str) -> bool:
    """Tell whether a JSON string begins or ends in a text: quotes that are not escaped, an odd number."""
    return len(re.findall(r'(?<!\\)(?:\\\\)*"', text)) % 2 == 1


def _placed(value: Any, *, inside: bool) -> str:
    text = _json(value)
    if not inside:
        return text
    return text[1:-1] if isinstance(value, str) else json.dumps(text.replace('"', ""))[1:-1]


def _predefined(event: Mapping[str, Any], context: RuleContext) -> dict[str, Any]:
    return {
        "aws.events.rule-arn": context.rule_arn,
        "aws.events.rule-name": context.rule_name,
        "aws.events.event.ingestion-time": context.ingestion_time,
        # AWS spells one of its fields otherwise here than in the event.
        "aws.events.event": {
            "detailType" if key == "detail-type" else key: value
            for key, value in event.items()
            if key != "detail"
        },
        "aws.events.event.json": event,
    }


def _inner(value: Any, name: str | None, index: str | None) -> list[Any]:
    if name == "*" or index == "*":
        return list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    if index and index.isdecimal():
        return value[int(index) : int(index) + 1] if isinstance(value, list) else []
    key = name or (index or "")[1:-1]
    return [value[key]] if isinstance(value, dict) and key in value else []


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
