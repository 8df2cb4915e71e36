"""How documents become a trace, whatever their order and their parents."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embedded_aws.xray.query.traces import MAX_DEPTH, assemble
from embedded_aws.xray.service import XRay
from tests.embedded_aws.xray.builders import NOW, TRACE, Api, identifier, inner, segment, subsegment


def shape(document: dict[str, Any]) -> dict[str, Any]:
    """Reduce a document to names: {name: {child: {...}}}."""
    children: dict[str, Any] = {}
    for child in document.get("subsegments", []):
        children |= shape(child)
    return {document["name"]: children}


def test_subsegments_hang_in_their_parents(api: Api) -> None:
    """Lone subsegments are merged into the segment or subsegment that they name, ordered by start."""
    api.put(
        segment("a", subsegments=[inner("b", at=0.3)]),
        subsegment("c", "b", at=0.4),
        subsegment("d", "a", at=0.1, subsegments=[inner("e")]),
    )
    (document,) = api.documents()
    assert shape(document) == {"a": {"d": {"e": {}}, "b": {"c": {}}}}
    assert [child["name"] for child in document["subsegments"]] == ["d", "b"]


def test_late_parent_takes_its_subsegments(api: Api) -> None:
    """A subsegment that came first is found under its parent as soon as that arrives."""
    api.put(subsegment("b", "a"))
    assert [(found["name"], found["type"]) for found in api.documents()] == [("b", "subsegment")]
    api.put(segment("a"))
    assert [shape(found) for found in api.documents()] == [{"a": {"b": {}}}]


def test_orphan_is_an_entry_of_its_own(api: Api) -> None:
    """A subsegment whose parent never comes is returned beside the segments, with its parent's id."""
    api.put(segment("a"), subsegment("b", "gone", subsegments=[inner("c")]))
    orphan = next(found for found in api.documents() if found["name"] == "b")
    assert orphan["type"] == "subsegment"
    assert orphan["parent_id"] == identifier("gone")
    assert shape(orphan) == {"b": {"c": {}}}


def test_embedded_subsegment_repeats_nothing(api: Api) -> None:
    """Inside its parent a subsegment has no trace id, parent id and type, however it was sent."""
    api.put(segment("a"), subsegment("b", "a", in_progress=False))
    (child,) = api.documents()[0]["subsegments"]
    assert child == {"id": identifier("b"), "name": "b", "start_time": NOW, "end_time": NOW + 1}


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_complete_copy_replaces_the_one_in_progress(api: Api, order: tuple[int, int]) -> None:
    """Of a copy in progress and a complete one the complete one counts, whichever came last."""
    copies = [subsegment("b", "a", takes=None, user="open"), subsegment("b", "a", takes=2, user="done")]
    api.put(segment("a"), *(copies[position] for position in order))
    (child,) = api.documents()[0]["subsegments"]
    assert (child["user"], child["end_time"]) == ("done", NOW + 2)
    assert "in_progress" not in child


def test_open_segment_is_returned_in_progress(api: Api) -> None:
    """A segment without an end says so."""
    api.put(segment("a", takes=None))
    (document,) = api.documents()
    assert document["in_progress"] is True
    assert "end_time" not in document


def test_complete_subsegment_replaces_its_embedded_open_copy(api: Api) -> None:
    """A subsegment that was embedded while open is completed by the copy sent alone."""
    api.put(segment("a", takes=None, subsegments=[inner("b", takes=None)]), subsegment("b", "a"))
    (child,) = api.documents()[0]["subsegments"]
    assert child["end_time"] == NOW + 1


def test_called_segment_stands_for_itself(api: Api) -> None:
    """A segment whose parent is a subsegment is not embedded."""
    api.put(segment("a", subsegments=[inner("b")]), segment("c", "b", at=0.5))
    assert [found["name"] for found in api.documents()] == ["a", "c"]


@pytest.mark.parametrize(
    "documents",
    [
        [subsegment("a", "a")],
        [subsegment("a", "b"), subsegment("b", "a")],
        [subsegment("a", "c"), subsegment("b", "a"), subsegment("c", "b"), subsegment("d", "c")],
        [segment("a", "a")],
        [segment("a", "b"), segment("b", "a")],
        [segment("a", subsegments=[inner("b", subsegments=[inner("a")])])],
        [segment("a", subsegments=[inner("a")])],
    ],
)
def test_circles_are_cut_and_nothing_is_lost(api: Api, documents: list[dict[str, Any]]) -> None:
    """Circles of parents and ids used twice neither hang nor lose a node."""
    api.put(*documents)
    names = [name for found in api.documents() for name in _names(found)]
    assert sorted(names) == sorted({name for document in documents for name in _names(document)})
    assert api.graph() is not None
    assert api.summary()["Id"] == TRACE


def _names(document: dict[str, Any]) -> list[str]:
    return [document["name"], *(name for child in document.get("subsegments", []) for name in _names(child))]


def test_ten_thousand_spans_of_one_invocation_are_kept(api: Api) -> None:
    """X-Ray's limit on the size of a trace does not hold for the daemon: all spans are there."""
    api.put(segment("a"), *(subsegment(f"{number}", "a", at=number / 1e4) for number in range(10_000)))
    (document,) = api.documents()
    assert len(document["subsegments"]) == 10_000


def test_endless_nesting_is_cut_into_readable_documents(api: Api) -> None:
    """A chain of subsegments deeper than JSON readers go comes in pieces, with every link of it."""
    chain = [subsegment(f"{number}", f"{number - 1}", at=number / 1e4) for number in range(1, 5 * MAX_DEPTH)]
    api.put(segment("0"), *chain)
    found = api.documents()
    assert sum(len(_names(document)) for document in found) == 5 * MAX_DEPTH
    assert [document.get("parent_id") for document in found[1:]] == [
        identifier(f"{MAX_DEPTH * piece - 1}") for piece in range(1, 5)
    ]


def test_fields_that_do_not_fit_are_removed(api: Api) -> None:
    """The document is kept, its fields of wrong types and its illegal annotations are not."""
    api.put(
        segment(
            "a",
            user=7,
            error="yes",
            http={"request": "GET", "response": {"status": 200, "content_length": "12"}},
            aws=[],
            annotations={"good": 1, "aws:api_id": "x", "bad key": 1, "list": [], "long": "x" * 1001},
            metadata="text",
            cause={"exceptions": [{"id": "1", "message": 3}, "text"]},
            unknown={"kept": True},
        )
    )
    (document,) = api.documents()
    assert document == segment(
        "a",
        http={"response": {"status": 200}},
        annotations={"good": 1, "aws:api_id": "x"},
        cause={"exceptions": [{"id": "1"}]},
        unknown={"kept": True},
    )


def test_duration_reaches_from_first_start_to_last_end(api: Api) -> None:
    """A trace lasts until its last segment ends, also when that outlives the root."""
    api.put(segment("a", takes=1), segment("b", "a", at=0.5, takes=2))
    (trace,) = api.ask("/Traces", TraceIds=[TRACE])["Traces"]
    assert trace["Duration"] == 2.5


names = st.sampled_from("abcdefgh")
documents = st.lists(
    st.builds(
        lambda kind, name, parent, at, takes, children: kind(
            name, parent, at=at, takes=takes, subsegments=[inner(child, takes=takes) for child in children]
        ),
        st.sampled_from([segment, subsegment]),
        names,
        names,
        st.integers(0, 3),
        st.none() | st.integers(0, 2),
        st.lists(names, max_size=2),
    ),
    max_size=8,
    min_size=1,
)


@settings(deadline=None)
@given(documents, st.randoms(use_true_random=False))
def test_order_of_arrival_decides_nothing(sent: list[dict[str, Any]], random: Any) -> None:
    """Any order of a trace's documents gives the same trace, summary and graph, with every id in it."""
    shuffled = random.sample(sent, len(sent))
    answers = []
    for order in (sent, shuffled):
        xray = XRay(None, clock=lambda: NOW)
        api = Api(xray)
        for document in order:
            api.put(document)
        answers.append((api.documents(), api.summary(), api.graph()))
        xray.close()
    assert answers[0] == answers[1]


@settings(deadline=None)
@given(documents)
def test_every_node_has_one_place(sent: list[dict[str, Any]]) -> None:
    """Each id that was sent is in the assembled trace exactly once."""
    trace = assemble(TRACE, [json.dumps(document) for document in sent])
    assert trace
    placed = [node.id for top in trace.tops for node in top.walk()]
    ids = {item["id"] for document in sent for item in (document, *document["subsegments"])}
    assert sorted(placed) == sorted(ids)
