"""moto's queues over a long run: what is gone takes no memory."""

from __future__ import annotations

import uuid

import pytest

from embedded_aws.aws import moto as moto_aws
from embedded_aws.aws.interfaces import ACCOUNT_ID

REGION = "us-east-1"


@pytest.fixture
def queue() -> str:
    """The ARN of a new queue."""
    name = f"q-{uuid.uuid4().hex}"
    moto_aws.MotoAws().backend("sqs", REGION).create_queue(name)
    return f"arn:aws:sqs:{REGION}:{ACCOUNT_ID}:{name}"


def use(queue: str, messages: int) -> None:
    """Send messages, receive them and delete them."""
    from embedded_aws.sqs.queues import Queues  # noqa: PLC0415 - it reads moto's state, after its settings were made

    queues = Queues(REGION)
    for number in range(messages):
        queues.send(queue, str(number), {})
        for message in queues.receive(queue, 10):
            queues.delete(queue, message.receipt_handle)


def test_deleted_messages_are_in_no_list_of_motos(queue: str) -> None:
    """Moto lists every object that it ever made, unless it is told not to."""
    from moto.sqs.models import Message  # noqa: PLC0415 - as above

    use(queue, 5)
    assert Message.instances_tracked == []  # type: ignore[attr-defined]


def test_handles_of_deleted_messages_are_forgotten(queue: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are kept for whoever deletes a message twice, but not those of a whole day."""
    monkeypatch.setattr("embedded_aws.sqs.queues._MOST_HANDLES", 10)
    use(queue, 100)
    name = queue.rpartition(":")[2]
    assert len(moto_aws.MotoAws().backend("sqs", REGION).get_queue(name).deleted_messages) <= 11


def test_sending_looks_at_no_other_message(queue: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A queue of 10,000 messages takes one more as fast as an empty one: each asks for one attribute only."""
    use(queue, 1)
    from moto.sqs.models import Message  # noqa: PLC0415 - as above

    from embedded_aws.sqs.queues import Queues  # noqa: PLC0415 - as above

    asked: list[Message] = []

    def visible(message: Message) -> bool:
        asked.append(message)
        return True

    monkeypatch.setattr(Message, "visible", property(visible))
    queues = Queues(REGION)
    for number in range(3):
        queues.send(queue, str(number), {})
    assert not asked


def test_the_counts_of_a_queue_are_told_with_its_other_attributes(queue: str) -> None:
    """All of them, and those that are asked for by name."""
    from embedded_aws.sqs.queues import Queues  # noqa: PLC0415 - as above

    Queues(REGION).send(queue, "hello", {})
    name = queue.rpartition(":")[2]
    backend = moto_aws.MotoAws().backend("sqs", REGION)
    assert backend.get_queue_attributes(name, ["ApproximateNumberOfMessages"]) == {
        "ApproximateNumberOfMessages": 1
    }
    everything = dict(backend.get_queue_attributes(name, ["All"]))
    assert (everything["ApproximateNumberOfMessages"], everything["VisibilityTimeout"]) == (1, 30)


def test_what_is_being_worked_on_can_be_kept_hidden_longer(queue: str) -> None:
    """As while somebody stands at a line in its consumer; what nobody has received stays visible."""
    from embedded_aws.sqs.queues import Queues  # noqa: PLC0415 - as above

    queues = Queues(REGION)
    queues.send(queue, "1", {})
    before = queues.visibility_timeout(queue)
    assert len(queues.receive(queue, 1)) == 1
    queues.hold(100)
    assert (queues.next_due(queue) or 0) > before + 90
    queues.hold(-100)
    assert (queues.next_due(queue) or 0) <= before
    queues.send(queue, "2", {})
    queues.hold(100)
    assert queues.next_due(queue) == 0
