"""Alarms follow metrics by themselves, and stop experiments."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.faults.subject import FAULTS, Subject, check, check_clean, request_of, start
from tests.e2e.stack import until


def put_alarm(subject: Subject, namespace: str, metric: str, **more: Any) -> str:
    """Create an alarm about more than two in a period; return its ARN."""
    cloudwatch = subject.lab.stack.client("cloudwatch")
    name = f"too-much-{metric}-{subject.name}"
    rule = {
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": 2,
        "Statistic": "Sum",
        "ComparisonOperator": "GreaterThanThreshold",
        "TreatMissingData": "notBreaching",
    }
    cloudwatch.put_metric_alarm(
        AlarmName=name, Namespace=namespace, MetricName=metric, **_given({**rule, **more})
    )
    return str(alarm_of(subject, metric)["AlarmArn"])


def _given(rule: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in rule.items() if value is not None}


def alarm_of(subject: Subject, metric: str) -> dict[str, Any]:
    names = [f"too-much-{metric}-{subject.name}"]
    found = subject.lab.stack.client("cloudwatch").describe_alarms(AlarmNames=names)["MetricAlarms"]
    assert len(found) == 1
    return dict(found[0])


def start_until(subject: Subject, alarm: str) -> str:
    """Start an experiment that makes every request fail until an alarm goes off; return its id."""
    fis = subject.lab.fis
    request = request_of(subject, FAULTS["error instead"])
    request["stopConditions"] = [{"source": "aws:cloudwatch:alarm", "value": alarm}]
    created = fis.create_experiment_template(**request)["experimentTemplate"]["id"]
    started = fis.start_experiment(clientToken=created, experimentTemplateId=created)
    return str(started["experiment"]["id"])


HALTED = {"status": "stopped", "reason": "Experiment halted by stop condition."}


def test_an_alarm_stops_an_experiment(subject: Subject) -> None:
    """An experiment whose alarm goes off is stopped at that moment, even when the alarm is over again."""
    experiment = start_until(subject, put_alarm(subject, "Mine", "Trouble"))
    assert subject.lab.get(subject.url).status == 502
    cloudwatch = subject.lab.stack.client("cloudwatch")
    for state in ("ALARM", "OK"):
        cloudwatch.set_alarm_state(
            AlarmName=f"too-much-Trouble-{subject.name}", StateValue=state, StateReason="a test"
        )
    check_clean(subject, subject.lab.get(subject.url))
    assert subject.lab.fis.get_experiment(id=experiment)["experiment"]["state"] == HALTED


@pytest.mark.parametrize(("namespace", "metric"), [("AWS/ApiGateway", "5XXError"), ("AWS/Lambda", "Errors")])
def test_the_errors_of_an_experiment_set_off_its_alarm(subject: Subject, namespace: str, metric: str) -> None:
    """API and function are measured, the alarm follows when its period is over, the experiment stops."""
    subject.lab.time.to_next(60)
    dimensions = {
        "AWS/ApiGateway": {"ApiName": f"api-{subject.name}", "Stage": "dev"},
        "AWS/Lambda": {"FunctionName": subject.name},
    }[namespace]
    named = [{"Name": name, "Value": value} for name, value in dimensions.items()]
    experiment = start_until(subject, put_alarm(subject, namespace, metric, Dimensions=named))
    for _ in range(3):
        check(subject, FAULTS["error instead"], subject.lab.get(subject.url))
    assert subject.lab.fis.get_experiment(id=experiment)["experiment"]["state"]["status"] == "running"
    subject.lab.time.to_next(60)
    check_clean(subject, subject.lab.get(subject.url))
    assert subject.lab.fis.get_experiment(id=experiment)["experiment"]["state"] == HALTED
    alarm = alarm_of(subject, metric)
    assert alarm["StateValue"] == "ALARM"
    assert "1 out of the last 1 datapoints [3.0 (" in alarm["StateReason"]
    assert "was greater than the threshold (2.0)" in alarm["StateReason"]
    subject.lab.time.to_next(60)
    assert alarm_of(subject, metric)["StateValue"] == "OK"


def test_metrics_are_read_as_everywhere(subject: Subject) -> None:
    """GetMetricStatistics has what API Gateway and Lambda measured, up to the last request."""
    subject.lab.time.to_next(60)
    began = subject.lab.time()
    assert subject.lab.get(subject.url).status == 200

    def total(namespace: str, metric: str, **dimensions: str) -> float:
        found = subject.lab.stack.client("cloudwatch").get_metric_statistics(
            Namespace=namespace,
            MetricName=metric,
            Dimensions=[{"Name": name, "Value": value} for name, value in dimensions.items()],
            StartTime=began - 1,
            EndTime=began + 60,
            Period=60,
            Statistics=["Sum"],
        )
        return float(sum(point["Sum"] for point in found["Datapoints"]))

    api = {"ApiName": f"api-{subject.name}", "Stage": "dev"}
    assert total("AWS/ApiGateway", "Count", **api) == 1
    assert (
        total("AWS/ApiGateway", "Latency", **api) >= total("AWS/ApiGateway", "IntegrationLatency", **api) > 0
    )

    def measured() -> bool | None:
        return total("AWS/Lambda", "Invocations", FunctionName=subject.name) == 1 or None

    until(measured, "the end of the run")
    assert total("AWS/Lambda", "Errors", FunctionName=subject.name) == 0
    assert total("AWS/Lambda", "Duration", FunctionName=subject.name) > 0


def test_an_alarm_of_ten_seconds_follows_a_metric_of_ones_own(subject: Subject) -> None:
    """Also without an experiment: from no data to ALARM, and back."""
    cloudwatch, time = subject.lab.stack.client("cloudwatch"), subject.lab.time
    time.to_next(10)
    more = {"Period": 10, "TreatMissingData": "missing"}
    put_alarm(subject, "Mine", "Orders", Dimensions=[{"Name": "Shop", "Value": subject.name}], **more)
    time.to_next(10)
    alarm = alarm_of(subject, "Orders")
    assert (alarm["StateValue"], alarm["StateReason"]) == (
        "INSUFFICIENT_DATA",
        "Insufficient Data: 1 datapoint was unknown.",
    )
    for value, state in ((5, "ALARM"), (1, "OK")):
        datum = {
            "MetricName": "Orders",
            "Dimensions": [{"Name": "Shop", "Value": subject.name}],
            "Timestamp": time(),
            "Value": value,
        }
        cloudwatch.put_metric_data(Namespace="Mine", MetricData=[datum])
        time.to_next(10)
        assert alarm_of(subject, "Orders")["StateValue"] == state


def test_an_alarm_follows_a_percentile(subject: Subject) -> None:
    """Where one request in ten is slow, the p90 is not, and the p95 is."""
    subject.lab.time.to_next(60)
    dimensions = [{"Name": "ApiName", "Value": f"api-{subject.name}"}]
    for percentile, metric in (("p90", "Latency"), ("p95", "IntegrationLatency")):
        rule = {"Statistic": None, "ExtendedStatistic": percentile, "Threshold": 1500}
        put_alarm(subject, "AWS/ApiGateway", metric, Dimensions=dimensions, **rule)
    # Far more than a busy machine adds to the other requests.
    delay = {"startupDelayMilliseconds": "3000"}
    experiment = start(subject, FAULTS["delay"], invocationPercentage="10", **delay)
    assert [subject.lab.get(subject.url).status for _ in range(10)] == [200] * 10
    subject.lab.fis.stop_experiment(id=experiment)
    subject.lab.time.to_next(60)
    assert alarm_of(subject, "Latency")["StateValue"] == "OK"
    assert alarm_of(subject, "IntegrationLatency")["StateValue"] == "ALARM"
