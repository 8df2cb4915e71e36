"""Rules for Lambda: functions, their layers, logs and callers."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rules.adot import ACCOUNTS
from rules.rule import Resource, given, rule

FUNCTION = "aws:lambda/function:Function"

_DEPRECATED = re.compile(
    r"nodejs(|4\.3|4\.3-edge|6\.10|8\.10|1[0-8]\.x|20\.x)|python(2\.7|3\.([6-9]|10))|ruby(2\.\d|3\.2)"
    r"|dotnet(core\d\.\d|[5-8])|java8|go1\.x|provided(\.al2)?"
)
_ADOT = re.compile(
    r"arn:[\w-]+:lambda:(?P<region>[\w-]+):(?P<account>\d+):layer:"
    r"(AWSOpenTelemetryDistro|aws-otel-)[\w-]*:\d+"
)
_SECRET_NAME = re.compile(
    r"(^|_)(SECRET|PASSWORD|PASSWD|TOKEN|API_?KEY|PRIVATE_?KEY|ACCESS_KEY)(_?\d+)?$", re.IGNORECASE
)
_SECRET_VALUE = re.compile(r"\bA(KIA|SIA)[A-Z0-9]{16}\b|-----BEGIN [A-Z ]*PRIVATE KEY-----")


@rule(FUNCTION, fix="set tracing_config to mode Active, or make it a TracedFunction")
def functions_are_traced(function: Resource) -> Iterator[str]:
    """A function sends its segments to X-Ray.

    https://docs.aws.amazon.com/lambda/latest/dg/services-xray.html
    """
    mode = function.props.get("tracingConfig", {}).get("mode", "PassThrough")
    if mode != "Active":
        yield f"has tracing mode {mode}, which leaves Lambda's own segments out of the trace"


@rule(FUNCTION, fix="choose a runtime that AWS supports, such as python3.13")
def functions_run_on_a_supported_runtime(function: Resource) -> Iterator[str]:
    """A function runs on a runtime that AWS still patches.

    https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html
    """
    runtime = function.props.get("runtime", "")
    if runtime and _DEPRECATED.fullmatch(runtime):
        yield f"runs on {runtime}, which AWS has deprecated"


@rule(FUNCTION, fix="name a log group of the stack in logging_config, or make it a TracedFunction")
def functions_write_to_a_log_group_of_the_stack(function: Resource) -> Iterator[str]:
    """A function's log group is named; else Lambda makes one that keeps everything for ever."""
    if not given(function.props.get("loggingConfig", {}), "logGroup"):
        yield "names no log group, so Lambda makes one that never expires and that no stack deletes"


@rule(FUNCTION, fix="keep it in Secrets Manager or Parameter Store, and give the function its name")
def functions_hold_no_secrets(function: Resource) -> Iterator[str]:
    """No secret stands in a function's environment, where whoever may read its configuration sees it."""
    variables = function.props.get("environment", {}).get("variables", {})
    for name in list(variables):
        value = "" if _SECRET_NAME.search(name) else variables[name]
        if _SECRET_NAME.search(name) or _SECRET_VALUE.search(value):
            yield f"has what looks like a secret in its variable {name}"


@rule(FUNCTION, fix="take the layer from the account in which AWS publishes it for the region")
def adot_layers_are_published_by_aws(function: Resource) -> Iterator[str]:
    """A layer that is called like AWS's OpenTelemetry comes from AWS's account.

    https://aws-otel.github.io/docs/getting-started/lambda/lambda-python
    """
    layers = function.props.get("layers", ())
    for place in range(len(layers)):
        match = _ADOT.fullmatch(layers[place])
        if match is not None and ACCOUNTS.get(match["region"]) != match["account"]:
            yield f"has the layer {match[0]}, but AWS publishes from another account there, or not at all"


@rule("aws:lambda/functionUrl:FunctionUrl", fix="set authorization_type to AWS_IAM, or put an API before it")
def function_urls_ask_who_calls(url: Resource) -> Iterator[str]:
    """A function's URL is not open to everybody."""
    kind = url.props.get("authorizationType")
    if kind != "AWS_IAM":
        yield f"has authorization type {kind}, so everybody can invoke the function"


@rule("aws:lambda/permission:Permission", fix="set source_arn to what may invoke the function")
def permissions_name_their_source(permission: Resource) -> Iterator[str]:
    """A service may invoke a function for a named source alone, not for other people's.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html
    """
    principal = permission.props.get("principal", "")
    named = any(given(permission.props, name) for name in ("sourceArn", "sourceAccount", "principalOrgId"))
    if principal == "*" or (principal.endswith(".amazonaws.com") and not named):
        yield f"lets {principal} invoke the function for whomever it likes"


@rule("aws:cloudwatch/logGroup:LogGroup", fix="set retention_in_days; for ours, logRetention of the stack")
def log_groups_have_retention(group: Resource) -> Iterator[str]:
    """A log group does not keep everything for ever."""
    if not group.props.get("retentionInDays", 0):
        yield "has no retention, so its logs are kept, and paid for, for ever"
