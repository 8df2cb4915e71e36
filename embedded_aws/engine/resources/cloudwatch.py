"""CloudWatch and CloudWatch Logs.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_Operations.html
https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from embedded_aws.engine.registration import Update

if TYPE_CHECKING:
    from collections.abc import Mapping

    from embedded_aws.engine.registration import Created, Registration, State
    from embedded_aws.engine.standing import Before


def log_group(r: Registration) -> Created:
    """Make the group; its logs can be read and searched."""
    name = r.physical_name(max_length=512)
    r.call("logs", "create_log_group", logGroupName=name, tags=r.tags or None)
    if days := r.inputs.get("retentionInDays"):  # 0 keeps the logs for ever, which is AWS's default
        r.client("logs").put_retention_policy(logGroupName=name, retentionInDays=int(days))
    return name, {"name": name, "arn": r.arn("logs", f"log-group:{name}")}


def update_log_group(r: Registration, before: Before) -> State:
    """Change how long its events are kept; they stay."""
    name = before.standing.id
    if days := r.inputs.get("retentionInDays"):
        r.client("logs").put_retention_policy(logGroupName=name, retentionInDays=int(days))
    elif before.has("retentionInDays"):
        r.client("logs").delete_retention_policy(logGroupName=name)
    return {}


def log_stream(r: Registration) -> Created:
    """Make the stream."""
    name = r.physical_name(max_length=512)
    group = r.inputs["logGroupName"]
    r.client("logs").create_log_stream(logGroupName=group, logStreamName=name)
    return name, {"name": name, "arn": r.arn("logs", f"log-group:{group}:log-stream:{name}")}


def log_metric_filter(r: Registration) -> Created:
    """Keep the filter."""
    name = r.physical_name(max_length=512)
    names = {"pattern": "filterPattern", "metricTransformation": "metricTransformations"}
    names |= {"name": "metricName", "namespace": "metricNamespace", "value": "metricValue"}
    r.call("logs", "put_metric_filter", names, filterName=name)
    return name, {"name": name}


def log_resource_policy(r: Registration) -> Created:
    """Keep the policy; nothing is refused for lack of permission."""
    r.call("logs", "put_resource_policy", policyDocument=r.inputs.text("policyDocument"))
    return str(r.inputs.get("policyName", r.inputs.get("resourceArn", r.name))), {}


def metric_alarm(r: Registration) -> Created:
    """Watch the metric against the threshold; nobody is notified."""
    name = r.physical_name()
    r.call(
        "cloudwatch",
        "put_metric_alarm",
        AlarmName=name,
        Metrics=[_query(query) for query in r.inputs.get("metricQueries", [])] or None,
        Tags=r.tag_list(),
    )
    return name, {"name": name, "arn": r.arn("cloudwatch", f"alarm:{name}")}


def update_metric_alarm(r: Registration, before: Before) -> State:
    """Put it again under its name; its state stays until it is evaluated."""
    del before
    metric_alarm(r)
    return {}


def dashboard(r: Registration) -> Created:
    """Keep the dashboard."""
    r.call("cloudwatch", "put_dashboard")
    name = r.inputs["dashboardName"]
    arn = r.arn("cloudwatch", f"dashboard/{name}").replace(f":{r.region}:", "::")
    return name, {"dashboardArn": arn}


def _query(query: Mapping[str, Any]) -> dict[str, Any]:
    given = {
        "Id": query["id"],
        "Expression": query.get("expression"),
        "Label": query.get("label"),
        "ReturnData": query.get("returnData"),
        "Period": query.get("period"),
        "AccountId": query.get("accountId"),
        "MetricStat": _metric_stat(query["metric"]) if query.get("metric") else None,
    }
    return {key: value for key, value in given.items() if value is not None}


def _metric_stat(metric: Mapping[str, Any]) -> dict[str, Any]:
    source = {
        "Namespace": metric.get("namespace"),
        "MetricName": metric["metricName"],
        "Dimensions": _dimensions(metric.get("dimensions")),
    }
    given = {
        "Metric": {key: value for key, value in source.items() if value is not None},
        "Period": int(metric["period"]),
        "Stat": metric["stat"],
        "Unit": metric.get("unit"),
    }
    return {key: value for key, value in given.items() if value is not None}


def _dimensions(dimensions: Mapping[str, str] | None) -> list[dict[str, str]] | None:
    return [{"Name": name, "Value": value} for name, value in dimensions.items()] if dimensions else None


RESOURCES = {
    "aws:cloudwatch/logGroup:LogGroup": log_group,
    "aws:cloudwatch/logStream:LogStream": log_stream,
    "aws:cloudwatch/logMetricFilter:LogMetricFilter": log_metric_filter,
    "aws:cloudwatch/logResourcePolicy:LogResourcePolicy": log_resource_policy,
    "aws:cloudwatch/metricAlarm:MetricAlarm": metric_alarm,
    "aws:cloudwatch/dashboard:Dashboard": dashboard,
}

UPDATES = {
    "aws:cloudwatch/logGroup:LogGroup": Update(update_log_group, frozenset({"name", "namePrefix"})),
    "aws:cloudwatch/metricAlarm:MetricAlarm": Update(update_metric_alarm, frozenset({"name"})),
}
