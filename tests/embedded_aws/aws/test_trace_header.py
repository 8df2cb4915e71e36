"""The tracing header, whatever a client puts into it."""

from __future__ import annotations

import pytest

from embedded_aws.aws.trace_header import MAX_LENGTH, TraceHeader

ROOT = "1-5759e988-bd862e3fe1be46a994272793"


@pytest.mark.parametrize("part", ["a=é", "Lineage=\x01", "a=b c", "a=\x7f", "é=1", "Lineage=a\u20ac"])
def test_parts_that_are_not_visible_ascii_are_left_out(part: str) -> None:
    """What goes on to functions, queues and callers can be sent in a header."""
    header = TraceHeader.parse(f"Root={ROOT};{part};Sampled=1;Self=x")
    assert header.format() == f"Root={ROOT};Sampled=1;Self=x"


def test_a_root_that_is_not_ascii_is_none() -> None:
    """The receiver then begins a trace of its own."""
    assert TraceHeader.parse(f"Root={ROOT}é") == TraceHeader()


def test_a_header_that_is_too_long_is_none() -> None:
    """It would not fit into an environment variable."""
    assert TraceHeader.parse(f"Root={ROOT};a={'x' * MAX_LENGTH}") == TraceHeader()
