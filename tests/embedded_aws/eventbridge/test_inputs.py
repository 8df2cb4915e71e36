"""What a target gets of an event."""

from __future__ import annotations

import json
from typing import Any

import pytest

from embedded_aws.eventbridge.inputs import InputError, RuleContext, target_input, values_at

CONTEXT = RuleContext("arn:aws:events:us-east-1:1:rule/r", "r", "2026-11-28T12:00:00Z")
EVENT: dict[str, Any] = {
    "id": "1",
    "detail-type": "Order placed",
    "detail": {"id": 7, "by": 'An "A"', "lines": [{"sku": "a"}, {"sku": "b"}], "deep": {"x": None}},
}


def transformed(template: str, **paths: str) -> str:
    return target_input(
        {"InputTransformer": {"InputPathsMap": paths, "InputTemplate": template}}, EVENT, CONTEXT
    )


def test_without_settings_a_target_gets_the_event() -> None:
    """The event itself is the input."""
    assert json.loads(target_input({"Arn": "a"}, EVENT, CONTEXT)) == EVENT


def test_a_constant_input_stands_for_the_event() -> None:
    """`Input` is what the target gets, whatever happened."""
    assert target_input({"Input": '{"a": 1}'}, EVENT, CONTEXT) == '{"a": 1}'


def test_a_path_takes_a_part() -> None:
    """`InputPath` takes what it leads to."""
    assert json.loads(target_input({"InputPath": "$.detail"}, EVENT, CONTEXT)) == EVENT["detail"]


@pytest.mark.parametrize(
    ("template", "paths", "expected"),
    [
        ('"order <n> by <w>"', {"n": "$.detail.id", "w": "$.detail.by"}, '"order 7 by An \\"A\\""'),
        ('{"n": <n>, "w": <w>}', {"n": "$.detail.id", "w": "$.detail.by"}, '{"n": 7, "w": "An \\"A\\""}'),
        ('{"all": <d>}', {"d": "$.detail.lines[1]"}, '{"all": {"sku":"b"}}'),
        ('"<d> and <l>"', {"d": "$.detail.deep", "l": "$.detail.lines"}, '"{x:null} and [{sku:a},{sku:b}]"'),
        ('{"t": "<t>"}', {"t": "$.detail-type"}, '{"t": "Order placed"}'),
        ('{"a": "x<no>y"}', {"no": "$.detail.none"}, '{"a": "xy"}'),
        ('{"rule": "<aws.events.rule-name>"}', {}, '{"rule": "r"}'),
        ('{"e": <aws.events.event>}', {}, '{"e": {"id":"1","detailType":"Order placed"}}'),
        ('{"at": <aws.events.event.ingestion-time>}', {}, '{"at": "2026-11-28T12:00:00Z"}'),
    ],
)
def test_templates(template: str, paths: dict[str, str], expected: str) -> None:
    """Variables go into a template as JSON, and into its texts as text.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
    """
    assert transformed(template, **paths) == expected


@pytest.mark.parametrize("template", ['{"a": "<d>"}', '{"a": ["for <d>"]}', ' ["<l>"]'])
def test_json_in_the_strings_of_a_json_template_is_refused(template: str) -> None:
    """AWS sends nothing then: what comes out is not JSON."""
    paths = {"d": "$.detail.deep", "l": "$.detail.lines"}
    with pytest.raises(InputError, match="stands in quotation marks; leave them out"):
        transformed(template, **paths)


def test_the_whole_event_goes_into_a_template() -> None:
    """`<aws.events.event.json>` is the event."""
    assert json.loads(transformed('{"e": <aws.events.event.json>}')) == {"e": EVENT}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("$", [EVENT]),
        ("$.detail.lines[0].sku", ["a"]),
        ("$.detail.lines[*].sku", ["a", "b"]),
        ("$.detail.lines[5].sku", []),
        ("$['detail']['id']", [7]),
        ("$.detail.id.more", []),
    ],
)
def test_paths(path: str, found: list[Any]) -> None:
    """Paths have names, indices and wildcards."""
    assert list(values_at(path, EVENT)) == found


@pytest.mark.parametrize("path", ["detail", "$.detail[", "$..id", "$.detail[99999999999]"])
def test_wrong_paths_are_named(path: str) -> None:
    """A path that EventBridge does not take is an error."""
    with pytest.raises(InputError, match="path"):
        list(values_at(path, EVENT))
