"""Fault injection with AWS FIS: what functions need to take part, and the experiments themselves.

https://docs.aws.amazon.com/fis/latest/userguide/use-lambda-actions.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws

from .api import TracedApi
from .baseline import Baseline
from .fault_settings import Experiment
from .function import WRAPPER, Extension, TracedFunction
from .kinds import SettingError
from .policy import Grant, assume_role_policy, policy_document
from .storage import ObjectBucket

_FOLDER = "FisConfigs"
_TARGET = "functions"
_LAYERS = "/aws/service/fis/lambda-extension/AWS-FIS-extension-{architecture}/1.x.x"
_LOG_DELIVERY = (
    "logs:CreateLogDelivery",
    "logs:PutResourcePolicy",
    "logs:DescribeResourcePolicies",
    "logs:DescribeLogGroups",
)


@dataclass(frozen=True)
class FaultExtensionArgs:
    """The processor (`arm64` or `x86_64`) of the functions that take part."""

    architecture: str


class FaultExtension(pulumi.ComponentResource):
    """What functions need so that FIS can reach them: its Lambda extension, and the bucket between both.

    `extension` goes to each function that takes part. The layer's version and even its account differ by
    region, so the ARN comes from AWS's public parameter.
    """

    extension: Extension
    bucket_arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: FaultExtensionArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("traced-api:index:FaultExtension", name, {}, opts)
        bucket = ObjectBucket(f"{name}-configuration", opts=pulumi.ResourceOptions(parent=self))
        parameter = aws.ssm.get_parameter_output(
            name=_LAYERS.format(architecture=args.architecture), opts=pulumi.InvokeOutputOptions(parent=self)
        )
        self.bucket_arn = bucket.arn
        self.extension = Extension(
            layer=parameter.insecure_value,
            environment={
                "AWS_FIS_CONFIGURATION_LOCATION": bucket.arn.apply(lambda arn: f"{arn}/{_FOLDER}/"),
                # else an invocation may begin before it is known that it must not
                "AWS_FIS_POLL_MAX_WAIT_MILLISECONDS": "2000",
                WRAPPER: "/opt/aws-fis/bootstrap",
            },
            grants=[
                Grant(["s3:ListBucket"], [bucket.arn], {"StringLike": {"s3:prefix": [f"{_FOLDER}/*"]}}),
                Grant(["s3:GetObject"], [_folder(bucket.arn)]),
            ],
        )
        self.register_outputs({"bucketArn": self.bucket_arn})


@dataclass(frozen=True)
class FaultExperimentsArgs:
    """`functions` by the names that experiments give them; `api` is the one whose errors stop experiments.

    `extension` is absent when all experiments are about calls. `log_retention` in days. `baseline` has the
    tags of all of it.
    """

    experiments: Sequence[Experiment]
    functions: Mapping[str, TracedFunction]
    api: TracedApi
    extension: FaultExtension | None = None
    log_retention: int = 14
    baseline: Baseline = field(default_factory=Baseline)


class FaultExperiments(pulumi.ComponentResource):
    """Experiment templates of AWS FIS, one for each experiment, with the role and the alarms they need.

    An experiment stops when more of the API's answers are server errors than it can cause itself.
    Raises SettingError for a function that does not exist.
    """

    ids: dict[str, pulumi.Output[str]]

    def __init__(
        self, name: str, args: FaultExperimentsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("traced-api:index:FaultExperiments", name, {}, opts)
        self._name = name
        self._args = args
        for experiment in args.experiments:
            _check_functions(experiment, args.functions)
        child = pulumi.ResourceOptions(parent=self)
        self._role = self._make_role()
        self._logs = aws.cloudwatch.LogGroup(
            f"{name}-logs",
            name=pulumi.Output.concat("/aws/fis/", self._role.name),
            retention_in_days=args.log_retention,
            tags=args.baseline.tagged(),
            opts=child,
        )
        self.ids = {experiment.name: self._template(experiment).id for experiment in args.experiments}
        self.register_outputs({"ids": self.ids})

    def _make_role(self) -> aws.iam.Role:
        child = pulumi.ResourceOptions(parent=self)
        account = aws.get_caller_identity(opts=pulumi.InvokeOptions(parent=self)).account_id
        region = aws.get_region(opts=pulumi.InvokeOptions(parent=self)).region
        partition = aws.get_partition(opts=pulumi.InvokeOptions(parent=self)).partition
        role = aws.iam.Role(
            f"{self._name}-role",
            assume_role_policy=assume_role_policy(
                "fis.amazonaws.com",
                {
                    "StringEquals": {"aws:SourceAccount": account},
                    "ArnLike": {"aws:SourceArn": f"arn:{partition}:fis:{region}:{account}:experiment/*"},
                },
            ),
            tags=self._args.baseline.tagged(),
            opts=child,
        )
        aws.iam.RolePolicy(
            f"{self._name}-policy",
            name="experiments",
            role=role.name,
            policy=policy_document(self._grants()),
            opts=child,
        )
        return role

    def _grants(self) -> list[Grant]:
        # Delivering logs and looking up tags name no resource.
        grants = [Grant(_LOG_DELIVERY, ["*"])]
        if self._args.extension:
            wanted = {name for experiment in self._args.experiments for name in experiment.functions}
            arns = [self._args.functions[name].arn for name in sorted(wanted)]
            grants += [
                Grant(["s3:PutObject", "s3:DeleteObject"], [_folder(self._args.extension.bucket_arn)]),
                Grant(["lambda:GetFunction"], arns),
                Grant(["tag:GetResources"], ["*"]),
            ]
        return grants

    def _template(self, experiment: Experiment) -> aws.fis.ExperimentTemplate:
        alarm = self._alarm(experiment)
        return aws.fis.ExperimentTemplate(
            f"{self._name}-{experiment.name}",
            description=f"{experiment.kind}: {', '.join(experiment.functions) or 'calls of AWS'}",
            role_arn=self._role.arn,
            targets=self._targets(experiment),
            actions=[_action(experiment)],
            stop_conditions=[{"source": "aws:cloudwatch:alarm", "value": alarm.arn}],
            log_configuration={
                "log_schema_version": 2,
                "cloudwatch_logs_configuration": {
                    "log_group_arn": self._logs.arn.apply(lambda arn: f"{arn}:*")
                },
            },
            # by these `waterfall fault` finds what it may stop
            tags=self._args.baseline.tagged({"Name": experiment.name}),
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _targets(self, experiment: Experiment) -> list[aws.fis.ExperimentTemplateTargetArgsDict]:
        if not experiment.functions:
            return []
        return [
            {
                "name": _TARGET,
                "resource_type": "aws:lambda:function",
                "selection_mode": "ALL",
                "resource_arns": [self._args.functions[name].arn for name in experiment.functions],
            }
        ]

    def _alarm(self, experiment: Experiment) -> aws.cloudwatch.MetricAlarm:
        return aws.cloudwatch.MetricAlarm(
            f"{self._name}-{experiment.name}-stop",
            alarm_description=f"Stops the experiment {experiment.name}",
            namespace="AWS/ApiGateway",
            metric_name="5XXError",
            dimensions={"ApiName": self._args.api.name, "Stage": self._args.api.stage_name},
            # the average of this metric is the share of requests that failed
            statistic="Average",
            period=60,
            evaluation_periods=1,
            threshold=stop_threshold(experiment),
            comparison_operator="GreaterThanThreshold",
            treat_missing_data="notBreaching",
            tags=self._args.baseline.tagged(),
            opts=pulumi.ResourceOptions(parent=self),
        )


def _action(experiment: Experiment) -> aws.fis.ExperimentTemplateActionArgsDict:
    action: aws.fis.ExperimentTemplateActionArgsDict = {
        "name": "fault",
        "action_id": action_id(experiment),
        "parameters": [{"key": key, "value": value} for key, value in parameters(experiment).items()],
    }
    if experiment.functions:
        action["target"] = {"key": "Functions", "value": _TARGET}
    return action


def action_id(experiment: Experiment) -> str:
    """Return the id of FIS's action; those of `local-call` exist on the embedded AWS alone."""
    if experiment.calls:
        return f"aws:local-call:{experiment.kind}"
    kinds = {"delay": "add-delay", "error": "error", "http": "http-integration-response"}
    return f"aws:lambda:invocation-{kinds[experiment.kind]}"


def parameters(experiment: Experiment) -> dict[str, str]:
    """Return the action's parameters, all of them text."""
    duration = {"duration": f"PT{experiment.duration}S"}
    milliseconds = f"{experiment.delay * 1000:.0f}"
    if experiment.calls:
        calls = experiment.calls
        named = {"service": calls.service, "operation": calls.operation, "resource": calls.resource}
        given = {key: value for key, value in named.items() if value}
        late = {"delayMilliseconds": milliseconds} if experiment.kind == "delay" else {}
        return {**duration, "callPercentage": str(experiment.percentage), **given, **late}
    shared = {**duration, "invocationPercentage": str(experiment.percentage)}
    prevent = {"preventExecution": str(experiment.instead).lower()}
    if experiment.kind == "delay":
        return {**shared, "startupDelayMilliseconds": milliseconds}
    if experiment.kind == "error":
        return {**shared, **prevent}
    response = {"statusCode": f"{experiment.status:03d}", "contentTypeHeader": experiment.content_type}
    return {**shared, **prevent, **response}


def stop_threshold(experiment: Experiment) -> float:
    """Return the share of server errors above which an experiment stops: half-way to all of them.

    One that makes every request fail leaves nothing above itself, and is refused on AWS.
    """
    injected = experiment.server_errors
    return round(injected + (1 - injected) / 2, 4)


def _check_functions(experiment: Experiment, functions: Mapping[str, TracedFunction]) -> None:
    for name in experiment.functions:
        if name not in functions:
            raise SettingError(
                f"faults.{experiment.name}.functions names {name!r}, but the program has "
                f"{', '.join(functions)}"
            )


def _folder(bucket_arn: pulumi.Output[str]) -> pulumi.Output[str]:
    return bucket_arn.apply(lambda arn: f"{arn}/{_FOLDER}/*")
