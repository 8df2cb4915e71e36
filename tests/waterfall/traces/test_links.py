"""Which call of a trace sent what another received."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.waterfall import samples
from tests.waterfall.samples import CONSUMER_ID, TRACE_ID, aws_call, segment, trace
from waterfall.traces.client import connect
from waterfall.traces.links import linked_traces, sender_in

if TYPE_CHECKING:
    from tests.waterfall.conftest import Api

A, B, C = (f"{letter}000000000000001" for letter in "abc")


def received(*ids: str | None) -> Any:
    """A consumer's trace, linked to these ids of the sender's trace."""
    links = [{"trace_id": TRACE_ID, **({"id": id_} if id_ else {})} for id_ in ids]
    return trace([segment("consumer", "f000000000000001", 3, 4, trace_id=CONSUMER_ID, links=links)])


def sending(*ids: str, by: str = "SendMessage", start: float = 0.1) -> Any:
    calls = [aws_call("AWS", id_, start, start + 0.1, by) for id_ in ids]
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


@pytest.mark.parametrize("operation", ["Publish", "PutEvents", "PutObject"])
def test_what_hands_on_to_a_queue_may_be_the_sender(operation: str) -> None:
    """A topic, a bus and a bucket: where a message was sent as well, it is not guessed."""
    sender = sender_in(sending(B, by=operation), received(A))
    assert sender
    assert sender.id == B
    calls = [aws_call("SQS", B, 0.1, 0.2, "SendMessage"), aws_call("AWS", C, 0.2, 0.3, operation)]
    both = trace([segment("front", A, 0, 1, subsegments=calls)])
    sender = sender_in(both, received(A))
    assert sender
    assert sender.id == (B if operation == "PutObject" else A)


def test_a_call_that_is_only_called_alike_sent_nothing() -> None:
    """Lambda publishes versions, and nobody receives one."""
    sender = sender_in(sending(B, by="PublishVersion"), received(A))
    assert sender
    assert sender.id == A


def test_a_call_that_began_later_sent_nothing() -> None:
    """What was received before it came from something else."""
    sender = sender_in(sending(B, start=3.5), received(A))
    assert sender
    assert sender.id == A


@pytest.mark.parametrize(
    "operation", ["SendMessageBatch", "Publish", "PublishBatch", "PutEvents", "PutObject"]
)
def test_the_way_forward_is_found_from_all_that_may_end_in_a_queue(api: Api, operation: str) -> None:
    """As traces are stored, the later one alone has the link."""
    api.put([segment("front", A, 0, 1, subsegments=[aws_call("AWS", B, 0.1, 0.2, operation)])])
    api.put([segment("consumer", C, 3, 4, trace_id=CONSUMER_ID, links=[{"trace_id": TRACE_ID, "id": A}])])
    reader = connect(api.source)
    (sender,) = reader.get([TRACE_ID])
    assert [each.id for each in linked_traces(reader, sender, samples.T0 + 10)] == [CONSUMER_ID]
