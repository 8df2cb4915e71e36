from __future__ import annotations

from typing import Any

import pytest

from embedded_aws.xray.intake.otlp import Options
from tests.embedded_aws.xray.sdk_spans import document

INDEXED = "aws.xray.annotations"


def test_attributes_are_metadata_unless_indexed() -> None:
    """Lists and all other values stay as they are, under the default namespace."""
    attributes = {"a": 1, "b": "x", "c": [1, 2], "d": 1.5, "e": True}
    found = document(attributes)
    assert found["metadata"] == {"default": attributes}
    assert "annotations" not in found


def test_the_span_names_its_annotations() -> None:
    """The list itself is gone, the named attributes are no metadata any more."""
    found = document({INDEXED: ["s", "i", "f", "b", "absent"], "s": "x", "i": 1, "f": 1.5, "b": True, "m": 2})
    assert found["annotations"] == {"s": "x", "i": 1, "f": 1.5, "b": True}
    assert found["metadata"] == {"default": {"m": 2}}


def test_an_indexed_list_is_in_neither_place() -> None:
    """X-Ray cannot index it, and the collector forgets it."""
    found = document({INDEXED: ["l"], "l": [1]})
    assert not {"annotations", "metadata"} & found.keys()


def test_annotation_keys_are_fixed() -> None:
    """Letters, digits and dots stay, the rest is an underscore."""
    found = document({INDEXED: ["order-id", "a.b", "ü"], "order-id": 1, "a.b": 2, "ü": 3})
    assert found["annotations"] == {"order_id": 1, "a.b": 2, "_": 3}


def test_a_list_of_annotations_that_is_no_list_is_metadata() -> None:
    """Only an array of strings names keys."""
    assert document({INDEXED: "a", "a": 1})["metadata"] == {"default": {INDEXED: "a", "a": 1}}


def test_a_span_cannot_index_a_consumed_attribute() -> None:
    """http.method belongs to the http object alone."""
    assert "annotations" not in document({INDEXED: ["http.method"], "http.method": "GET"})


def test_a_configured_key_brings_a_consumed_attribute_back() -> None:
    """It is in the http object and an annotation."""
    found = document({"http.method": "GET"}, options=Options(indexed_attributes=frozenset({"http.method"})))
    assert found["http"]["request"]["method"] == "GET"
    assert found["annotations"] == {"http.method": "GET"}


def test_everything_can_be_indexed() -> None:
    """Then nothing but what cannot be indexed is left for metadata."""
    found = document(
        {"a": 1, "l": [1]}, child=False, resource={"r": "x"}, options=Options(index_all_attributes=True)
    )
    assert found["annotations"] == {"a": 1, "otel.resource.r": "x"}
    assert "metadata" not in found


def test_resource_attributes_are_on_segments_only() -> None:
    """Prefixed, so that they are told from the span's."""
    assert document(child=False, resource={"r": "x"})["metadata"] == {"default": {"otel.resource.r": "x"}}
    assert "metadata" not in document(resource={"r": "x"})


def test_a_resource_attribute_is_indexed_by_its_full_key() -> None:
    """Configured or named by the span."""
    found = document({INDEXED: ["otel.resource.r"]}, child=False, resource={"r": "x", "s": "y"})
    assert found["annotations"] == {"otel.resource.r": "x"}
    assert found["metadata"] == {"default": {"otel.resource.s": "y"}}


def test_the_user_is_taken_out() -> None:
    """enduser.id becomes the segment's user."""
    found = document({"enduser.id": "u"})
    assert found["user"] == "u"
    assert "metadata" not in found


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({"aws.xray.metadata.app": '{"a": {"b": [1]}}'}, {"app": {"a": {"b": [1]}}}),
        ({"aws.xray.metadata.default": '{"a": 1}', "x": 2}, {"default": {"a": 1, "x": 2}}),
        ({"aws.xray.metadata.DEFAULT": '{"a": 1}'}, {"default": {"a": 1}}),
        ({"aws.xray.metadata.app": "{"}, {"default": {"aws.xray.metadata.app": "{"}}),
        ({"aws.xray.metadata.app": "[1]"}, {"default": {"aws.xray.metadata.app": "[1]"}}),
        ({"aws.xray.metadata.app": '{"a": NaN}'}, {"default": {"aws.xray.metadata.app": '{"a": NaN}'}}),
        ({"aws.xray.metadata.app": 5}, {"default": {"aws.xray.metadata.app": 5}}),
        ({"aws.xray.metadata.app": "[" * 5000}, {"default": {"aws.xray.metadata.app": "[" * 5000}}),
    ],
)
def test_metadata_namespaces(attributes: dict[str, Any], expected: dict[str, Any]) -> None:
    """A JSON object as text becomes a namespace; anything else is kept as it came."""
    assert document(attributes)["metadata"] == expected


def test_flat_metadata_is_a_choice() -> None:
    """X-Ray's own conversion was seen to write neither namespace nor prefix."""
    found = document({"a": 1}, child=False, resource={"r": "x"}, options=Options(flat_metadata=True))
    assert found["metadata"] == {"a": 1, "r": "x"}


def test_numbers_that_json_lacks_are_text() -> None:
    """NaN and infinity do not cost the span."""
    found = document({"n": float("nan"), "i": float("-inf")})
    assert found["metadata"] == {"default": {"n": "nan", "i": "-inf"}}


def test_bytes_are_base64() -> None:
    """As the collector writes them."""
    assert document({"b": b"\x00\xff"})["metadata"] == {"default": {"b": "AP8="}}
