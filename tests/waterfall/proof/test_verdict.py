"""Each kind of change is one line."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from tests.waterfall import samples
from tests.waterfall.samples import aws_call, cause, exception, segment, subsegment
from waterfall.proof.cases import Case, Expectation
from waterfall.proof.form import recorded_form
from waterfall.proof.lines import told
from waterfall.proof.noise import Slower
from waterfall.proof.recording import read_recording, written
from waterfall.proof.redaction import redaction
from waterfall.proof.runs import shared
from waterfall.proof.verdict import Difference, Result, differences, explained, slowed, unmet
from waterfall.stack.requests import Request
from waterfall.traces.model import Trace
from waterfall.traces.tree import build

Document = dict[str, Any]


def shop() -> Document:
    put = aws_call("DynamoDB", "b000000000000003", 0.2, 0.3, "PutItem", about={"table_name": "orders"})
    price = subsegment("price", "b000000000000004", 0.4, 0.5, annotations={"currency": "EUR"})
    handler = subsegment("handler", "b000000000000002", 0.1, 0.6, subsegments=[put, price])
    return segment(
        "shop", "a000000000000001", 0, 1, http={"response": {"status": 200}}, subsegments=[handler]
    )


def handler_of(document: Document) -> Document:
    found: Document = document["subsegments"][0]
    return found


def added(document: Document) -> None:
    handler_of(document)["subsegments"].append(subsegment("tax", "b000000000000009", 0.55, 0.56))


def removed(document: Document) -> None:
    del handler_of(document)["subsegments"][1]


def renamed(document: Document) -> None:
    handler_of(document)["subsegments"][1]["name"] = "quote"


def inserted(document: Document) -> None:
    handler = handler_of(document)
    handler["subsegments"] = [
        subsegment("new", "b000000000000009", 0.15, 0.55, subsegments=handler["subsegments"])
    ]


def moved(document: Document) -> None:
    document["subsegments"].append(
        {**handler_of(document)["subsegments"].pop(1), "start_time": samples.T0 + 0.8}
    )


def field(document: Document) -> None:
    handler_of(document)["subsegments"][0]["aws"]["table_name"] = "carts"


def annotation(document: Document) -> None:
    del handler_of(document)["subsegments"][1]["annotations"]


def status(document: Document) -> None:
    """Let a call fail, and all around it."""
    put = handler_of(document)["subsegments"][0]
    put |= {"fault": True, "http": {"response": {"status": 500}}, "cause": cause(exception("Boom", "no"))}
    handler_of(document)["fault"] = True
    document |= {"fault": True, "http": {"response": {"status": 502}}}


def order(document: Document) -> None:
    put, price = handler_of(document)["subsegments"]
    for one, start in ((put, 0.4), (price, 0.2)):
        one |= {"start_time": samples.T0 + start, "end_time": samples.T0 + start + 0.1}
    handler_of(document)["subsegments"] = [price, put]


LINES = {
    added: "added: shop > handler > tax",
    removed: "removed: shop > handler > price",
    renamed: "renamed: shop > handler > price: price -> quote",
    inserted: "added: shop > handler > new",
    moved: "moved: shop > handler > price: shop > handler -> shop",
    field: "field: shop > handler > DynamoDB PutItem: aws.table_name: orders -> carts",
    annotation: 'field: shop > handler > price: annotations: {"currency": "EUR"} -> absent',
    status: "status: shop > handler > DynamoDB PutItem: ok 200 -> fault 500 Boom: no; "
    "so shop: ok 200 -> fault 502, handler: ok -> fault",
    order: "order: shop > handler: DynamoDB PutItem before price -> price before DynamoDB PutItem",
}


def changes(left: list[Document], right: list[Document], *linked: Trace) -> list[Difference]:
    known = recorded_form(build("1", left), linked, redaction())
    observed = recorded_form(build("2", right), [], redaction())
    return differences(read_recording(written(known, "x")), observed)[0]


@pytest.mark.parametrize("change", LINES, ids=lambda change: change.__name__)
def test_each_kind_of_change_is_one_line(change: Any) -> None:
    """Against what was written to a file, and read again."""
    document = copy.deepcopy(shop())
    change(document)
    assert [told(one) for one in changes([shop()], [document])] == [LINES[change]]


def test_an_unchanged_trace_has_no_line() -> None:
    """Whatever its ids and times."""
    assert changes([shop()], [shop()]) == []
    assert changes(samples.request(), samples.request(cold=False)) == []


def test_a_trace_that_is_no_longer_linked_is_one_line() -> None:
    """Its spans are not told."""
    [line] = changes([shop()], [shop()], samples.trace(samples.consumer()))
    assert told(line).startswith("link: linked trace: linked trace and ")
    assert told(line).endswith(" below it -> absent")


def test_a_link_that_names_fewer_is_one_line() -> None:
    """Of a consumer that no longer knows who sent its messages."""
    links = [{"trace_id": samples.CONSUMER_ID, "id": "b000000000000001"}]
    [line] = changes([{**shop(), "links": links}], [shop()])
    assert told(line) == "link: shop: 1 link -> no link"


def test_what_varied_when_it_was_recorded_says_nothing() -> None:
    """Whatever it is now."""
    runs = [copy.deepcopy(shop()) for _ in range(3)]
    for number, run in enumerate(runs):
        handler_of(run)["subsegments"][1]["annotations"]["n"] = number
    forms = [recorded_form(build("1", [run]), [], redaction()) for run in runs]
    assert differences(shared(forms[:2]), forms[2])[0] == []
    assert len(differences(forms[0], forms[2])[0]) == 1


def test_expected_differences_are_told_with_their_reason() -> None:
    """The others stay as they are."""
    found = [Difference("added", ("shop", "handler")), Difference("removed", ("shop", "price"))]
    entries = [Expectation("its own span", change="added", span="handler")]
    assert [one.reason for one in explained("hello", found, entries)] == ["its own span", None]


def test_what_is_expected_of_other_requests_is_not_missed() -> None:
    """`waterfall check hello` says nothing about `order`."""
    result = Result(Case("hello", Request("GET", "/", {}, None)), ())
    entries = [Expectation("of another", request="order"), Expectation("of all", change="added")]
    assert [each.reason for each in unmet([result], entries)] == ["of all"]


def test_slowness_is_told_where_it_began() -> None:
    """What is around a slower span is slower by it."""
    spans = {
        ("trace", "shop"): Slower(0.2, 0.235, 0.033, 0.0),
        ("trace", "shop", "price"): Slower(0.1, 0.13, 0.03, 0.0),
        ("trace", "other"): Slower(0.1, 0.2, 0.1, 0.0),
    }
    assert [told(one) for one in slowed(spans)] == [
        "slower: shop > price: 100.0ms -> 130.0ms (+30.0ms)",
        "slower: other: 100.0ms -> 200.0ms (+100.0ms)",
    ]
