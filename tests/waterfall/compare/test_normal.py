"""What is left out of a trace's normal form, and what is not."""

from __future__ import annotations

from typing import Any

import pytest

from tests.waterfall import samples
from tests.waterfall.compare.changes import Path, changed, leaves
from tests.waterfall.samples import aws_call, cause, exception, function, segment, subsegment
from waterfall.compare.difference import compare
from waterfall.compare.normal import normal_form

PLACE = {"id", "trace_id", "parent_id", "start_time", "end_time", "type"}
"""Fields that only say where and when."""
NOT_COMPARED = {"working_directory", "resource_names"}


def fields(**given: Any) -> dict[str, Any]:
    """Return the normal form of a segment with these fields."""
    [root] = normal_form(samples.trace([segment("shop", "a000000000000001", 0, 1, **given)]))
    return {key: item for key, item in root.fields.items() if key not in {"name", "kind"}}


@pytest.mark.parametrize(
    "given",
    [
        {"aws": {"xray": {"sdk": "X-Ray for Python", "sdk_version": "2.15.0"}}},
        {"service": {"runtime": "CPython", "runtime_version": "3.11", "compiler": "gcc"}},
        {"error": False, "fault": False, "throttle": False, "in_progress": False},
        {"namespace": "local"},
        {"annotations": {"aws:responseLatency": 1.5, "aws:runtimeOverhead": 2, "aws:extensionOverhead": 0}},
        {"metadata": {}, "http": {}, "subsegments": []},
    ],
    ids=["sdk", "runtime", "flags", "local", "figures", "empty"],
)
def test_what_says_nothing_is_left_out(given: dict[str, Any]) -> None:
    """SDK names, flags that are false, measured figures and empty fields are not there."""
    assert fields(**given) == {}


@pytest.mark.parametrize(
    ("given", "normal"),
    [
        ({"aws": {"request_id": "r-1", "operation": "Get"}}, {"request_id": "<present>", "operation": "Get"}),
        ({"aws": {"message_id": "m", "id_2": "x"}}, {"message_id": "<present>", "id_2": "<present>"}),
        ({"aws": {"queue_url": "http://127.0.0.1:4566/1/q"}}, {"queue_url": "http://127.0.0.1:<port>/1/q"}),
        (
            {"aws": {"key": "messages/0f3c1a52-9f5e-4bd3-8a51-0e9a0a4a3c11.json"}},
            {"key": "messages/<uuid>.json"},
        ),
        ({"aws": {"table_names": ["a", "b"]}}, {"table_names": ["a", "b"]}),
        (
            {"aws": {"log_stream": "2026/11/28/[$LATEST]f0e1116e148348f0aca6447b6c0e4bc1"}},
            {"log_stream": "<log stream>"},
        ),
    ],
)
def test_generated_values_are_replaced(given: dict[str, Any], normal: dict[str, Any]) -> None:
    """Of ids only the presence counts; ports and UUIDs inside of texts give way to their kind."""
    assert fields(**given)["aws"] == normal


def test_the_id_of_the_api_is_replaced_everywhere() -> None:
    """An API's generated id, named once by its stage, is the same in every text of the trace."""
    other = [_with_text(document, "k2v9x1", "z8y7w6") for document in samples.request()]
    assert compare(samples.trace(samples.request()), samples.trace(other)).findings == ()


def _with_text(value: Any, old: str, new: str) -> Any:
    if isinstance(value, dict):
        return {key: _with_text(item, old, new) for key, item in value.items()}
    if isinstance(value, list):
        return [_with_text(item, old, new) for item in value]
    return value.replace(old, new) if isinstance(value, str) else value


def test_stack_paths_are_relative_to_the_code() -> None:
    """Where a function's code, layers and Python lie on a machine makes no difference."""
    stacks = [
        [
            {"path": f"{root}/app.py", "line": 1, "label": "handler"},
            {"path": f"{root}-opt/python/shop/cart.py", "line": 2, "label": "add"},
            {"path": f"{root}-lib/site-packages/requests/api.py", "line": 3, "label": "get"},
        ]
        for root in ("/var/task", "/home/me/task")
    ]
    one, other = (
        fields(
            cause={
                "working_directory": str(stack[0]["path"]).removesuffix("/app.py"),
                "exceptions": [{"stack": stack}],
            }
        )
        for stack in stacks
    )
    assert one == other
    paths = [frame["path"] for frame in one["cause"]["exceptions"][0]["stack"]]
    assert paths == ["app.py", "shop/cart.py", "requests/api.py"]


def test_an_exception_s_id_becomes_what_it_names() -> None:
    """A cause that names another segment's exception says which, whatever the id."""

    def trace(id_: str) -> Any:
        inner = subsegment(
            "inner", "b000000000000002", 0.1, 0.2, cause=cause(exception("KeyError", "k", id_))
        )
        outer = subsegment("outer", "b000000000000001", 0, 0.3, cause=id_, subsegments=[inner])
        return samples.trace([segment("top", "a000000000000001", 0, 1, subsegments=[outer])])

    assert compare(trace("e000000000000001"), trace("e000000000000002")).equal
    [top] = normal_form(trace("e000000000000001"))
    assert top.children[0].fields["cause"] == {"exception": "KeyError: k of inner"}


def test_the_times_of_span_events_are_left_out() -> None:
    """Events keep their names, attributes and order."""
    event = {"name": "cache miss", "attributes": {"key": "k"}}
    metadata = {"otel": {"events": [{**event, "time": 1.5}]}, "shop": {"time": 2}}
    assert fields(metadata=metadata)["metadata"] == {"otel": {"events": [event]}, "shop": {"time": 2}}


def test_links_are_counted_by_trace() -> None:
    """Two links to one trace and one to another are told from three links to one."""
    one, other = "1-00000001-000000000000000000000001", "1-00000001-000000000000000000000002"
    links = [{"trace_id": trace_id, "id": "b000000000000001"} for trace_id in (one, other, one)]
    assert [link["trace"] for link in fields(links=links)["links"]] == [1, 2, 1]


def test_cold_and_warm_are_equal() -> None:
    """Lambda's own Init and Overhead make no difference."""
    cold, warm = samples.trace(samples.request()), samples.trace(samples.request(cold=False))
    comparison = compare(cold, warm)
    assert comparison.findings == ()
    assert comparison.imports_left_out


def importing(*, cold: bool, name: str = "read config") -> Any:
    own = subsegment("front.handler", "b000000000000003", 0.2, 0.3)
    init = subsegment("Init", "b000000000000004", 0, 0.1)
    work = subsegment(name, "b000000000000005", 0.01, 0.05)
    start = [init, work] if cold else []
    top = segment("front", "a000000000000001", 0.15, 0.5, origin="AWS::Lambda")
    return samples.trace(
        [top, function("front", "b000000000000002", "a000000000000001", 0.19, 0.4, *start, own)]
    )


def test_work_at_import_is_compared_between_cold_traces() -> None:
    """What functions record while they are imported counts when both had a cold start."""
    assert compare(importing(cold=True), importing(cold=True)).equal
    assert not compare(importing(cold=True), importing(cold=True, name="read nothing")).equal


def test_work_at_import_is_left_out_when_one_is_warm() -> None:
    """A warm trace cannot show it: the comparison says that it was left out."""
    comparison = compare(importing(cold=True), importing(cold=False))
    assert comparison.equal
    assert comparison.imports_left_out


def compared_leaves(documents: list[dict[str, Any]]) -> list[Path]:
    """Return the ways to all values that a comparison must not overlook."""
    return [
        path
        for path, value in leaves(documents)
        if not (path[-1] in PLACE and "metadata" not in path)
        and not NOT_COMPARED & set(path)
        and "xray" not in path
        and not (documents[int(path[0])].get("inferred") and path[1] != "origin")
        and not (isinstance(path[-1], str) and path[-1].startswith(("aws:response", "aws:runtime")))
        and not (path[-2:] == ("name",) and value in {"Init", "Overhead"})
        and not (path[-1] == "remote" and value is False)
    ]


DOCUMENTS = {
    "request": samples.request(cold=False),
    "failed": samples.failed(),
    "throttled": samples.throttled(),
    "consumer": samples.consumer(),
    "call": [
        segment(
            "top",
            "a000000000000001",
            0,
            1,
            subsegments=[
                aws_call("SQS", "b000000000000001", 0, 1, "SendMessage", about={"delay_seconds": 3})
            ],
        )
    ],
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_any_other_change_is_found(name: str) -> None:
    """Changing any one value that is not an id, a time or a figure makes the comparison fail."""
    documents = DOCUMENTS[name]
    original = samples.trace(documents)
    ways = compared_leaves(documents)
    assert len(ways) > 3
    overlooked = [way for way in ways if compare(original, samples.trace(changed(documents, way))).equal]
    assert overlooked == []


def test_what_imports_cost_is_not_compared() -> None:
    """Costs of a cold start come and go; what the user's code recorded beside them stays where it was."""

    def started(*more: dict[str, Any]) -> list[dict[str, Any]]:
        config = subsegment("read config", "b000000000000005", -0.5, -0.4)
        init = subsegment("Init", "b000000000000004", -1, 0)
        noted: dict[str, Any] = {"init": {"not_measured": []}}
        own = subsegment("init", "b000000000000006", -1, 0, subsegments=[config, *more], metadata=noted)
        return [segment("f", "a0", 0, 1, origin="AWS::Lambda::Function", subsegments=[init, own])]

    cost = subsegment("import boto3", "b000000000000007", -0.9, -0.8, metadata={"init": {"import": "boto3"}})
    one, other = (normal_form(samples.trace(documents)) for documents in (started(), started(cost)))
    assert [entity.signature for entity in one] == [entity.signature for entity in other]
    assert [child.label for child in one[0].children] == ["read config"]
    assert normal_form(samples.trace(started(cost)), imports=False)[0].children == ()
