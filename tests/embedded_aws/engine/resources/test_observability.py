"""CloudWatch and X-Ray."""

from __future__ import annotations

import json
from typing import Any

import pulumi
import pulumi_aws as aws

from tests.embedded_aws.engine.conftest import Deploy


def test_log_group_has_its_retention(deploy: Deploy) -> None:
    """Retention arrives; 0 keeps logs for ever."""

    def program() -> None:
        for name, days in (("week", 7), ("ever", 0)):
            group = aws.cloudwatch.LogGroup(name, retention_in_days=days)
            pulumi.export(name, {"name": group.name, "arn": group.arn})

    done = deploy(program)
    logs = done.client("logs")
    found = [
        logs.describe_log_groups(logGroupNamePrefix=done.outputs[name]["name"])["logGroups"][0]
        for name in ("week", "ever")
    ]
    assert [group.get("retentionInDays") for group in found] == [7, None]
    assert done.outputs["week"]["arn"] == found[0]["arn"].removesuffix(":*")


def test_alarms_take_a_metric_or_queries(deploy: Deploy) -> None:
    """Both forms of alarm arrive: one metric with dimensions, or a list of queries."""

    def program() -> None:
        common: dict[str, Any] = {
            "comparison_operator": "GreaterThanThreshold",
            "evaluation_periods": 1,
            "threshold": 1,
        }
        one = aws.cloudwatch.MetricAlarm(
            "one", **common, metric_name="Errors", namespace="AWS/Lambda", period=60, statistic="Sum",
            dimensions={"FunctionName": "f"}, treat_missing_data="notBreaching",
        )  # fmt: skip
        metric: dict[str, Any] = {
            "metric_name": "Errors", "namespace": "AWS/Lambda", "period": 60, "stat": "Sum",
            "dimensions": {"FunctionName": "f"},
        }  # fmt: skip
        queries: list[Any] = [
            {"id": "e", "metric": metric},
            {"id": "r", "expression": "e / 60", "return_data": True},
        ]
        many = aws.cloudwatch.MetricAlarm("many", **common, metric_queries=queries)
        pulumi.export("names", [one.name, many.name])

    done = deploy(program)
    found = done.client("cloudwatch").describe_alarms(AlarmNames=done.outputs["names"])["MetricAlarms"]
    one, many = sorted(found, key=lambda alarm: alarm["AlarmName"], reverse=True)
    assert (one["Dimensions"], one["Threshold"]) == ([{"Name": "FunctionName", "Value": "f"}], 1.0)
    assert one["TreatMissingData"] == "notBreaching"
    assert {query["Id"] for query in many["Metrics"]} == {"e", "r"}
    stat = next(query["MetricStat"] for query in many["Metrics"] if query["Id"] == "e")
    assert (stat["Stat"], stat["Metric"]["MetricName"]) == ("Sum", "Errors")


def test_dashboard_metric_filter_and_log_policy(deploy: Deploy) -> None:
    """A dashboard, a metric filter and a log resource policy arrive."""

    def program() -> None:
        group = aws.cloudwatch.LogGroup("app")
        aws.cloudwatch.LogMetricFilter(
            "errors", log_group_name=group.name, pattern="ERROR",
            metric_transformation={"name": "Errors", "namespace": "App", "value": "1"},
        )  # fmt: skip
        aws.cloudwatch.LogResourcePolicy(
            "xray", policy_name="xray", policy_document='{"Version": "2012-10-17"}'
        )
        board = aws.cloudwatch.Dashboard(
            "board", dashboard_name="board", dashboard_body=json.dumps({"widgets": []})
        )
        pulumi.export("board", board.dashboard_arn)
        pulumi.export("group", group.name)

    done = deploy(program)
    logs = done.client("logs")
    (found,) = logs.describe_metric_filters(logGroupName=done.outputs["group"])["metricFilters"]
    assert found["filterPattern"] == "ERROR"
    assert found["metricTransformations"][0]["metricName"] == "Errors"
    assert "xray" in {
        policy["policyName"] for policy in logs.describe_resource_policies()["resourcePolicies"]
    }
    assert done.outputs["board"] == "arn:aws:cloudwatch::123456789012:dashboard/board"
    assert (
        done.client("cloudwatch").get_dashboard(DashboardName="board")["DashboardBody"] == '{"widgets": []}'
    )


def test_sampling_rule_reaches_xray(deploy: Deploy) -> None:
    """The embedded X-Ray holds the rule with all its matchers."""

    def program() -> None:
        rule = aws.xray.SamplingRule(
            "orders", rule_name="engine-orders", priority=10, fixed_rate=1, reservoir_size=5, version=1,
            service_name="*", service_type="*", host="*", http_method="POST", url_path="/orders/*",
            resource_arn="*", attributes={"tier": "gold"},
        )  # fmt: skip
        pulumi.export("arn", rule.arn)

    done = deploy(program)
    records = done.client("xray").get_sampling_rules()["SamplingRuleRecords"]
    rule = next(
        each["SamplingRule"] for each in records if each["SamplingRule"]["RuleName"] == "engine-orders"
    )
    assert rule == {
        "RuleName": "engine-orders", "RuleARN": done.outputs["arn"], "ResourceARN": "*", "Priority": 10,
        "FixedRate": 1.0, "ReservoirSize": 5, "ServiceName": "*", "ServiceType": "*", "Host": "*",
        "HTTPMethod": "POST", "URLPath": "/orders/*", "Version": 1, "Attributes": {"tier": "gold"},
    }  # fmt: skip


def test_a_group_that_an_earlier_run_left_is_brought_up_to_date(deploy: Deploy) -> None:
    """X-Ray keeps groups with the traces, from run to run."""

    def filters(expression: str) -> str:
        def program() -> None:
            name, tags = "kept-from-run-to-run", {"team": "shop"}
            aws.xray.Group("kept", group_name=name, filter_expression=expression, tags=tags)

        done = deploy(program)
        assert done.warnings == []
        client = done.client("xray")
        found: str = client.get_group(GroupName="kept-from-run-to-run")["Group"]["FilterExpression"]
        return found

    assert [filters(expression) for expression in ("fault", "error")] == ["fault", "error"]
