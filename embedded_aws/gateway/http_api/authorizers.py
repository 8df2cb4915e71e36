"""Authorizers of HTTP APIs: functions, which are asked here, and tokens.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from embedded_aws.aws.matching import PatternError
from embedded_aws.gateway.authorizers import (
    MalformedVerdictError,
    Verdict,
    Verdicts,
    read_answer,
    read_verdict,
)
from embedded_aws.gateway.http_api import response as answers
from embedded_aws.gateway.http_api.event import Caller, describe, full_path
from embedded_aws.gateway.http_api.tokens import check_token
from embedded_aws.gateway.lambda_calls import function_arn

if TYPE_CHECKING:
    from embedded_aws.aws.ids import Clock
    from embedded_aws.aws.interfaces import InvokeResult
    from embedded_aws.gateway.http_api.model import Authorizer, Stage
    from embedded_aws.gateway.http_api.parameters import Parameters
    from embedded_aws.gateway.http_api.routing import Match, Routed
    from embedded_aws.gateway.lambda_calls import LambdaCalls
    from embedded_aws.gateway.method_request import MethodRequest
    from embedded_aws.gateway.response import Response
    from embedded_aws.gateway.user_pools import UserPools

_LOG = logging.getLogger(__name__)
_SECONDS = 30.0


@dataclass(frozen=True)
class Checked:
    """The refusal, or what the integration is told of the caller, `None` for an open route.

    `recorded`: a function was asked, and its invocation is traced.
    """

    result: Response | Caller | None
    recorded: bool = False


class Authorizers:
    """Asks functions about requests, and remembers for a while what they said; checks tokens."""

    def __init__(self, functions: LambdaCalls, pools: UserPools, clock: Clock) -> None:
        self._functions = functions
        self._pools = pools
        self._clock = clock
        self._verdicts = Verdicts(clock)

    def unsupported(self, stage: Stage, route: Match) -> str | None:
        """Say what of a route's authorization is not emulated, `None` when all is."""
        kind, authorizer = route.route.authorization, route.route.authorizer
        if kind == "NONE":
            return None
        if kind == "JWT" and authorizer is not None and authorizer.type == "JWT":
            return None
        if kind != "CUSTOM" or authorizer is None or authorizer.type != "REQUEST":
            return f"{kind} authorization, only Lambda and JWT authorizers"
        arn = function_arn(authorizer.uri, stage.variables)
        return None if arn else f"authorizers with {authorizer.uri}"

    async def check(self, routed: Routed, parameters: Parameters) -> Checked:
        """Say who the caller is, or that he is refused."""
        stage, route = routed.stage, routed.route.route
        authorizer = route.authorizer
        if route.authorization == "NONE" or authorizer is None:
            return Checked(None)
        identity = [parameters.fill(source) for source in authorizer.sources]
        if not all(identity):
            return Checked(answers.UNAUTHORIZED)
        if authorizer.type == "JWT":
            given = next(iter(identity), "")
            return Checked(check_token(self._pools, authorizer, given, route.scopes, self._clock()))
        key = (stage.api_id, stage.name, authorizer.id, tuple(identity))
        said, recorded = self._verdicts.get(key), False
        if said is None:
            event = _event(authorizer, routed, identity)
            arn = function_arn(authorizer.uri, stage.variables) or ""
            result = await self._functions.invoke(arn, event, _SECONDS, routed.trace.to_function)
            recorded = bool(result and result.recorded)
            try:
                said = _read(authorizer, result)
            except MalformedVerdictError as problem:
                _LOG.warning("%s: the authorizer %s failed: %s", stage.title, arn, problem)
                return Checked(answers.INTERNAL_SERVER_ERROR, recorded)
            self._verdicts.keep(key, said, authorizer.ttl)
        return Checked(_told(said, _arn(stage, routed.request)), recorded)


def _event(authorizer: Authorizer, routed: Routed, identity: list[str]) -> dict[str, Any]:
    described = describe(routed, authorizer.payload)
    arn = _arn(routed.stage, routed.request)
    if authorizer.payload == "1.0":
        joined = ",".join(identity)
        own = {"methodArn": arn, "identitySource": joined, "authorizationToken": joined}
        return {**described, "type": "REQUEST", **own}
    return {**described, "type": "REQUEST", "routeArn": arn, "identitySource": identity}


def _read(authorizer: Authorizer, result: InvokeResult | None) -> Verdict | dict[str, Any]:
    """Return the verdict by a policy, or the simple answer."""
    if result is None or result.status >= 400 or result.function_error:
        raise MalformedVerdictError(
            "its function did not answer" if result is None else "its function failed"
        )
    if not authorizer.simple:
        return read_verdict(result.payload)
    answer = read_answer(result.payload)
    if not isinstance(answer.get("isAuthorized"), bool):
        raise MalformedVerdictError("isAuthorized must be true or false")
    if not isinstance(answer.get("context") or {}, dict):
        raise MalformedVerdictError("context must be an object")
    return answer


def _told(said: Verdict | dict[str, Any], arn: str) -> Response | Caller:
    if isinstance(said, dict):
        return Caller("lambda", said.get("context") or {}) if said["isAuthorized"] else answers.FORBIDDEN
    try:
        return Caller("lambda", said.context) if said.allows(arn) else answers.FORBIDDEN
    except PatternError:
        return answers.INTERNAL_SERVER_ERROR


def _arn(stage: Stage, request: MethodRequest) -> str:
    """Return the ARN of a method as policies name it."""
    path = full_path(stage, request).removeprefix(f"/{stage.name}")
    api = f"arn:aws:execute-api:{stage.region}:{stage.account_id}:{stage.api_id}"
    return f"{api}/{stage.name}/{request.method}{path}"
