"""Where a trace failed and where its time went."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from embedded_aws.xray.query.root_causes import MAX_ROOT_CAUSES
from tests.embedded_aws.xray.builders import inner, segment

if TYPE_CHECKING:
    from tests.embedded_aws.xray.builders import Api


def paths(causes: list[dict[str, Any]]) -> list[list[list[str]]]:
    """Reduce root causes to the names of their entities, by service."""
    return [
        [[entity["Name"] for entity in service["EntityPath"]] for service in cause["Services"]]
        for cause in causes
    ]


def test_fault_is_followed_to_its_origin(api: Api) -> None:
    """The path leads through every service to the deepest fault, with that one's exceptions."""
    cause = {"exceptions": [{"id": "1", "type": "KeyError", "message": "'id'"}]}
    api.put(
        segment("front", fault=True, subsegments=[inner("call", fault=True, namespace="aws"), inner("fine")]),
        segment("back", "call", fault=True, subsegments=[inner("read", fault=True, cause=cause)]),
    )
    summary = api.summary()
    (found,) = summary["FaultRootCauses"]
    assert paths([found]) == [[["front", "call"], ["back", "read"]]]
    assert found["ClientImpacting"] is True
    front, back = found["Services"]
    assert (front["Name"], front["Names"], front["Inferred"]) == ("front", ["front"], False)
    assert front["EntityPath"][1] == {"Name": "call", "Remote": True, "Exceptions": []}
    assert back["EntityPath"][1]["Exceptions"] == [{"Name": "KeyError", "Message": "'id'"}]
    assert summary["ErrorRootCauses"] == []


def test_inferred_service_is_a_root_cause(api: Api) -> None:
    """A failed call to a service without segments ends in the inferred service."""
    call = inner("call", name="dynamodb", namespace="aws", aws={"table_name": "t"}, error=True)
    api.put(segment("front", error=True, subsegments=[call]))
    (found,) = api.summary()["ErrorRootCauses"]
    last = found["Services"][-1]
    assert (last["Name"], last["Type"], last["Inferred"]) == ("t", "AWS::DynamoDB::Table", True)


def test_swallowed_fault_does_not_reach_the_client(api: Api) -> None:
    """A fault below a healthy root is found and marked as not impacting the client."""
    api.put(segment("front", subsegments=[inner("work", fault=True)]))
    (found,) = api.summary()["FaultRootCauses"]
    assert found["ClientImpacting"] is False
    assert paths([found]) == [[["front", "work"]]]


def test_each_deepest_fault_is_a_root_cause(api: Api) -> None:
    """Independent faults are listed one by one, up to a limit."""
    api.put(segment("a", fault=True, subsegments=[inner("b", fault=True), inner("c", at=0.1, fault=True)]))
    assert paths(api.summary()["FaultRootCauses"]) == [[["a", "b"]], [["a", "c"]]]
    many = [inner(f"{number}", fault=True) for number in range(MAX_ROOT_CAUSES + 1)]
    api.put(segment("a", takes=2, fault=True, subsegments=many))
    assert len(api.summary()["FaultRootCauses"]) == MAX_ROOT_CAUSES


def test_response_time_follows_the_longest_call(api: Api) -> None:
    """The path goes down while one call is most of the time, with each one's share of the whole."""
    api.put(
        segment("front", takes=4, subsegments=[inner("short", takes=1), inner("long", takes=3)]),
        segment("back", "long", takes=2, subsegments=[inner("half", takes=1)]),
    )
    (found,) = api.summary()["ResponseTimeRootCauses"]
    assert paths([found]) == [[["front", "long"], ["back"]]]
    assert [entity["Coverage"] for service in found["Services"] for entity in service["EntityPath"]] == [
        1.0,
        0.75,
        0.5,
    ]


def test_circle_of_callers_is_walked_once(api: Api) -> None:
    """Segments that call each other in a circle end the path."""
    api.put(segment("a", "b", fault=True), segment("b", "a", fault=True))
    summary = api.summary()
    assert summary["FaultRootCauses"] == []
    assert paths(summary["ResponseTimeRootCauses"]) == [[["a"], ["b"]]]
