"""The tracing header."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracing._span import TraceHeader, from_traceparent, parse

TEXT = st.text(
    st.characters(exclude_characters=";=", exclude_categories=["Cs", "Z", "C"]), min_size=1, max_size=12
)
HEADERS = st.builds(
    TraceHeader,
    st.integers(0, 2**128 - 1),
    st.integers(0, 2**64 - 1),
    st.sampled_from([None, True, False]),
    st.lists(
        st.tuples(TEXT.filter(lambda key: key.lower() not in {"root", "parent", "sampled", "self"}), TEXT)
    ).map(tuple),
)


@given(HEADERS)
def test_round_trip(header: TraceHeader) -> None:
    """What is written is read back, unknown fields in their order."""
    assert parse(header.format()) == header


@given(st.text())
def test_any_text(text: str) -> None:
    """No text breaks the parser."""
    assert isinstance(parse(text), TraceHeader)
    assert isinstance(from_traceparent(text), TraceHeader)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Root=1-00000001-000000000000000000000002;", TraceHeader((1 << 96) + 2)),
        (" sampled = 1 ", TraceHeader(sampled=True)),
        ("Parent=00000000000000ff;Sampled=?", TraceHeader(0, 255)),
        ("Self=1-2-3;Lineage=a:1|b:2", TraceHeader(extra=(("Lineage", "a:1|b:2"),))),
        ("Root=1-1-1;Parent=zz;;=;x", TraceHeader()),
        (None, TraceHeader()),
    ],
)
def test_reading(text: str | None, expected: TraceHeader) -> None:
    """Malformed parts are left out, the others are kept."""
    assert parse(text) == expected


def test_traceparent() -> None:
    """W3C's header is understood where Lambda hands one over."""
    text = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    header = from_traceparent(text)
    assert header.format() == "Root=1-0af76519-16cd43dd8448eb211c80319c;Parent=b7ad6b7169203331;Sampled=1"
