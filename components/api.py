"""A traced REST API in front of Lambda functions."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pulumi
import pulumi_aws as aws

from .authorization import OPEN, Authorization, LambdaAuthorizer, Open, arns_of, scheme_of
from .function import TracedFunction
from .kinds import SettingError
from .naming import name_or_auto, shortened, stage_name
from .openapi import ACCESS_MODE, SECURITY_POLICY, api_document
from .policy import assume_role_policy
from .routes import Route, parse_route
from .settings import ApiProfile

_ACCESS_LOG = json.dumps(
    {
        "requestId": "$context.requestId",
        "traceId": "$context.xrayTraceId",
        "time": "$context.requestTime",
        "ip": "$context.identity.sourceIp",
        "method": "$context.httpMethod",
        "path": "$context.path",
        "status": "$context.status",
        "latency": "$context.responseLatency",
        "integrationLatency": "$context.integrationLatency",
        "error": "$context.error.responseType",
    }
)
_PUSH_TO_LOGS = "service-role/AmazonAPIGatewayPushToCloudWatchLogs"
_ANY = "*"


@dataclass(frozen=True)
class TracedApiArgs:
    """`routes` maps `METHOD /path` to functions, `authorization` those of them to who may call them.

    A route that is not named there is open to everybody. `tags` go to all that can have tags.
    `physical_name` is for an API whose name, which X-Ray and CloudWatch show, must not change.
    """

    routes: Mapping[str, TracedFunction]
    profile: ApiProfile
    tags: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    physical_name: str = ""
    authorization: Mapping[str, Authorization] = field(default_factory=dict)


class TracedApi(pulumi.ComponentResource):
    """An API Gateway REST API (only REST stages have X-Ray) with one stage, named after the stack.

    X-Ray knows the stage as `<name of the API>/<stack>`; sampling rules for that name, which are called after
    the API, decide which requests are traced, for everything behind the stage too.

    Access logs need a role that API Gateway keeps once per account and region (`apigateway.Account`), and
    AWS refuses the stage without it. Most accounts have it; the account is asked, in the preview too. Where
    there is none, the access log is left out with a warning, unless `access_logs` is `on`, which insists.
    `set_account` sets it from this stack: two stacks that do so overwrite each other, and destroying one
    takes the logs of both, so it is off unless asked for
    (https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html).

    What it is made of is there to build on: a usage plan or a custom domain for `stage`, a firewall, alarms.
    `permissions` are by route, as `routes` wrote it; `account` and `access_log_group` are there if asked for.

    Clients need TLS 1.2 or newer. In production, errors of its own are logged as well, where there is a role.

    Raises RouteError for a route that API Gateway would refuse, SettingError for an access log that is
    insisted on where it cannot be, for an authorization of a route that there is not, and for a function
    that may take longer than the API waits.
    """

    rest_api: aws.apigateway.RestApi
    deployment: aws.apigateway.Deployment
    stage: aws.apigateway.Stage
    throttling: aws.apigateway.MethodSettings
    access_log_group: aws.cloudwatch.LogGroup | None
    account: aws.apigateway.Account | None
    permissions: Mapping[str, aws.lambda_.Permission]
    sampling_rules: Sequence[aws.xray.SamplingRule]
    url: pulumi.Output[str]
    name: pulumi.Output[str]
    stage_name: pulumi.Output[str]

    def __init__(self, name: str, args: TracedApiArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("traced-api:index:TracedApi", name, {}, opts)
        routes = {parse_route(text): function for text, function in args.routes.items()}
        for text, function in args.routes.items():
            _refuse_late_answers(text, function, args.profile.integration_timeout)
        access = _access(name, args)
        body = self._body(name, routes, access, args.profile.integration_timeout)
        self.rest_api = aws.apigateway.RestApi(
            name,
            name=name_or_auto("API", name, args.physical_name, 255),
            body=body,
            # said here and with the document: while it takes that, API Gateway would set it to its defaults
            parameters={"endpointConfigurationTypes": "REGIONAL"},
            endpoint_configuration={"types": "REGIONAL"},
            security_policy=SECURITY_POLICY,
            endpoint_access_mode=ACCESS_MODE,
            tags=args.profile.baseline.tagged(args.tags),
            opts=args.profile.baseline.keep(self),
        )
        self.deployment = aws.apigateway.Deployment(
            f"{name}-deployment",
            rest_api=self.rest_api.id,
            triggers={"routes": body.apply(lambda text: hashlib.sha256(text.encode()).hexdigest())},
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.permissions = {
            text: self._permission(name, route, function)
            for text, (route, function) in zip(args.routes, routes.items(), strict=True)
        }
        self._let_in(name, args, access)
        called = pulumi.Output.concat("/aws/apigateway/", self.rest_api.name)
        logged = args.profile.access_logs != "off"
        self.access_log_group = self._log_group(f"{name}-access-logs", called, args) if logged else None
        self.account = self._account(name, args) if args.profile.set_account else None
        role = self._find_role(name, args) if self.access_log_group else None
        self.stage = self._stage(name, args, role)
        self.throttling = self._method_settings(name, args, role)
        self.sampling_rules = self._sample(name, args)
        self.url, self.name = self.stage.invoke_url, self.rest_api.name
        self.stage_name = self.stage.stage_name
        self.register_outputs({"url": self.url, "name": self.name, "stage": self.stage_name})

    def _body(
        self,
        name: str,
        routes: Mapping[Route, TracedFunction],
        access: Sequence[Authorization],
        timeout: int,
    ) -> pulumi.Output[str]:
        """Return all routes as one document.

        As one property of the API, they have changed when the deployment takes its snapshot, also those that
        are gone. Routes that are resources of their own would go after it, and stay live until the next one.
        """
        arns = pulumi.Output.all(*[function.invoke_arn for function in routes.values()])
        asked = pulumi.Output.all(*[pulumi.Output.all(*arns_of(authorization)) for authorization in access])

        def document(known: list[Any]) -> str:
            schemes = map(scheme_of, access, known[1])
            guarded = {route: scheme for route, scheme in zip(routes, schemes, strict=True) if scheme}
            return api_document(name, dict(zip(routes, known[0], strict=True)), timeout, guarded)

        return pulumi.Output.all(arns, asked).apply(document)

    def _let_in(self, name: str, args: TracedApiArgs, access: Sequence[Authorization]) -> None:
        """Let the API ask the functions that authorize, and tell a production stack of each open route."""
        asked = dict.fromkeys(one for one in access if isinstance(one, LambdaAuthorizer))
        if args.profile.baseline.production:
            for route, authorization in zip(args.routes, access, strict=True):
                if isinstance(authorization, Open):
                    self._tell_open(name, route, on_purpose=route in args.authorization)
        for number, authorizer in enumerate(asked):
            aws.lambda_.Permission(
                f"{name}-permission-authorizer-{number}",
                action="lambda:InvokeFunction",
                function=authorizer.function_arn,
                principal="apigateway.amazonaws.com",
                source_arn=pulumi.Output.concat(self.rest_api.execution_arn, "/authorizers/*"),
                opts=pulumi.ResourceOptions(parent=self),
            )

    def _tell_open(self, name: str, route: str, *, on_purpose: bool) -> None:
        told = f"{route} of {name} has authorization NONE: anybody can call it"
        if on_purpose:
            pulumi.log.info(told, resource=self)
        else:
            pulumi.log.warn(
                f"{told}; set authorization to iam, a Cognito user pool or a function, or to none if "
                "that is meant",
                resource=self,
            )

    def _permission(self, name: str, route: Route, function: TracedFunction) -> aws.lambda_.Permission:
        suffix = f"{route.method.lower()}{route.path}"
        return aws.lambda_.Permission(
            f"{name}-permission-{suffix}",
            statement_id=f"route-{hashlib.sha256(f'{name} {suffix}'.encode()).hexdigest()[:12]}",
            action="lambda:InvokeFunction",
            function=function.name,
            principal="apigateway.amazonaws.com",
            source_arn=pulumi.Output.concat(self.rest_api.execution_arn, f"/{stage_name()}/{route.source}"),
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _stage(self, name: str, args: TracedApiArgs, role: pulumi.Output[str] | None) -> aws.apigateway.Stage:
        return aws.apigateway.Stage(
            f"{name}-stage",
            rest_api=self.rest_api.id,
            deployment=self.deployment.id,
            stage_name=stage_name(),
            xray_tracing_enabled=args.profile.sampling is not None,
            access_log_settings=_access_log(self.access_log_group, role),
            tags=args.profile.baseline.tagged(args.tags),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[self.account] if self.account else []),
        )

    def _log_group(
        self, name: str, called: pulumi.Input[str], args: TracedApiArgs
    ) -> aws.cloudwatch.LogGroup:
        return aws.cloudwatch.LogGroup(
            name,
            name=called,
            retention_in_days=args.profile.log_retention,
            kms_key_id=args.profile.baseline.key or None,
            tags=args.profile.baseline.tagged(args.tags),
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _find_role(self, name: str, args: TracedApiArgs) -> pulumi.Output[str]:
        """Return API Gateway's logging role in the region, or nothing; says what that means."""
        asks = pulumi.InvokeOptions(parent=self)
        account = aws.get_caller_identity(opts=asks).account_id
        region = aws.get_region(opts=asks).region
        child = pulumi.ResourceOptions(parent=self)
        settings = self.account or aws.apigateway.Account.get(f"{name}-settings", account, child)

        def tell(role: str) -> None:
            told = f"API Gateway has no logging role in {region}, so {name} can have no access log"
            cure = "apiGatewayAccount: true in one stack of the region sets it"
            if not role and args.profile.access_logs == "on":
                raise SettingError(f"accessLogs is 'on', but {told}; {cure}, or set accessLogs to auto")
            if not role:
                pulumi.log.warn(f"{told}; {cure}", resource=self)

        settings.cloudwatch_role_arn.apply(tell)  # on its own: an input's error would lose its type
        return settings.cloudwatch_role_arn

    def _account(self, name: str, args: TracedApiArgs) -> aws.apigateway.Account:
        child = pulumi.ResourceOptions(parent=self)
        role = aws.iam.Role(
            f"{name}-logging-role",
            assume_role_policy=assume_role_policy("apigateway.amazonaws.com"),
            tags=args.profile.baseline.tagged(args.tags),
            opts=child,
        )
        partition = aws.get_partition(opts=pulumi.InvokeOptions(parent=self)).partition
        attachment = aws.iam.RolePolicyAttachment(
            f"{name}-logging-policy",
            role=role.name,
            policy_arn=f"arn:{partition}:iam::aws:policy/{_PUSH_TO_LOGS}",
            opts=child,
        )
        return aws.apigateway.Account(
            f"{name}-account",
            cloudwatch_role_arn=role.arn,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[attachment]),
        )

    def _method_settings(
        self, name: str, args: TracedApiArgs, role: pulumi.Output[str] | None
    ) -> aws.apigateway.MethodSettings:
        settings: aws.apigateway.MethodSettingsSettingsArgsDict = {
            "throttling_rate_limit": args.profile.throttling.rate,
            "throttling_burst_limit": args.profile.throttling.burst,
        }
        groups = []
        if role is not None and args.profile.baseline.production:
            settings["logging_level"] = role.apply(lambda arn: "ERROR" if arn else "OFF")
            # API Gateway would make the group by itself, and keep for ever what is in it
            called = pulumi.Output.concat("API-Gateway-Execution-Logs_", self.rest_api.id, "/", stage_name())
            groups = [self._log_group(f"{name}-execution-logs", called, args)]
        return aws.apigateway.MethodSettings(
            f"{name}-throttling",
            rest_api=self.rest_api.id,
            stage_name=self.stage.stage_name,
            method_path="*/*",
            settings=settings,
            opts=pulumi.ResourceOptions(parent=self, depends_on=groups),
        )

    def _sample(self, name: str, args: TracedApiArgs) -> list[aws.xray.SamplingRule]:
        rules = args.profile.sampling.rules() if args.profile.sampling else []
        suffixes = [f"-{rule.name}" if rule.name else "" for rule in rules]
        return [
            aws.xray.SamplingRule(
                f"{name}-sampling{suffix}",
                rule_name=self.rest_api.name.apply(partial(_rule_name, suffix=suffix)),
                priority=rule.priority,
                reservoir_size=rule.reservoir,
                fixed_rate=rule.rate,
                service_name=self.rest_api.name.apply(_service_name),
                service_type="AWS::ApiGateway::Stage",
                host=_ANY,
                http_method=rule.method,
                url_path=rule.path,
                resource_arn=_ANY,
                attributes=dict(rule.headers) or None,
                version=1,
                tags=args.profile.baseline.tagged(args.tags),
                opts=pulumi.ResourceOptions(parent=self),
            )
            for rule, suffix in zip(rules, suffixes, strict=True)
        ]


def _access_log(
    group: aws.cloudwatch.LogGroup | None, role: pulumi.Output[str] | None
) -> pulumi.Output[aws.apigateway.StageAccessLogSettingsArgs | None] | None:
    if group is None or role is None:
        return None
    log = aws.apigateway.StageAccessLogSettingsArgs(destination_arn=group.arn, format=_ACCESS_LOG)
    return role.apply(lambda arn: log if arn else None)


def _access(name: str, args: TracedApiArgs) -> list[Authorization]:
    """Return the authorization of each route; in production, an open one is told of in the preview."""
    for route in args.authorization:
        if route not in args.routes:
            raise SettingError(
                f"authorization names the route {route!r}, but {name} has {', '.join(args.routes)}"
            )
    return [args.authorization.get(route, OPEN) for route in args.routes]


def _refuse_late_answers(route: str, function: TracedFunction, limit: int) -> None:
    if function.timeout > limit:
        raise SettingError(
            f"the function of route {route!r} may run {function.timeout} s, but API Gateway answers 504 "
            f"after {limit} s while the function goes on; lower timeout by {function.timeout - limit}, or "
            "raise integration_timeout, if the account's quota allows it"
        )


def _rule_name(api: str, suffix: str) -> str:
    """Return the name of one of an API's sampling rules, for which X-Ray has 32 characters."""
    return shortened(f"{api}{suffix}", 32)


def _service_name(api: str) -> str:
    """Return X-Ray's name of the stage; a rule takes 64 characters, so a longer one ends in a wildcard."""
    name = f"{api}/{stage_name()}"
    return name if len(name) <= 64 else f"{name[:63]}*"
