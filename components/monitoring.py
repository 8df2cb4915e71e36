"""How people learn that something is wrong, and where they look then."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi
import pulumi_aws as aws

from .alarms import Alarm, AlarmSettings, api_alarms, function_alarms, queue_alarms
from .api import TracedApi
from .baseline import Baseline
from .dashboard import Shown, dashboard_body
from .function import TracedFunction
from .naming import shortened
from .queue import WorkQueue


@dataclass(frozen=True)
class MonitoringArgs:
    """An API, and what works for it: `functions` and `queues` by the names that people know them by."""

    api: TracedApi
    functions: Mapping[str, TracedFunction]
    queues: Mapping[str, WorkQueue] = field(default_factory=dict)
    alarms: AlarmSettings = field(default_factory=AlarmSettings)
    baseline: Baseline = field(default_factory=Baseline)


class Monitoring(pulumi.ComponentResource):
    """Alarms, each with a line of runbook; a dashboard; and the API's traces as a group of X-Ray.

    The group, which a traced API has, is a filter of its own in X-Ray's console, and CloudWatch gets metrics
    of it. All are there to build on.
    """

    alarms: Mapping[str, aws.cloudwatch.MetricAlarm]
    dashboard: aws.cloudwatch.Dashboard
    group: aws.xray.Group | None

    def __init__(self, name: str, args: MonitoringArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("traced-api:index:Monitoring", name, {}, opts)
        if not args.alarms.notify:
            told = "no alarm notifies anybody; set alarms.notify to the ARN of an SNS topic"
            pulumi.log.warn(told, resource=self)
        self.alarms = {alarm.name: self._alarm(alarm, args) for alarm in _alarms(name, args)}
        self.dashboard = self._dashboard(name, args)
        self.group = self._group(name, args) if args.api.sampling_rules else None
        self.register_outputs({"dashboard": self.dashboard.dashboard_name})

    def _alarm(self, alarm: Alarm, args: MonitoringArgs) -> aws.cloudwatch.MetricAlarm:
        is_percentile = alarm.statistic.startswith("p")
        return aws.cloudwatch.MetricAlarm(
            alarm.name,
            alarm_description=alarm.runbook,
            namespace=alarm.namespace,
            metric_name=alarm.metric,
            dimensions=dict(alarm.dimensions),
            statistic=None if is_percentile else alarm.statistic,
            extended_statistic=alarm.statistic if is_percentile else None,
            period=60,
            evaluation_periods=alarm.periods,
            threshold=alarm.threshold,
            comparison_operator="GreaterThanThreshold",
            treat_missing_data="notBreaching",
            alarm_actions=args.alarms.notify or None,
            ok_actions=args.alarms.notify or None,
            tags=args.baseline.tagged(),
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _dashboard(self, name: str, args: MonitoringArgs) -> aws.cloudwatch.Dashboard:
        """Make the dashboard, called after the API: its name has to be given, and all regions share them."""
        region = aws.get_region(opts=pulumi.InvokeOptions(parent=self)).region
        queues = args.queues.values()
        known = pulumi.Output.all(
            args.api.name,
            args.api.stage_name,
            pulumi.Output.all(*[alarm.arn for alarm in self.alarms.values()]),
            pulumi.Output.all(*[function.name for function in args.functions.values()]),
            pulumi.Output.all(*[queue.queue.name for queue in queues]),
            pulumi.Output.all(*[queue.dead_letters.name for queue in queues]),
        )

        def body(values: Sequence[Any]) -> str:
            api, stage, alarms, functions, waiting, given_up = values
            named = dict(zip(args.functions, functions, strict=True))
            pairs = dict(zip(args.queues, zip(waiting, given_up, strict=True), strict=True))
            return dashboard_body(Shown(region, api, stage, alarms, named, pairs))

        return aws.cloudwatch.Dashboard(
            name,
            dashboard_name=args.api.name.apply(lambda api: f"{re.sub(r'[^A-Za-z0-9_-]', '-', api)}-{region}"),
            dashboard_body=known.apply(body),
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _group(self, name: str, args: MonitoringArgs) -> aws.xray.Group:
        stage = pulumi.Output.concat(args.api.name, "/", args.api.stage_name)
        return aws.xray.Group(
            name,
            group_name=args.api.name.apply(lambda api: shortened(api, 32)),
            filter_expression=stage.apply(_filter),
            tags=args.baseline.tagged(),
            opts=pulumi.ResourceOptions(parent=self),
        )


def _filter(stage: str) -> str:
    """Return the filter of X-Ray for what came by a stage."""
    return f'service(id(name: "{stage}", type: "AWS::ApiGateway::Stage"))'


def _alarms(name: str, args: MonitoringArgs) -> list[Alarm]:
    settings = args.alarms
    return [
        *api_alarms(name, args.api.name, args.api.stage_name, settings),
        *[
            alarm
            for called, function in args.functions.items()
            for alarm in function_alarms(f"{name}-{called}", function.name, settings)
        ],
        *[
            alarm
            for called, queue in args.queues.items()
            for alarm in queue_alarms(f"{name}-{called}", queue.queue.name, queue.dead_letters.name, settings)
        ],
    ]
