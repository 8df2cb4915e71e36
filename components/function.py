"""A traced Lambda function with a role, a log group and triggers of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pulumi
import pulumi_aws as aws

from .kinds import SettingError
from .naming import name_or_auto
from .packaging import function_zip
from .policy import TRACE_WRITE, VPC_ACCESS, Grant, assume_role_policy, policy_document
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


@dataclass(frozen=True)
class VpcSettings:
    """Where a function meets a VPC. It then reaches the internet, and AWS, only as these subnets do."""

    subnet_ids: Sequence[pulumi.Input[str]]
    security_group_ids: Sequence[pulumi.Input[str]]


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

    `code` is a module, or a directory of modules, whose `requirements.txt` names the packages that go with
    them, each pinned. `handler` names module and function, such as `app.handler`; that of a single module
    is `handler` unless said otherwise. `environment` comes on top of what tells the tracing library its
    mode. `extra_timeout`, in seconds, is for a function that waits for others. `tags` go to all that can
    have tags. `physical_name` is for a function whose name must not change, because others call it by that
    name.
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
    handler: str = ""
    vpc: VpcSettings | None = None
    tags: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    physical_name: str = ""


class TracedFunction(pulumi.ComponentResource):
    """A Lambda function that X-Ray sees unless `tracing` is `off`.

    Traced means mode Active: PassThrough would leave Lambda's own segments out of the trace, and with them
    everything that the function sends (https://docs.aws.amazon.com/lambda/latest/dg/services-xray.html).

    What it is made of is there to build on: an alarm on `function`, an alias, a subscription to `log_group`,
    further policies for `role`. `event_source` and `async_config` are there if asked for.

    Pulumi names the role, and the function is called as the role is, unless it has a physical name. IAM's
    names are shared by all regions, so the role never has one.

    Raises SettingError when a directory of code has no `handler`, when the environment has a variable that
    the component sets, when the timeout is more than Lambda's 900 seconds, and when both the function and
    its extension want Lambda's one wrapper script; PackagingError when the code cannot be packed.
    """

    function: aws.lambda_.Function
    role: aws.iam.Role
    policy: aws.iam.RolePolicy
    log_group: aws.cloudwatch.LogGroup
    event_source: aws.lambda_.EventSourceMapping | None
    async_config: aws.lambda_.FunctionEventInvokeConfig | None
    timeout: int
    name: pulumi.Output[str]
    arn: pulumi.Output[str]
    invoke_arn: pulumi.Output[str]
    can_invoke: Grant

    def __init__(
        self, name: str, args: TracedFunctionArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("traced-api:index:TracedFunction", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        asked = name_or_auto("function", name, args.physical_name, 64)
        self.role = aws.iam.Role(
            name,
            assume_role_policy=assume_role_policy("lambda.amazonaws.com"),
            tags=args.profile.baseline.tagged(args.tags),
            opts=child,
        )
        called = pulumi.Output.from_input(asked) if asked else self.role.name
        self.log_group = aws.cloudwatch.LogGroup(
            f"{name}-logs",
            name=pulumi.Output.concat("/aws/lambda/", called),
            retention_in_days=args.profile.log_retention,
            kms_key_id=args.profile.baseline.key or None,
            tags=args.profile.baseline.tagged(args.tags),
            opts=child,
        )
        self.policy = aws.iam.RolePolicy(
            f"{name}-policy",
            name="function",
            role=self.role.name,
            policy=policy_document(_grants(args, self.log_group)),
            opts=child,
        )
        self.timeout = _timeout(name, args)
        self.function = self._function(name, called, args)
        self.event_source = self._event_source(name, args)
        self.async_config = self._async_config(name, args)
        self.name, self.arn = self.function.name, self.function.arn
        self.invoke_arn = self.function.invoke_arn
        self.can_invoke = Grant(["lambda:InvokeFunction"], [self.arn])
        self.register_outputs({"name": self.name, "arn": self.arn, "invokeArn": self.invoke_arn})

    def _function(
        self, name: str, called: pulumi.Input[str], args: TracedFunctionArgs
    ) -> aws.lambda_.Function:
        profile = args.profile
        return aws.lambda_.Function(
            f"{name}-function",
            name=called,
            role=self.role.arn,
            code=pulumi.FileArchive(function_zip(args.code, profile.target).as_posix()),
            handler=_handler(name, args),
            runtime=profile.target.runtime,
            architectures=[profile.target.architecture],
            layers=[*args.layers, *([args.extension.layer] if args.extension else [])],
            memory_size=profile.memory,
            timeout=self.timeout,
            environment={"variables": _variables(name, args)},
            kms_key_arn=profile.baseline.key or None,
            tracing_config={"mode": "PassThrough" if profile.tracing == "off" else "Active"},
            # JSON shows the trace ids of a log record; the level keeps Lambda's reports beside the records
            logging_config={
                "log_format": "JSON",
                "application_log_level": "INFO",
                "system_log_level": "INFO",
                "log_group": self.log_group.name,
            },
            reserved_concurrent_executions=args.reserved_concurrency,
            vpc_config=_vpc_config(args.vpc) if args.vpc else None,
            tags=args.profile.baseline.tagged(args.tags),
            # Lambda would make a log group without retention, and would run before it is allowed to
            opts=pulumi.ResourceOptions(parent=self, depends_on=[self.log_group, self.policy]),
        )

    def _event_source(self, name: str, args: TracedFunctionArgs) -> aws.lambda_.EventSourceMapping | None:
        if args.queue is None:
            return None
        return aws.lambda_.EventSourceMapping(
            f"{name}-queue",
            function_name=self.function.name,
            event_source_arn=args.queue.queue_arn,
            batch_size=args.queue.batch_size,
            function_response_types=["ReportBatchItemFailures"],
            tags=args.profile.baseline.tagged(args.tags),
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _async_config(
        self, name: str, args: TracedFunctionArgs
    ) -> aws.lambda_.FunctionEventInvokeConfig | None:
        if args.async_invocation is None:
            return None
        on_failure = args.async_invocation.on_failure
        return aws.lambda_.FunctionEventInvokeConfig(
            f"{name}-async",
            function_name=self.function.name,
            maximum_retry_attempts=args.async_invocation.maximum_retries,
            maximum_event_age_in_seconds=args.async_invocation.maximum_age_seconds,
            destination_config={"on_failure": {"destination": on_failure}} if on_failure else None,
            opts=pulumi.ResourceOptions(parent=self),
        )


def _handler(name: str, args: TracedFunctionArgs) -> str:
    if not args.handler and args.code.is_dir():
        raise SettingError(
            f"function {name} has the directory {args.code} as its code, so it needs a handler: name a "
            "module in it and a function, such as handler='app.handler'"
        )
    return args.handler or f"{args.code.stem}.handler"


def _timeout(name: str, args: TracedFunctionArgs) -> int:
    total = args.profile.timeout + args.extra_timeout
    if total > _LONGEST_TIMEOUT:
        raise SettingError(
            f"function {name} has a timeout of {args.profile.timeout} s and {args.extra_timeout} s more to "
            f"wait for others, but Lambda allows {_LONGEST_TIMEOUT}; lower timeout"
        )
    return total


def _vpc_config(vpc: VpcSettings) -> aws.lambda_.FunctionVpcConfigArgsDict:
    return {"subnet_ids": vpc.subnet_ids, "security_group_ids": vpc.security_group_ids}


def _variables(name: str, args: TracedFunctionArgs) -> dict[str, pulumi.Input[str]]:
    keep = args.profile.keep.environment if args.profile.keep else {}
    own = {"TRACING_MODE": args.profile.tracing, "TRACING_EXPORT": args.profile.export, **keep}
    if args.profile.cold_starts != "detailed":
        own["TRACING_COLD_STARTS"] = args.profile.cold_starts
    extension = args.extension.environment if args.extension else {}
    if WRAPPER in args.environment and WRAPPER in extension:
        raise SettingError(
            f"function {name} sets {WRAPPER}, but fault injection needs that variable, and Lambda has "
            "one: remove the variable, or take the function out of every experiment in faults"
        )
    for variable in sorted(args.environment.keys() & {*own, *extension}):
        raise SettingError(
            f"function {name} sets {variable}, which the component sets by itself; remove it from "
            "environment, and change the profile or the extension that it comes from"
        )
    return {**args.environment, **own, **extension}


def _grants(args: TracedFunctionArgs, logs: aws.cloudwatch.LogGroup) -> list[Grant]:
    streams = logs.arn.apply(lambda arn: f"{arn}:*")
    extension = args.extension.grants if args.extension else ()
    logging = Grant(["logs:CreateLogStream", "logs:PutLogEvents"], [streams])
    grants = [*args.grants, *args.profile.baseline.grants, *extension, logging]
    if args.profile.tracing != "off":
        grants.append(TRACE_WRITE)
    if args.vpc:
        grants.append(VPC_ACCESS)
    if args.queue:
        actions = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
        grants.append(Grant(actions, [args.queue.queue_arn]))
    if args.async_invocation and args.async_invocation.on_failure is not None:
        grants.append(Grant(["sqs:SendMessage"], [args.async_invocation.on_failure]))
    return grants
