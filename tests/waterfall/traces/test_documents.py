"""Fields of segment documents, of the right and of the wrong type."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.waterfall import samples
from waterfall.traces import documents
from waterfall.traces.model import Call, Failure, Frame, Http, Link

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(JSON)
def test_deep_parser_agrees_with_the_standard_one(value: Any) -> None:
    """What the parser for deep documents reads is what json.loads reads."""
    assert documents.parse_deep(json.dumps(value)) == value


@pytest.mark.parametrize(
    "text", ["", "{", "}", "]", "[}", '{"a"}', '{"a":1', "[1,2", "1 2", '["a"', "[nope]", '"']
)
def test_deep_parser_refuses_what_is_not_json(text: str) -> None:
    """Unbalanced or unfinished text is an error, not a crash."""
    with pytest.raises(ValueError):
        documents.parse_deep(text)


@pytest.mark.parametrize(
    ("aws", "call"),
    [
        ({"operation": "PutItem", "table_name": "greetings"}, Call("PutItem", "greetings")),
        ({"operation": "BatchGetItem", "table_names": ["one", "two"]}, Call("BatchGetItem", "one")),
        ({"queue_url": "https://sqs.us-east-1.amazonaws.com/123456789012/jobs"}, Call(None, "jobs")),
        ({"topic_arn": "arn:aws:sns:us-east-1:123456789012:news"}, Call(None, "news")),
        (
            {"function_name": "arn:aws:lambda:us-east-1:123456789012:function:worker:live"},
            Call(None, "worker:live"),
        ),
        ({"resource_names": ["bucket"]}, Call(None, "bucket")),
        ({"operation": 7, "table_name": ["x"], "table_names": "x"}, Call()),
        ("nonsense", Call()),
    ],
)
def test_call_names_what_people_call_it(aws: Any, call: Call) -> None:
    """The resource of a call is its plain name, whether it came as name, URL or ARN."""
    assert documents.call_of({"aws": aws}) == call


@pytest.mark.parametrize(
    ("http", "expected"),
    [
        ({"request": {"method": "GET", "url": "u"}, "response": {"status": 200}}, Http("GET", "u", 200)),
        ({"response": {"status": 404.0}}, Http(None, None, 404)),
        ({"request": "GET", "response": {"status": "200"}}, Http()),
        ({"response": {"status": float("nan")}}, Http()),
        ({"response": {"status": True}}, Http()),
        (None, Http()),
    ],
)
def test_http_keeps_what_fits(http: Any, expected: Http) -> None:
    """Fields of the wrong type are left out."""
    assert documents.http_of({"http": http}) == expected


def test_exceptions_are_read_with_their_stacks() -> None:
    """An exception keeps type, message, where it came from and its frames."""
    error = samples.exception("ValueError", "no", "e1", cause="e2", remote=True)
    stack = (Frame("app.py", 12, "handler"), Frame("app.py", 31, "load"))
    assert documents.failures_of({"cause": samples.cause(error)}) == (
        Failure("ValueError", "no", "e1", "e2", remote=True, stack=stack),
    )


@pytest.mark.parametrize(
    "cause", ["e000000000000001", {"exceptions": "x"}, {"exceptions": [None, 3]}, None, 5]
)
def test_cause_without_exceptions_is_none(cause: Any) -> None:
    """A cause that points to another's exception, or is malformed, records none."""
    assert documents.failures_of({"cause": cause}) == ()


def test_links_are_unique() -> None:
    """Each linked segment is named once."""
    links = [{"trace_id": "t", "id": "a"}, {"trace_id": "t", "id": "a"}, {"trace_id": "t"}, {"id": "b"}, "x"]
    assert documents.links_of({"links": links}) == (Link("t", "a"), Link("t", None))


def test_deep_values_are_cut() -> None:
    """What nests too deep to be written ends in an ellipsis."""
    value: Any = "bottom"
    for _ in range(100_000):
        value = [value]
    assert json.dumps(documents.bounded({"x": value}), ensure_ascii=False).count("…") == 1
