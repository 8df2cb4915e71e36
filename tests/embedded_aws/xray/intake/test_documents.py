"""What PutTraceSegments takes, and how it names what it refuses."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embedded_aws.xray.intake.documents import MAX_DOCUMENT_BYTES, MAX_NESTING, legal_name
from embedded_aws.xray.service import XRay
from tests.embedded_aws.xray.builders import TRACE, Api, identifier, inner, segment, subsegment, trace_id

ABSENT = object()


def changed(document: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {key: value for key, value in (document | fields).items() if value is not ABSENT}


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"id": ABSENT}, "MissingId"),
        ({"id": "12"}, "InvalidId"),
        ({"id": "zzzzzzzzzzzzzzzz"}, "InvalidId"),
        ({"id": 12}, "InvalidId"),
        ({"name": ABSENT}, "MissingName"),
        ({"name": ""}, "MissingName"),
        ({"name": "what?"}, "InvalidName"),
        ({"name": "a" * 201}, "InvalidName"),
        ({"trace_id": ABSENT}, "MissingTraceId"),
        ({"trace_id": "1-2-3"}, "InvalidTraceId"),
        ({"parent_id": "x"}, "InvalidParentId"),
        ({"start_time": ABSENT}, "MissingStartTime"),
        ({"start_time": "yesterday"}, "InvalidStartTime"),
        ({"start_time": True}, "InvalidStartTime"),
        ({"start_time": 1e300}, "InvalidStartTime"),
        ({"end_time": ABSENT}, "MissingEndTime"),
        ({"end_time": ABSENT, "in_progress": False}, "MissingEndTime"),
        ({"end_time": -1}, "InvalidEndTime"),
    ],
)
def test_bad_segment_is_named(api: Api, fields: dict[str, Any], code: str) -> None:
    """A segment with a missing or wrong field comes back with X-Ray's code for it."""
    document = changed(segment("a"), **fields)
    (refused,) = api.send(document)
    expected = {"ErrorCode": code, "Message": f"Invalid segment. ErrorCode: {code}"}
    assert refused == expected | ({"Id": document["id"]} if isinstance(document.get("id"), str) else {})


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"name": "a?"}, "InvalidName"),
        ({"end_time": ABSENT}, "MissingEndTime"),
        ({"id": ABSENT}, "MissingId"),
    ],
)
def test_bad_embedded_subsegment_refuses_its_document(api: Api, fields: dict[str, Any], code: str) -> None:
    """An embedded subsegment that is wrong refuses the whole document, under the document's id."""
    document = segment("a", subsegments=[inner("b", subsegments=[changed(inner("c"), **fields)])])
    (refused,) = api.send(document)
    assert refused == {
        "Id": identifier("a"),
        "ErrorCode": code,
        "Message": f"Invalid subsegment. ErrorCode: {code}, Cause: null",
    }


def test_lone_subsegment_needs_its_parent(api: Api) -> None:
    """A subsegment sent alone is refused without `parent_id`."""
    (refused,) = api.send(changed(subsegment("b", "a"), parent_id=ABSENT))
    assert refused["ErrorCode"] == "MissingParentId"


@pytest.mark.parametrize(
    "text", ["", "{", "not json", '{"id": NaN}', "[" * 100_00, '"\ud800', "9" * 5000, '{"a": "\x00"}']
)
def test_text_that_is_not_json_is_unprocessed(api: Api, text: str) -> None:
    """Text that is not JSON comes back unprocessed, without an id."""
    refused = {"ErrorCode": "ParseError", "Message": "Invalid segment. ErrorCode: ParseError"}
    assert api.send(text) == [refused]


@pytest.mark.parametrize("number", [10**400, -(10**400)], ids=["large", "small"])
@pytest.mark.parametrize("field", ["start_time", "end_time"])
def test_time_beyond_every_double_is_invalid(api: Api, field: str, number: int) -> None:
    """A time that no double can hold refuses its document, and the others of the request are taken."""
    good = segment("b")
    (refused,) = api.send(segment("a") | {field: number}, good)
    assert refused["ErrorCode"] == "ParseError"
    assert api.documents() == [good]


@pytest.mark.parametrize("number", ["1e400", "-1E+999", "1.5e+0400", "-" + "9" * 400, "9" * 310 + ".5"])
def test_number_beyond_every_double_is_refused(api: Api, number: str) -> None:
    """A document with a number that clients cannot read is refused, wherever the number stands."""
    document = json.dumps(segment("a") | {"annotations": {"a": 0, "k": "NUMBER"}})
    (refused,) = api.send(document.replace('"NUMBER"', number))
    assert refused["ErrorCode"] == "ParseError"


@pytest.mark.parametrize("number", ["1e308", "-1e-400", "9" * 308, "1e0000000"])
def test_number_that_a_double_holds_is_taken(api: Api, number: str) -> None:
    """A document with large, small or oddly written numbers is taken."""
    document = json.dumps(segment("a") | {"annotations": {"a": 0, "k": "NUMBER"}})
    assert api.send(document.replace('"NUMBER"', number)) == []


def test_text_that_looks_like_a_huge_number_is_taken(api: Api) -> None:
    """A text with a huge number in it is only a text."""
    assert api.send(segment("a") | {"metadata": {"text": ": 1e999 " + "9" * 400}}) == []


@pytest.mark.parametrize(
    ("levels", "codes"), [(MAX_NESTING - 5, []), (MAX_NESTING, ["ParseError"]), (900, ["ParseError"])]
)
def test_nesting_has_a_limit(api: Api, levels: int, codes: list[str]) -> None:
    """What nests too deeply to be read back safely is refused, and what is taken is read back."""
    text = json.dumps(segment("a", metadata={"default": "deep"})).replace(
        '"deep"', "[" * levels + "]" * levels
    )
    assert [refused["ErrorCode"] for refused in api.send(text)] == codes
    assert len(api.documents()) == 1 - len(codes)


@pytest.mark.parametrize("text", ["[]", "1", "null", '"text"', "[1]"])
def test_json_that_is_no_document_misses_its_id(api: Api, text: str) -> None:
    """JSON without a document in it misses an id, as X-Ray says of an empty array."""
    assert [refused["ErrorCode"] for refused in api.send(text)] == ["MissingId"]


def test_document_of_64_kilobytes_is_taken(api: Api) -> None:
    """The size limit counts bytes and lies at 64 kB."""
    text = json.dumps(segment("a", metadata={"x": {"y": ""}}), ensure_ascii=False)
    fitting = text.replace('"y": ""', f'"y": "{"é" * ((MAX_DOCUMENT_BYTES - len(text)) // 2)}"')
    api.put(fitting)
    assert api.send(fitting.replace("é", "éé", 1))[0]["ErrorCode"] == "SegmentTooLarge"


def test_what_makes_a_trace_too_large_is_unprocessed(api: Api) -> None:
    """Documents are taken while their trace has up to 500,000 characters; other traces go on."""
    blob: dict[str, Any] = {"metadata": {"default": {"blob": "x" * 49_000}}}
    first = [segment(f"{number}", **blob) for number in range(10)]
    assert api.send(*first) == []
    too_much, another = segment("too much", **blob), segment("another", trace_id=trace_id(1), **blob)
    assert api.send(too_much, another) == [
        {
            "Id": too_much["id"],
            "ErrorCode": "InvalidSegment",
            "Message": "Trace Size Exceeded. "
            "Reduce the number of segments per trace and the size of your segment documents.",
        }
    ]
    assert [document["id"] for document in api.documents(trace_id(1))] == [another["id"]]
    assert len(api.documents()) == 10


def test_trace_too_large_of_the_daemon_is_marked(api: Api) -> None:
    """What the daemon hands in is kept whole, and the trace says that X-Ray's limit is exceeded."""
    blob: dict[str, Any] = {"metadata": {"default": {"blob": "x" * 60_000}}}
    api.put(*(segment(f"{number}", **blob) for number in range(9)))
    (trace,) = api.ask("/Traces", TraceIds=[TRACE])["Traces"]
    assert (len(trace["Segments"]), trace["LimitExceeded"]) == (9, True)


def test_bad_documents_do_not_harm_the_others(api: Api) -> None:
    """Good documents of a call are kept whatever stands beside them."""
    refused = api.send("{", segment("a"), "[]", segment("b"))
    assert len(refused) == 2
    assert {document["name"] for document in api.documents()} == {"a", "b"}


def test_array_of_subsegments_is_taken_apart(api: Api) -> None:
    """One document may be an array of subsegments; a bad member costs only itself."""
    array = [subsegment("b", "a"), changed(subsegment("c", "a"), name="?"), subsegment("d", "a")]
    refused = api.send(segment("a"), json.dumps(array))
    assert [item["Id"] for item in refused] == [identifier("c")]
    (document,) = api.documents()
    assert [child["name"] for child in document["subsegments"]] == ["b", "d"]


@pytest.mark.parametrize("name", ["straße 7", "日本 語", r"a_b.c:d/e%f&g#h=i+j\k-l@m"])
def test_documented_names_are_taken(api: Api, name: str) -> None:
    """Letters and digits of any script, white space and the documented symbols are a name."""
    api.put(segment("a", name=name))
    assert api.documents()[0]["name"] == name


def test_own_segment_of_any_size_and_name_is_kept(api: Api) -> None:
    """AWS's own segments are not measured, and an illegal name is made legal instead of being refused."""
    api.xray.emit(segment("a", name="my api (v2)/dev", metadata={"default": {"x": "y" * 100_000}}))
    (document,) = api.documents()
    assert document["name"] == "my api _v2_/dev"
    assert len(document["metadata"]["default"]["x"]) == 100_000


def test_own_segment_that_is_none_is_an_error(api: Api) -> None:
    """A caller inside the embedded AWS learns at once that its segment is wrong."""
    with pytest.raises(ValueError, match="InvalidTraceId in the segment 0000000000000061 of a"):
        api.xray.emit(segment("a", trace_id="none"))


@settings(deadline=None)
@given(st.text())
def test_legal_name_is_always_taken(name: str) -> None:
    """Whatever the text, its legal form is accepted as a name."""
    xray = XRay(None)
    assert xray.put([json.dumps(segment("a", name=legal_name(name)))]) == []
    xray.close()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(), inside, max_size=3),
    max_leaves=8,
)
field_names = st.sampled_from(
    [
        "http",
        "aws",
        "sql",
        "cause",
        "annotations",
        "metadata",
        "service",
        "user",
        "origin",
        "resource_arn",
        "error",
        "fault",
        "throttle",
        "traced",
        "links",
        "precursor_ids",
        "namespace",
        "type",
        "subsegments",
        "in_progress",
        "inferred",
    ]
)
nested_names = st.sampled_from(
    ["request", "response", "status", "url", "ec2", "api_gateway", "exceptions", "id", "table_names"]
)


@settings(deadline=None)
@given(
    st.dictionaries(
        field_names, json_values | st.dictionaries(nested_names, json_values, max_size=4), max_size=6
    )
)
def test_no_document_breaks_reading(fields: dict[str, Any]) -> None:
    """Whatever the fields hold, a document is refused or read back as strict JSON by every operation."""
    xray = XRay(None)
    api = Api(xray)
    text = json.dumps(segment("a", **fields))
    if not api.send(text):
        api.documents()
        api.summary()
        services = api.ask("/TraceGraph", TraceIds=[TRACE])["Services"]
        assert all(math.isfinite(service["SummaryStatistics"]["TotalResponseTime"]) for service in services)
    xray.close()


def test_names_inside_a_segment_of_a_service(api: Api) -> None:
    """A call that is named after what a client sent does not cost the segment; nor does one below it."""
    inner = {"id": "c" * 16, "name": "", "start_time": 1.0, "end_time": 2.0}
    call = {"id": "b" * 16, "name": "/a~(b)" + "x" * 300, "start_time": 1.0, "end_time": 2.0}
    api.xray.emit(segment("a", subsegments=[{**call, "subsegments": [inner]}]))
    (kept,) = api.documents()[0]["subsegments"]
    assert (kept["name"][:6], len(kept["name"]), kept["subsegments"][0]["name"]) == ("/a__b_", 200, "_")
