"""The queue with a dead-letter queue."""

from __future__ import annotations

import json

import pytest

from components.kinds import SettingError
from components.queue import WorkQueue, WorkQueueArgs
from tests.components.conftest import Deploy, Deployed

QUEUE = "aws:sqs/queue:Queue"


@pytest.fixture
def deployed(deploy: Deploy) -> Deployed:
    return deploy(lambda: WorkQueue("work", WorkQueueArgs(consumer_timeout=10, maximum_receives=4)))


def test_a_message_stays_invisible_for_six_timeouts(deployed: Deployed) -> None:
    """A message does not come back while the function may still be retried with it."""
    assert deployed.one(QUEUE, "work").inputs["visibilityTimeoutSeconds"] == 60


def test_a_message_that_keeps_failing_is_put_aside(deployed: Deployed) -> None:
    """After the given number of receives it goes to the dead-letter queue, for two weeks."""
    redrive = json.loads(deployed.one(QUEUE, "work").inputs["redrivePolicy"])
    dead_letters = deployed.one(QUEUE, "work-dead-letters").inputs
    assert redrive["maxReceiveCount"] == 4
    assert redrive["deadLetterTargetArn"].endswith(":work-dead-letters-1a2b3c4")
    assert dead_letters["messageRetentionSeconds"] == 14 * 24 * 3600


def test_both_queues_are_encrypted(deployed: Deployed) -> None:
    """SQS encrypts what lies in either queue."""
    assert [queue.inputs["sqsManagedSseEnabled"] for queue in deployed.all(QUEUE)] == [True, True]


def test_queues_may_have_names_that_stay(deploy: Deploy) -> None:
    """Else Pulumi names them, so that a queue can be replaced while its messages still come in."""
    args = WorkQueueArgs(consumer_timeout=10, physical_name="orders")
    named = deploy(lambda: WorkQueue("work", args)).all(QUEUE)
    assert {queue.inputs["name"] for queue in named} == {"orders-dead-letters", "orders"}


def test_a_name_too_long_is_refused(deploy: Deploy) -> None:
    """SQS allows 80 characters, and those of the dead-letter queue come on top."""
    args = WorkQueueArgs(consumer_timeout=10, physical_name="x" * 70)
    with pytest.raises(SettingError, match=r"'x+-dead-letters' of 83 characters, but AWS allows 80"):
        deploy(lambda: WorkQueue("work", args))
