"""A traced Lambda function with a role, a log group and triggers of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pulumi
import pulumi_aws as aws

from .kinds import SettingError
from .naming import physical_name
from .packaging import function_zip
from .policy import TRACE_WRITE, Grant, assume_role_policy, policy_document
from .settings import FunctionProfile

_LONGEST_TIMEOUT = 900


@dataclass(frozen=True)
class QueueTrigger:
    """Feeds a function from an SQS queue; the function answers which records of a batch failed."""

    queue_arn: pulumi.Input[str]
    batch_size: int = 10


@dataclass(frozen=True)
class AsyncInvocation:
    """How Lambda repeats asynchronous invocations that fail; `on_failure` is the ARN of an SQS queue."""

    maximum_retries: int = 2
    maximum_age_seconds: int = 21600
    on_failure: pulumi.Input[str] | None = None


WRAPPER = "AWS_LAMBDA_EXEC_WRAPPER"


@dataclass(frozen=True)
class Extension:
    """A Lambda extension: its layer version, and the variables and rights that it needs in a function."""

    layer: pulumi.Input[str]
    environment: Mapping[str, pulumi.Input[str]]
    grants: Sequence[Grant]


@dataclass(frozen=True)
class TracedFunctionArgs:
    """What a function runs, and may do beyond writing its own logs and traces.

    `code` is a module with a function `handler`. `extra_timeout`, in seconds, is for a function that waits
    for others; Lambda's limit of 900 seconds holds all the same.
    """

    code: Path
    profile: FunctionProfile
    layers: Sequence[pulumi.Input[str]] = ()
    environment: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    grants: Sequence[Grant] = ()
    extra_timeout: int = 0
    reserved_concurrency: int | None = None
    queue: QueueTrigger | None = None
    async_invocation: AsyncInvocation | None = None
    extension: Extension | None = None


class TracedFunction(pulumi.ComponentResource):
    """A Lambda function that X-Ray sees unless `tracing` is `off`.

    Traced means mode Active: PassThrough would leave Lambda's own segments out of the trace, and with them
    everything that the function sends (https://docs.aws.amazon.com/lambda/latest/dg/services-xray.html).

    Raises SettingError when both the function and its extension want Lambda's one wrapper script.
    """

    name: pulumi.Output[str]
    arn: pulumi.Output[str]
    invoke_arn: pulumi.Output[str]
    can_invoke: Grant

    def __init__(
        self, name: str, args: TracedFunctionArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("traced-api:index:TracedFunction", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        logs = aws.cloudwatch.LogGroup(
            f"{name}-logs",
            name=f"/aws/lambda/{physical_name(name)}",
            retention_in_days=args.profile.log_retention,
            opts=child,
        )
        role = aws.iam.Role(
            f"{name}-role",
            name=physical_name(name),
            assume_role_policy=assume_role_policy("lambda.amazonaws.com"),
            opts=child,
        )
        policy = aws.iam.RolePolicy(
            f"{name}-policy",
            name="function",
            role=role.name,
            policy=policy_document(_grants(args, logs)),
            opts=child,
        )
        function = self._function(name, args, role, logs, policy)
        self.name, self.arn, self.invoke_arn = function.name, function.arn, function.invoke_arn
        self.can_invoke = Grant(["lambda:InvokeFunction"], [function.arn])
        self._add_triggers(name, args, function)
        self.register_outputs({"name": self.name, "arn": self.arn, "invokeArn": self.invoke_arn})

    def _function(
        self,
        name: str,
        args: TracedFunctionArgs,
        role: aws.iam.Role,
        logs: aws.cloudwatch.LogGroup,
        policy: aws.iam.RolePolicy,
    ) -> aws.lambda_.Function:
        profile = args.profile
        keep = profile.keep.environment if profile.keep else {}
        tracing = {"TRACING_MODE": profile.tracing, "TRACING_EXPORT": profile.export, **keep}
        extension = args.extension
        if extension and WRAPPER in args.environment and WRAPPER in extension.environment:
            raise SettingError(
                f"function {name} sets {WRAPPER}, but fault injection needs that variable, and Lambda has "
                "one: remove the variable, or take the function out of every experiment in faults"
            )
        return aws.lambda_.Function(
            f"{name}-function",
            name=physical_name(name),
            role=role.arn,
            code=pulumi.FileArchive(function_zip(args.code).as_posix()),
            handler=f"{args.code.stem}.handler",
            runtime=profile.target.runtime,
            architectures=[profile.target.architecture],
            layers=[*args.layers, *([extension.layer] if extension else [])],
            memory_size=profile.memory,
            timeout=min(profile.timeout + args.extra_timeout, _LONGEST_TIMEOUT),
            environment={
                "variables": {**args.environment, **tracing, **(extension.environment if extension else {})}
            },
            tracing_config={"mode": "PassThrough" if profile.tracing == "off" else "Active"},
            # JSON shows the trace ids of a log record; the level keeps Lambda's reports beside the records
            logging_config={
                "log_format": "JSON",
                "application_log_level": "INFO",
                "system_log_level": "INFO",
                "log_group": logs.name,
            },
            reserved_concurrent_executions=args.reserved_concurrency,
            # Lambda would make a log group without retention, and would run before it is allowed to
            opts=pulumi.ResourceOptions(parent=self, depends_on=[logs, policy]),
        )

    def _add_triggers(self, name: str, args: TracedFunctionArgs, function: aws.lambda_.Function) -> None:
        child = pulumi.ResourceOptions(parent=self)
        if args.queue:
            aws.lambda_.EventSourceMapping(
                f"{name}-queue",
                function_name=function.name,
                event_source_arn=args.queue.queue_arn,
                batch_size=args.queue.batch_size,
                function_response_types=["ReportBatchItemFailures"],
                opts=child,
            )
        if args.async_invocation:
            on_failure = args.async_invocation.on_failure
            aws.lambda_.FunctionEventInvokeConfig(
                f"{name}-async",
                function_name=function.name,
                maximum_retry_attempts=args.async_invocation.maximum_retries,
                maximum_event_age_in_seconds=args.async_invocation.maximum_age_seconds,
                destination_config={"on_failure": {"destination": on_failure}} if on_failure else None,
                opts=child,
            )


def _grants(args: TracedFunctionArgs, logs: aws.cloudwatch.LogGroup) -> list[Grant]:
    streams = logs.arn.apply(lambda arn: f"{arn}:*")
    extension = args.extension.grants if args.extension else ()
    grants = [*args.grants, *extension, Grant(["logs:CreateLogStream", "logs:PutLogEvents"], [streams])]
    if args.profile.tracing != "off":
        grants.append(TRACE_WRITE)
    if args.queue:
        actions = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
        grants.append(Grant(actions, [args.queue.queue_arn]))
    if args.async_invocation and args.async_invocation.on_failure is not None:
        grants.append(Grant(["sqs:SendMessage"], [args.async_invocation.on_failure]))
    return grants
