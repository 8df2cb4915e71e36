"""What is watched of an API, its functions and its queues, from when on it is an alarm, and what to do then.

Metrics, statistics and periods are those that AWS recommends, but of dead letters the first one counts:
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Best_Practice_Recommended_Alarms_AWS_Services.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .kinds import Check, Number, SettingError, Whole, checked

if TYPE_CHECKING:
    import pulumi

_TOPIC_ARN = re.compile(r"arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[\w-]{1,256}")
_CHECKS: Mapping[str, Check] = {
    "errorRate": Number(0, 1),
    "latency": Number(0),
    "throttles": Whole(0),
    "deadLetters": Whole(0),
    "queueAge": Whole(0),
}
_ALLOWED = ", ".join([*_CHECKS, "notify"])


@dataclass(frozen=True)
class AlarmSettings:
    """What is too much: `latency` and `queue_age` in seconds, `error_rate` as a share, the others as counts.

    `notify` are ARNs of SNS topics that learn of every alarm, and of its end.
    """

    error_rate: float = 0.05
    latency: float = 2.5
    throttles: int = 0
    dead_letters: int = 0
    queue_age: int = 300
    notify: tuple[str, ...] = ()


RUNBOOKS = {
    "errors": "Too many answers are server errors. List them: `waterfall traces --aws --filter fault`; in "
    "`waterfall show ID --aws` the deepest failure is the first. If a deployment began it, take it back.",
    "latency": "One answer of ten is too slow. List them: `waterfall traces --aws --filter 'duration > 2'`; "
    "the end of `waterfall show ID --aws` says where the time went: cold starts, a called service, or code.",
    "throttles": "Lambda does not run the function as often as it is asked to. Compare its concurrent "
    "executions with reservedConcurrency and the account's quota; slower runs need more of both.",
    "age": "Messages wait too long. Does the consumer fail, is it throttled, or too slow? `waterfall logs "
    "--aws`; mend it, or raise its reservedConcurrency.",
    "dead-letters": "Messages were given up. Receive one, `waterfall show ID --aws` by its AWSTraceHeader, "
    "mend the consumer, then `aws sqs start-message-move-task` sends them again.",
}
"""What to do, by the kind of alarm: a line that comes with the notification."""


@dataclass(frozen=True)
class Alarm:
    """An alarm on one metric, above a threshold for so many minutes; its statistic may be a percentile."""

    name: str
    runbook: str
    namespace: str
    metric: str
    dimensions: Mapping[str, pulumi.Input[str]]
    statistic: str
    threshold: float
    periods: int


@dataclass(frozen=True)
class _Watched:
    """Something that CloudWatch has metrics of."""

    name: str
    namespace: str
    dimensions: Mapping[str, pulumi.Input[str]]

    def alarm(self, kind: str, metric: str, statistic: str, *, above: float, minutes: int) -> Alarm:
        what = (self.namespace, metric, self.dimensions, statistic)
        return Alarm(f"{self.name}-{kind}", RUNBOOKS[kind], *what, above, minutes)


def api_alarms(
    name: str, api: pulumi.Input[str], stage: pulumi.Input[str], settings: AlarmSettings
) -> list[Alarm]:
    """Return the alarms of an API, by the names that CloudWatch knows."""
    watched = _Watched(name, "AWS/ApiGateway", {"ApiName": api, "Stage": stage})
    return [
        # each request counts as 0 or 1, so that the average is the share of errors
        watched.alarm("errors", "5XXError", "Average", above=settings.error_rate, minutes=3),
        watched.alarm("latency", "Latency", "p90", above=settings.latency * 1000, minutes=5),
    ]


def function_alarms(name: str, function: pulumi.Input[str], settings: AlarmSettings) -> list[Alarm]:
    """Return the alarm of a function."""
    watched = _Watched(name, "AWS/Lambda", {"FunctionName": function})
    return [watched.alarm("throttles", "Throttles", "Sum", above=settings.throttles, minutes=5)]


def queue_alarms(
    name: str, queue: pulumi.Input[str], dead_letters: pulumi.Input[str], settings: AlarmSettings
) -> list[Alarm]:
    """Return the alarms of a queue and of its dead letters."""
    age, visible = "ApproximateAgeOfOldestMessage", "ApproximateNumberOfMessagesVisible"
    waiting, aside = (_Watched(name, "AWS/SQS", {"QueueName": each}) for each in (queue, dead_letters))
    return [
        waiting.alarm("age", age, "Maximum", above=settings.queue_age, minutes=15),
        aside.alarm("dead-letters", visible, "Maximum", above=settings.dead_letters, minutes=1),
    ]


def read_alarms(given: Mapping[str, Any]) -> AlarmSettings | None:
    """Check the setting `alarms`; raises SettingError naming key, value and what is allowed.

    Returns None for an empty one: only a production stack has alarms then.
    """
    for key in given:
        if key not in _CHECKS and key != "notify":
            raise SettingError(f"alarms has no {key}; it takes {_ALLOWED}")
    refusal = "alarms.{} is {{value!r}}, but must be {{allowed}}"
    values = {
        re.sub(r"[A-Z]", lambda letter: f"_{letter[0].lower()}", key): checked(
            check, given[key], refusal.format(key)
        )
        for key, check in _CHECKS.items()
        if key in given
    }
    return AlarmSettings(**values, notify=_topics(given.get("notify", []))) if given else None


def _topics(given: Any) -> tuple[str, ...]:
    if not isinstance(given, list) or len(given) > 5:
        raise SettingError(f"alarms.notify is {given!r}, but must list up to 5 ARNs of SNS topics")
    for arn in given:
        if not isinstance(arn, str) or not _TOPIC_ARN.fullmatch(arn):
            raise SettingError(f"alarms.notify has {arn!r}, which is not the ARN of an SNS topic")
    return tuple(given)
