from __future__ import annotations

import pytest

from embedded_aws.awslambda.runtime.output import MAX_EVENT, Output, Piece

AT = 1_700_000_000.123456


def frame(text: bytes, kind: int = 0x0F) -> bytes:
    """A record as the runtime client writes it."""
    header = bytes([0xA5, 0x5A, 0x00, kind]) + len(text).to_bytes(4, "big")
    return header + int(AT * 1_000_000).to_bytes(8, "big") + text


def test_printed_lines_are_events() -> None:
    """Each line is one event, with its end; a carriage return does not end a line."""
    assert Output().feed(b"one\ntwo\rthree\n") == [Piece("one\n"), Piece("two\rthree\n")]


def test_a_record_of_several_lines_is_one_event() -> None:
    """A frame is one event with the time in it."""
    assert Output().feed(frame(b"Traceback\n  line\n")) == [Piece("Traceback\n  line\n", AT)]


def test_order_is_kept() -> None:
    """A line without an end ends where a record begins, and goes before it."""
    pieces = Output().feed(b"a\nb" + frame(b"record\n") + b"c\n")
    assert [piece.text for piece in pieces] == ["a\n", "b", "record\n", "c\n"]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 16, 17])
def test_chunks_do_not_matter(size: int) -> None:
    """However the output is cut on its way, the events are the same."""
    whole = "é printed\n".encode() + frame("record ü\n".encode()) + b"last"
    output = Output()
    pieces = [piece for at in range(0, len(whole), size) for piece in output.feed(whole[at : at + size])]
    assert [*pieces, *output.rest()] == [Piece("é printed\n"), Piece("record ü\n", AT), Piece("last")]


@pytest.mark.parametrize("text", [b"x" * (2 * MAX_EVENT + 5), frame(b"x" * (2 * MAX_EVENT + 5))])
def test_what_is_too_long_goes_on_in_the_next_event(text: bytes) -> None:
    """No event is longer than Lambda's limit, and nothing is lost."""
    output = Output()
    sizes = [len(piece.text) for piece in [*output.feed(text), *output.rest()]]
    assert sizes == [MAX_EVENT, MAX_EVENT, 5]


def test_a_record_that_was_cut_off_is_kept() -> None:
    """What a killed worker wrote of a record is an event."""
    output = Output()
    assert output.feed(frame(b"whole record")[:-7]) == []
    assert output.rest() == [Piece("whole")]


def test_bytes_that_are_no_text_are_replaced() -> None:
    """An event is text whatever was written."""
    assert Output().feed(b"\xff\n") == [Piece("\ufffd\n")]
