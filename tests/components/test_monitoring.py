"""Alarms, dashboard and group of traces: what is watched, and what people are told."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from components.alarms import RUNBOOKS, AlarmSettings, read_alarms
from components.api import TracedApi, TracedApiArgs
from components.function import TracedFunction, TracedFunctionArgs
from components.kinds import SettingError
from components.monitoring import Monitoring, MonitoringArgs
from components.queue import WorkQueue, WorkQueueArgs
from components.sampling import Sampling
from components.settings import ApiProfile, FunctionProfile, Target, Throttling, parse_settings
from tests.components.conftest import Deploy, Deployed

ALARM, GROUP = "aws:cloudwatch/metricAlarm:MetricAlarm", "aws:xray/group:Group"
DASHBOARD = "aws:cloudwatch/dashboard:Dashboard"
TOPIC = "arn:aws:sns:eu-west-1:123456789012:oncall"

Up = Callable[..., Deployed]


@pytest.fixture
def up(deploy: Deploy) -> Up:
    """Deploys an API, its function and a queue under alarms."""

    def program(
        *, api: str = "api", traced: bool = True, region: str = "eu-west-1", **about: Any
    ) -> Deployed:
        def run() -> None:
            shared = FunctionProfile(Target("python3.13", "arm64"), "otel")
            front = TracedFunction("front", TracedFunctionArgs(Path("code.py"), shared))
            profile = ApiProfile(Throttling(5, 10), Sampling(1, 1.0) if traced else None)
            watched = TracedApi(api, TracedApiArgs({"GET /": front}, profile))
            queue = WorkQueue("work", WorkQueueArgs(10))
            args = MonitoringArgs(watched, {"front": front}, {"work": queue}, AlarmSettings(**about))
            Monitoring("api", args)

        return deploy(run, region=region)

    return program


def test_what_can_go_wrong_has_an_alarm(up: Up) -> None:
    """Server errors, latency, throttles, the age of a queue and its dead letters."""
    watched = {
        one.name: (
            one.inputs["namespace"],
            one.inputs["metricName"],
            one.inputs.get("statistic") or one.inputs["extendedStatistic"],
            one.inputs["threshold"],
            one.inputs["dimensions"],
        )
        for one in up().all(ALARM)
    }
    api = {"ApiName": "api-1a2b3c4", "Stage": "dev"}
    age, visible = "ApproximateAgeOfOldestMessage", "ApproximateNumberOfMessagesVisible"
    assert watched == {
        "api-errors": ("AWS/ApiGateway", "5XXError", "Average", 0.05, api),
        "api-latency": ("AWS/ApiGateway", "Latency", "p90", 2500, api),
        "api-front-throttles": ("AWS/Lambda", "Throttles", "Sum", 0, {"FunctionName": "front-1a2b3c4"}),
        "api-work-age": ("AWS/SQS", age, "Maximum", 300, {"QueueName": "work-1a2b3c4"}),
        "api-work-dead-letters": (
            "AWS/SQS",
            visible,
            "Maximum",
            0,
            {"QueueName": "work-dead-letters-1a2b3c4"},
        ),
    }


def test_a_quiet_stack_is_no_alarm(up: Up) -> None:
    """No requests means no data, which is neither good nor bad."""
    assert {one.inputs["treatMissingData"] for one in up().all(ALARM)} == {"notBreaching"}


def test_each_alarm_says_what_to_do(up: Up) -> None:
    """The line of the runbook comes with the notification, which has 1,024 characters for it."""
    told = {one.inputs["alarmDescription"] for one in up().all(ALARM)}
    assert told == set(RUNBOOKS.values())
    assert max(map(len, told)) <= 1024


def test_a_topic_learns_of_every_alarm_and_its_end(up: Up) -> None:
    """Without one, nobody does."""
    for alarm in up(notify=(TOPIC,)).all(ALARM):
        assert (alarm.inputs["alarmActions"], alarm.inputs["okActions"]) == ([TOPIC], [TOPIC])
    assert "alarmActions" not in up().one(ALARM, "api-errors").inputs


def test_the_dashboard_shows_every_alarm_and_everything_that_is_watched(up: Up) -> None:
    """By the names of CloudWatch, in the API's region."""
    deployed = up()
    inputs = deployed.one(DASHBOARD).inputs
    widgets = json.loads(inputs["dashboardBody"])["widgets"]
    assert len(widgets[0]["properties"]["alarms"]) == len(deployed.all(ALARM))
    graphs = [widget["properties"] for widget in widgets[1:]]
    assert {graph["region"] for graph in graphs} == {"eu-west-1"}
    shown = {metric[3] for graph in graphs for metric in graph["metrics"]}
    assert shown == {"api-1a2b3c4", "front-1a2b3c4", "work-1a2b3c4", "work-dead-letters-1a2b3c4"}


def test_no_widget_lies_on_another(up: Up) -> None:
    """CloudWatch has a grid of 24 columns."""
    widgets = json.loads(up().one(DASHBOARD).inputs["dashboardBody"])["widgets"]
    cells = [
        (x, y)
        for one in widgets
        for x in range(one["x"], one["x"] + one["width"])
        for y in range(one["y"], one["y"] + one["height"])
    ]
    assert len(set(cells)) == len(cells)
    assert max(x for x, _ in cells) < 24


def test_dashboards_of_two_regions_do_not_meet(up: Up) -> None:
    """An account has one list of dashboards for all regions."""
    names = [
        up(region=region).one(DASHBOARD).inputs["dashboardName"] for region in ("eu-west-1", "us-east-1")
    ]
    assert names == ["api-1a2b3c4-eu-west-1", "api-1a2b3c4-us-east-1"]


def test_the_traces_of_the_api_are_a_group(up: Up) -> None:
    """Its name fits into the 32 characters that X-Ray has for one."""
    group = up(api="a" * 40).one(GROUP).inputs
    stage = f"{'a' * 40}-1a2b3c4/dev"
    assert group["filterExpression"] == f'service(id(name: "{stage}", type: "AWS::ApiGateway::Stage"))'
    assert len(group["groupName"]) == 32


def test_an_api_that_is_not_traced_has_no_group(up: Up) -> None:
    """There would be nothing in it."""
    assert not up(traced=False).all(GROUP)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, None),
        ({"production": "true"}, AlarmSettings()),
        ({"alarms": '{"latency": "3"}'}, AlarmSettings(latency=3)),
        (
            {"production": "true", "alarms": json.dumps({"notify": [TOPIC], "queueAge": 60})},
            AlarmSettings(notify=(TOPIC,), queue_age=60),
        ),
    ],
)
def test_alarms_are_on_in_production_and_where_they_are_set(
    given: dict[str, str], expected: AlarmSettings | None
) -> None:
    """What is not set is as AWS recommends."""
    assert parse_settings(given).watched == expected


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"latncy": 3},
            "alarms has no latncy; it takes errorRate, latency, throttles,",
        ),
        ({"errorRate": "5%"}, "alarms.errorRate is '5%', but must be a number from 0 to 1"),
        ({"queueAge": -1}, "alarms.queueAge is -1, but must be a whole number of 0 or more"),
        ({"notify": TOPIC}, f"alarms.notify is {TOPIC!r}, but must list up to 5 ARNs of SNS topics"),
        ({"notify": ["oncall"]}, "alarms.notify has 'oncall', which is not the ARN of an SNS topic"),
    ],
)
def test_a_bad_threshold_is_refused(given: dict[str, Any], message: str) -> None:
    """The error names the key, the value and what is allowed."""
    with pytest.raises(SettingError) as error:
        read_alarms(given)
    assert str(error.value).startswith(message)


@pytest.mark.parametrize("kind", RUNBOOKS)
def test_the_page_has_the_runbook(kind: str) -> None:
    """The same line that comes with the notification."""
    page = (Path(__file__).parents[2] / "docs" / "production.md").read_text(encoding="utf-8")
    assert f"| {RUNBOOKS[kind]} |" in page
    assert f"| {kind} |" in page
