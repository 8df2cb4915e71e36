"""Documents into a tree, whatever their order and however wrong they are."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.waterfall import samples
from tests.waterfall.samples import alone, segment, subsegment, trace
from waterfall.traces.tree import build, from_api

if TYPE_CHECKING:
    from waterfall.traces.model import Node, Trace

A, B, C, D = (f"{letter}000000000000001" for letter in "abcd")


def named(found: Trace, name: str) -> Node:
    return next(node for node in found.nodes if node.name == name)


def outline(found: Trace) -> list[str]:
    return ["  " * node.depth + node.name for node in found.nodes]


def anomalies(found: Trace, name: str) -> list[str]:
    return [note.anomaly for note in named(found, name).notes]


REQUEST = """\
traced-api/dev
  Lambda
    front
      front
        Init
        front.handler
          CallSecondLambda
            Lambda
              worker
                worker
                  Init
                  worker.handler
                    simulate slow work
                    DynamoDB
                    S3
                    SQS
                  Overhead
        Overhead"""


def test_request_is_one_tree() -> None:
    """Segments hang under the calls that led to them, from the stage to the last store."""
    found = trace(samples.request())
    assert "\n".join(outline(found)) == REQUEST
    assert found.warnings == ()
    assert [note for node in found.nodes for note in node.notes] == []


def test_order_of_arrival_does_not_matter() -> None:
    """The same documents backwards make the same tree."""
    assert outline(trace(samples.request()[::-1])) == outline(trace(samples.request()))


def test_subsegments_sent_alone_are_attached() -> None:
    """Subsegments that came on their own, child before parent, stand where embedded ones would."""
    inner, outer = subsegment("inner", C, 0.2, 0.3), subsegment("outer", B, 0.1, 0.4)
    embedded = trace([segment("top", A, 0, 1, subsegments=[{**outer, "subsegments": [inner]}])])
    assert outline(trace([alone(inner, B), alone(outer, A), segment("top", A, 0, 1)])) == outline(embedded)


def test_siblings_stand_in_order_of_start() -> None:
    """What started first stands first."""
    found = trace([segment("top", A, 0, 1), alone(subsegment("two", C, 0.2, 1), A),
                   alone(subsegment("one", B, 0.1, 1), A)])  # fmt: skip
    assert outline(found) == ["top", "  one", "  two"]


def test_inferred_segment_is_merged_into_its_call() -> None:
    """The stand-in for a called service gives the call its type and takes no line of its own."""
    found = trace(samples.request())
    assert named(found, "DynamoDB").type == "AWS::DynamoDB::Table"
    assert not any(node.inferred for node in found.nodes)


def test_what_an_inferred_service_invoked_hangs_below_its_call() -> None:
    """A function that an event invoked stands below PutEvents, without a second line for EventBridge."""
    call = subsegment("Events", B, 0.1, 0.2, namespace="aws")
    stand_in = samples.inferred(call, "d000000000000001", "AWS::Events")
    found = trace([segment("front", A, 0, 1, subsegments=[call]), stand_in,
                   segment("back", C, 0.3, 1) | {"parent_id": stand_in["id"]}])  # fmt: skip
    assert outline(found) == ["front", "  Events", "    back"]
    assert named(found, "Events").type == "AWS::Events"


def test_inferred_segment_without_its_call_is_kept() -> None:
    """A stand-in whose call is missing is still shown, as an orphan."""
    found = trace([samples.inferred(subsegment("S3", B, 0, 1), C, "AWS::S3")])
    assert anomalies(found, "S3") == ["orphan"]


def test_offsets_and_duration_span_the_whole_trace() -> None:
    """The trace lasts from its earliest start to its latest end, root or not."""
    found = trace([segment("top", A, 1, 2), segment("later", B, 1.5, 5, parent_id=A)])
    assert (found.start, found.duration) == (samples.T0 + 1, 4)


@pytest.mark.parametrize(
    ("flags", "status"),
    [
        ({}, "ok"),
        ({"error": True}, "error"),
        ({"error": True, "throttle": True}, "throttle"),
        ({"error": True, "throttle": True, "fault": True}, "fault"),
        ({"fault": "true"}, "ok"),
        ({"error": False}, "ok"),
    ],
)
def test_status_is_the_worst_flag(flags: dict[str, Any], status: str) -> None:
    """A fault outweighs a throttle, which outweighs an error; only true is true."""
    assert trace([segment("top", A, 0, 1, **flags)]).nodes[0].status == status


def test_cold_start_is_seen_on_the_function() -> None:
    """A function segment with Init is a cold start; Init itself is a phase, and not early."""
    found = trace(samples.request())
    assert [node.name for node in found.nodes if node.cold_start] == ["front", "worker"]
    assert [node.phase for node in found.nodes if node.name == "Init"] == ["init", "init"]
    assert not any(node.notes for node in found.nodes)


def test_users_own_init_is_no_cold_start() -> None:
    """A subsegment that a user calls Init is not Lambda's."""
    found = trace([segment("top", A, 0, 1, subsegments=[subsegment("Init", B, 0, 1)])])
    assert [(node.cold_start, node.phase) for node in found.nodes] == [(False, None), (False, None)]


def test_orphan_is_marked_and_kept() -> None:
    """A node whose parent is missing becomes a root of its own and says who should have sent it."""
    found = trace(samples.orphaned())
    note = named(found, "front.handler").notes[0]
    assert (note.anomaly, named(found, "front.handler").parent) == ("orphan", None)
    assert "Lambda should have sent its AWS::Lambda::Function segment" in note.reason
    assert named(found, "dynamodb").parent == named(found, "front.handler").position


@pytest.mark.parametrize(
    ("origin", "reason"),
    [
        ("AWS::Lambda::Function", "Lambda itself should have sent the AWS::Lambda segment"),
        ("AWS::Lambda", "the caller should have sent the call"),
        ("AWS::ECS::Container", "the service that called this should have sent its call"),
    ],
)
def test_orphans_say_who_should_have_sent_the_parent(origin: str, reason: str) -> None:
    """The reason depends on what the orphan is."""
    found = trace([segment("lost", A, 0, 1, origin=origin, parent_id=B)])
    assert reason in found.nodes[0].notes[0].reason


def test_true_root_comes_before_orphans() -> None:
    """The tree begins with the root that has no parent, even when an orphan started earlier."""
    found = trace([segment("lost", A, 0, 1, parent_id=C), segment("root", B, 0.5, 1)])
    assert outline(found) == ["root", "lost"]
    assert found.entry is named(found, "root")


def test_two_roots_are_told() -> None:
    """More than one root is a warning that names them."""
    found = trace([segment("one", A, 0, 1), segment("two", B, 0.5, 1)])
    assert found.warnings == ("this trace has 2 roots, a sound one has one: one, two",)


def test_missing_root_is_told() -> None:
    """A trace of orphans only says that its beginning is missing."""
    assert "no root" in trace([segment("lost", A, 0, 1, parent_id=C)]).warnings[0]


def test_cycle_is_cut_and_marked() -> None:
    """Segments that are each other's parents are shown once, the first marked."""
    found = trace([segment("chicken", A, 0, 1, parent_id=B), segment("egg", B, 0.5, 1, parent_id=A)])
    assert outline(found) == ["chicken", "  egg"]
    assert anomalies(found, "chicken") == ["cycle"]


def test_own_parent_is_a_cycle() -> None:
    """A segment that names itself as its parent is shown once and marked."""
    found = trace([segment("self", A, 0, 1, parent_id=A)])
    assert outline(found) == ["self"]
    assert anomalies(found, "self") == ["cycle"]


def test_what_hangs_on_a_cycle_hangs_on_it() -> None:
    """A child of a cycle that started before it is not taken for a part of it."""
    chicken, egg = segment("chicken", B, 1, 2, parent_id=C), segment("egg", C, 1.5, 2, parent_id=B)
    found = trace([segment("chick", A, 0, 1, parent_id=C), chicken, egg])
    assert outline(found) == ["egg", "  chick", "  chicken"]
    assert anomalies(found, "chick") == ["early"]


def test_duplicate_id_keeps_both() -> None:
    """Two different segments with one id are both shown, the second marked."""
    found = trace([segment("one", A, 0, 1), segment("two", A, 0.5, 1)])
    assert sorted(outline(found)) == ["one", "two"]
    assert anomalies(found, "two") == ["duplicate"]


def test_complete_copy_replaces_the_unfinished_one() -> None:
    """Of an unfinished and a complete copy of one segment the complete one counts, in either order."""
    copies = [segment("top", A, 0, None), segment("top", A, 0, 1)]
    for documents in itertools.permutations(copies):
        found = trace(documents)
        assert [(node.name, node.in_progress) for node in found.nodes] == [("top", False)]


def test_children_of_a_replaced_copy_stay() -> None:
    """What was embedded in the unfinished copy hangs under the complete one."""
    found = trace([
        segment("top", A, 0, None, subsegments=[subsegment("early bird", B, 0, 0.5)]),
        segment("top", A, 0, 1, subsegments=[subsegment("late riser", C, 0.5, 1)]),
    ])  # fmt: skip
    assert outline(found) == ["top", "  early bird", "  late riser"]


def test_embedded_and_lone_copies_are_one() -> None:
    """A subsegment that came embedded and alone is shown once."""
    child = subsegment("child", B, 0, 1)
    found = trace([segment("top", A, 0, 1, subsegments=[child]), alone(child, A)])
    assert outline(found) == ["top", "  child"]


def test_unfinished_node_lasts_as_long_as_anything() -> None:
    """A node without an end is in progress and reaches to the end of the trace."""
    found = trace(samples.timed_out())
    handler = named(found, "front.handler")
    assert handler.in_progress
    assert found.end_of(handler) == found.end
    assert "the function failed or timed out" in handler.notes[0].reason


def test_unfinished_without_a_function_may_be_running() -> None:
    """Outside of a function nothing is known but that no end has arrived."""
    assert "still running" in trace([segment("top", A, 0, None)]).nodes[0].notes[0].reason


def test_child_before_its_parent_is_noted() -> None:
    """A child that starts before its parent says by how much."""
    found = trace([segment("top", A, 0, 1, subsegments=[subsegment("early", B, -0.012, 0.5)])])
    assert [(n.anomaly, n.reason) for n in named(found, "early").notes] == [
        ("early", "it starts 12 ms before its parent")
    ]


def test_child_after_its_parent_is_noted() -> None:
    """A child that ends after its parent says by how much."""
    found = trace([segment("top", A, 0, 1, subsegments=[subsegment("late", B, 0.5, 2)])])
    assert anomalies(found, "late") == ["late"]


def test_no_segments_are_told() -> None:
    """A trace without segments is empty and says so."""
    found = trace([])
    assert (found.nodes, found.entry, found.duration) == ((), None, 0)
    assert found.warnings == ("this trace has no segments (yet)",)


def test_end_before_start_is_no_time() -> None:
    """A node that ends before it starts took no time."""
    node = trace([segment("top", A, 1, 0)]).nodes[0]
    assert node.end == node.start


def test_missing_start_is_the_parents() -> None:
    """A node without a start time is drawn at its parent's and says so."""
    found = trace([segment("top", A, 1, 2), {"name": "x", "id": B, "type": "subsegment", "parent_id": A}])
    assert named(found, "x").start == samples.T0 + 1
    assert "untimed" in anomalies(found, "x")


@pytest.mark.parametrize("levels", [1, 999, 3_000])
def test_any_depth_is_built(levels: int) -> None:
    """Depth is limited by memory, not by the interpreter's stack."""
    assert trace([samples.deep(levels)]).nodes[-1].depth == levels


def test_deep_chains_of_segments_are_built() -> None:
    """Thousands of segments, each the child of the one before, are one chain."""
    documents = [
        segment(f"s{number}", f"{number:016x}", 0, 1, parent_id=f"{number - 1:016x}" if number else None)
        for number in range(3_000)
    ]
    assert trace(documents[::-1]).nodes[-1].depth == 2_999


def test_deep_documents_are_read_from_the_api() -> None:
    """A document nested deeper than the interpreter's stack arrives whole."""
    text = '{"name":"n","id":"%016x","start_time":0,"end_time":1,"subsegments":[' * 5_000
    text = text % tuple(range(5_000)) + "]}" * 5_000
    found = from_api({"Id": samples.TRACE_ID, "Segments": [{"Id": A, "Document": text}]})
    assert found.nodes[-1].depth == 4_999


def test_unreadable_documents_are_counted() -> None:
    """A document that is not a JSON object is left out, and the trace says so."""
    segments = [{"Id": A, "Document": text} for text in ("{", "[]", "12")] + [{"Id": A}]
    found = from_api({"Id": samples.TRACE_ID, "Segments": segments, "LimitExceeded": True})
    assert "4 segment document(s) could not be read and are left out" in found.warnings
    assert any("size limit" in warning for warning in found.warnings)


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from([A, B, C]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
FIELDS = [
    *("id", "name", "start_time", "end_time", "parent_id", "trace_id", "type", "origin", "namespace", "http"),
    *("aws", "cause", "error", "fault", "throttle", "annotations", "metadata", "subsegments", "links"),
    *("inferred", "in_progress"),
]
DOCUMENTS = st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=12)


@given(st.lists(DOCUMENTS, max_size=6))
def test_no_document_breaks_the_tree(documents: list[dict[str, Any]]) -> None:
    """Whatever the fields hold, each node comes after its parent and is its parent's child."""
    found = build(samples.TRACE_ID, documents)
    for position, node in enumerate(found.nodes):
        assert node.position == position
        assert node.parent is None or (
            node.parent < position and position in found.nodes[node.parent].children
        )
        assert found.start <= node.start <= found.end_of(node) <= found.end


def cold(*costs: dict[str, Any]) -> list[dict[str, Any]]:
    """A function that started, with Lambda's `Init` and what our library measured of it."""
    init = subsegment("Init", "b000000000000001", -0.9, -0.1)
    own = subsegment(
        "init",
        "c000000000000001",
        -0.8,
        -0.1,
        subsegments=list(costs),
        metadata={"init": {"not_measured": []}},
    )
    function = segment("front", A, 0, 1, origin="AWS::Lambda::Function", subsegments=[init])
    return [function, alone(own, A)]


def test_a_functions_costs_lie_in_lambdas_init() -> None:
    """What a function measured of its cold start opens Lambda's own bar; the user's work is no cost."""
    cost = subsegment("import boto3", D, -0.7, -0.6, metadata={"init": {"import": "boto3"}})
    own = subsegment("read config", "b000000000000003", -0.6, -0.5)
    found = trace(cold(cost, own))
    assert [(node.name, node.depth, node.phase) for node in found.nodes] == [
        ("front", 0, None),
        ("Init", 1, "init"),
        ("init", 2, "cost"),
        ("import boto3", 3, "cost"),
        ("read config", 3, None),
    ]
    assert [node.name for node in found.nodes if node.notes] == []


def test_a_namesake_of_a_cost_is_none() -> None:
    """Metadata called `init` in the handler's own work makes no phase of it."""
    own = subsegment("work", B, 0, 1, metadata={"init": {"import": "boto3"}})
    found = trace([segment("front", A, 0, 1, origin="AWS::Lambda::Function", subsegments=[own])])
    assert [node.phase for node in found.nodes] == [None, None]
