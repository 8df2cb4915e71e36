"""A recording is text that people read and that gives back what was recorded."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.waterfall import samples
from tests.waterfall.samples import aws_call, segment, subsegment
from waterfall.compare.difference import pairs_of
from waterfall.compare.normal import Entity, entity
from waterfall.proof.form import TRACE, recorded_form, whole
from waterfall.proof.recording import RecordingError, read_recording, written
from waterfall.proof.redaction import redaction
from waterfall.traces.tree import build


def recorded(*documents: dict[str, Any]) -> str:
    return written(recorded_form(build("1", documents), [], redaction()), "GET /hello")


def test_a_recording_is_a_tree() -> None:
    """Spans with a mark, fields below them, then what is inside."""
    put = aws_call("DynamoDB", "b000000000000002", 0.2, 0.3, "PutItem", about={"table_name": "orders"})
    handler = subsegment(
        "handler", "b000000000000001", 0.1, 0.5, annotations={"customer": "ada", "n": "1"}, subsegments=[put]
    )
    assert recorded(segment("shop", "a000000000000001", 0, 1, subsegments=[handler])) == (
        "# waterfall.trace/1\n"
        "# GET /hello. Written by `waterfall record`: no times, no ids, generated values by their kind.\n"
        "\n"
        "trace\n"
        "+ segment shop\n"
        "  + subsegment handler\n"
        "    annotations.customer: ada\n"
        '    annotations.n: "1"\n'
        "    + subsegment DynamoDB PutItem\n"
        "      aws.operation: PutItem\n"
        "      aws.region: us-east-1\n"
        "      aws.table_name: orders\n"
        "      http.response.status: 200\n"
        "      namespace: aws\n"
    )


def test_what_ran_side_by_side_is_marked_and_has_one_order() -> None:
    """Which of two overlapping siblings began first does not show."""
    a, b, c = (
        subsegment(name, f"b00000000000000{number}", 0.1 + number / 100, 0.3 + number / 100)
        for number, name in enumerate("abc")
    )
    after = subsegment("after", "b000000000000009", 0.5, 0.6)
    one, other = (
        recorded(segment("shop", "a000000000000001", 0, 1, subsegments=[*together, after]))
        for together in ([a, b, c], [{**b, "start_time": samples.T0 + 0.01}, a, c])
    )
    assert one == other
    assert [line.strip() for line in one.splitlines()[5:]] == [
        "+ subsegment a",
        "~ subsegment b",
        "~ subsegment c",
        "+ subsegment after",
    ]


@pytest.mark.parametrize("name", ["request", "failed", "throttled", "timed_out", "consumer", "broken"])
def test_what_was_written_can_be_read(name: str) -> None:
    """It differs in nothing from what was recorded, and is written again byte by byte."""
    trace = samples.trace(getattr(samples, name)())
    form = recorded_form(trace, [samples.trace(samples.consumer())], redaction())
    text = written(form, "GET /hello")
    again = read_recording(text)
    assert written(again, "GET /hello") == text
    assert [finding for pair in pairs_of(form, again) for finding in pair.findings] == []


VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=100, deadline=None)
@given(name=st.text(min_size=1), fields=st.dictionaries(st.text(min_size=1), VALUES, max_size=4))
def test_any_value_survives(name: str, fields: dict[str, Any]) -> None:
    """Names and values of any characters, objects with any keys."""
    below: list[Entity] = [entity({**fields, "name": name, "kind": "segment"})]
    form = (whole(TRACE, below),)
    again = read_recording(written(form, "x"))
    assert [finding for pair in pairs_of(form, again) for finding in pair.findings] == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1 is not '# waterfall.trace/1'"),
        ("# waterfall.trace/1\n", "it holds no trace"),
        ("# waterfall.trace/1\ntrace\n+ segment a\n    + subsegment b\n", "line 4 is none of a recording"),
        ("# waterfall.trace/1\ntrace\n+ segment a\n  nothing\n", "line 4 is none of a recording: 'nothing'"),
        ("# waterfall.trace/1\ntrace\n+ segment a\n  b: " + "[" * 100_000, "line 4 is none of a recording"),
        ("# waterfall.trace/1\n+ segment a\n", "line 2 is none"),
        ("# waterfall.trace/1\ntrace\n+ segment a\n  x[2]: 1\n", "line 4 is none"),
    ],
)
def test_what_is_no_recording_is_refused(text: str, message: str) -> None:
    """With the line that is wrong."""
    with pytest.raises(RecordingError) as error:
        read_recording(text)
    assert str(error.value).startswith(message)


def test_names_and_accounts_of_one_deployment_are_left_out() -> None:
    """Pulumi's seven digits, the account, and who asked are those of one stack."""
    one, other = (
        recorded(
            segment(
                f"front-{suffix}",
                "a000000000000001",
                0,
                1,
                resource_arn=f"arn:aws:lambda:us-east-1:{account}:function:front-{suffix}",
                http={"request": {"method": "GET", "user_agent": suffix, "client_ip": account}},
            )
        )
        for suffix, account in (("1a2b3c4", "123456789012"), ("9f8e7d6", "999999999999"))
    )
    assert one == other
    assert "+ segment front\n" in one
    assert "resource_arn: arn:aws:lambda:us-east-1:<account>:function:front\n" in one
