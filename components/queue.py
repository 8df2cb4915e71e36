"""A queue whose messages end in a second queue when they keep failing."""

from __future__ import annotations

from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws

from .baseline import Baseline
from .naming import name_or_auto
from .policy import Grant, refuse_without_tls

_TWO_WEEKS = 14 * 24 * 3600


@dataclass(frozen=True)
class WorkQueueArgs:
    """`consumer_timeout` is the timeout, in seconds, of the function that takes the messages.

    `physical_name` is for a queue whose name must not change.
    """

    consumer_timeout: int
    maximum_receives: int = 3
    physical_name: str = ""
    baseline: Baseline = field(default_factory=Baseline)


class WorkQueue(pulumi.ComponentResource):
    """An SQS queue for a Lambda function, with a dead-letter queue; both are encrypted and refuse plain HTTP.

    `queue` and `dead_letters` are the two, to build on.

    A message stays invisible for six times the function's timeout, which is what Lambda asks for:
    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
    """

    queue: aws.sqs.Queue
    dead_letters: aws.sqs.Queue
    url: pulumi.Output[str]
    arn: pulumi.Output[str]
    dead_letter_url: pulumi.Output[str]
    can_send: Grant

    def __init__(self, name: str, args: WorkQueueArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("traced-api:index:WorkQueue", name, {}, opts)
        baseline = args.baseline
        dead_letters = f"{name}-dead-letters"
        self.dead_letters = aws.sqs.Queue(
            dead_letters,
            name=name_or_auto(
                "queue", dead_letters, args.physical_name and f"{args.physical_name}-dead-letters", 80
            ),
            message_retention_seconds=_TWO_WEEKS,
            sqs_managed_sse_enabled=None if baseline.key else True,
            kms_master_key_id=baseline.key or None,
            tags=baseline.tagged(),
            opts=baseline.keep(self),
        )
        self.queue = aws.sqs.Queue(
            name,
            name=name_or_auto("queue", name, args.physical_name, 80),
            visibility_timeout_seconds=6 * args.consumer_timeout,
            redrive_policy=pulumi.Output.json_dumps(
                {"deadLetterTargetArn": self.dead_letters.arn, "maxReceiveCount": args.maximum_receives}
            ),
            sqs_managed_sse_enabled=None if baseline.key else True,
            kms_master_key_id=baseline.key or None,
            tags=baseline.tagged(),
            opts=baseline.keep(self),
        )
        for called, queue in ((name, self.queue), (dead_letters, self.dead_letters)):
            aws.sqs.QueuePolicy(
                f"{called}-policy",
                queue_url=queue.url,
                policy=refuse_without_tls("sqs:*", [queue.arn]),
                opts=pulumi.ResourceOptions(parent=self),
            )
        self.url, self.arn = self.queue.url, self.queue.arn
        self.dead_letter_url = self.dead_letters.url
        self.can_send = Grant(["sqs:SendMessage"], [self.arn])
        self.register_outputs({"url": self.url, "arn": self.arn, "deadLetterUrl": self.dead_letter_url})
