"""Which call of a trace sent what another received."""

from __future__ import annotations

from typing import Any

from tests.waterfall import samples
from tests.waterfall.samples import CONSUMER_ID, TRACE_ID, aws_call, segment, trace
from waterfall.traces.links import sender_in

A, B, C = (f"{letter}000000000000001" for letter in "abc")


def received(*ids: str | None) -> Any:
    """A consumer's trace, linked to these ids of the sender's trace."""
    links = [{"trace_id": TRACE_ID, **({"id": id_} if id_ else {})} for id_ in ids]
    return trace([segment("consumer", "f000000000000001", 3, 4, trace_id=CONSUMER_ID, links=links)])


def sending(*ids: str) -> Any:
    calls = [aws_call("SQS", id_, 0.1, 0.2, "SendMessage") for id_ in ids]
    return trace([segment("front", A, 0, 1, subsegments=calls)])


def test_the_call_that_a_link_names_is_the_sender() -> None:
    sender = sender_in(trace(samples.request()), trace(samples.consumer(), CONSUMER_ID))
    assert sender
    assert (sender.name, sender.call.operation) == ("SQS", "SendMessage")


def test_a_link_to_what_is_around_the_only_call_means_the_call() -> None:
    """Lambda's links name the sender's segment."""
    sender = sender_in(sending(B), received(A))
    assert sender
    assert sender.id == B


def test_one_of_several_calls_is_not_guessed() -> None:
    """Then the sender is what the link names, if it names anything here."""
    sender = sender_in(sending(B, C), received(A))
    assert sender
    assert sender.id == A
    assert sender_in(sending(B, C), received(None)) is None
