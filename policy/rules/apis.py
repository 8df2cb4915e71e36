"""Rules for API Gateway's stages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rules.rule import Resource, given, rule, stack_rule

REST_STAGE = "aws:apigateway/stage:Stage"
_METHOD_SETTINGS = "aws:apigateway/methodSettings:MethodSettings"


@rule(REST_STAGE, fix="set xray_tracing_enabled, or make it a TracedApi")
def stages_are_traced(stage: Resource) -> Iterator[str]:
    """A stage decides about the trace of each request, and starts it.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-xray.html
    """
    if not stage.props.get("xrayTracingEnabled"):
        yield "is not traced, so traces begin at the functions and without the gateway's sampling"


@stack_rule(REST_STAGE, fix="add MethodSettings of */* with both throttling limits, or make it a TracedApi")
def stages_are_throttled(stage: Resource, stack: Sequence[Resource]) -> Iterator[str]:
    """A stage lets through a limited number of requests; without a limit it has the whole account's.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-request-throttling.html
    """
    settings = [
        one.props.get("settings", {})
        for one in stack
        if one.type == _METHOD_SETTINGS and _same_api(one, stage) and one.props.get("methodPath") == "*/*"
    ]
    limits = ("throttlingRateLimit", "throttlingBurstLimit")
    if not any(all(limit.get(name, -1) >= 0 for name in limits) for limit in settings):
        yield "has no limit of its own, so one client can use up the requests of the whole account"


@rule(
    REST_STAGE,
    "aws:apigatewayv2/stage:Stage",
    fix="set access_log_settings; for ours, accessLogs: on",
    in_production=True,
)
def production_stages_log_access(stage: Resource) -> Iterator[str]:
    """A production stage writes down who asked what, and what was answered."""
    if not given(stage.props, "accessLogSettings"):
        yield "writes no access log"


def _same_api(settings: Resource, stage: Resource) -> bool:
    """Return whether both belong to one API, which a preview knows by the resource alone."""
    ours, theirs = stage.uses.get("restApi"), settings.uses.get("restApi")
    if ours or theirs:
        return ours == theirs
    return bool(settings.props.get("restApi") == stage.props.get("restApi"))
