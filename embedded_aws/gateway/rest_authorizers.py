"""Who may call a method of a REST API: functions that authorize, user pools, IAM.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-use-lambda-authorizer.html
"""

from __future__ import annotations

import logging
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from embedded_aws.aws.matching import PatternError, regex
from embedded_aws.gateway import response as answers
from embedded_aws.gateway.authorizers import MalformedVerdictError, Verdict, Verdicts, read_verdict
from embedded_aws.gateway.event import build_event
from embedded_aws.gateway.lambda_calls import function_arn
from embedded_aws.gateway.signatures import MISSING, signature_problem
from embedded_aws.gateway.templates import request_value
from embedded_aws.gateway.tracing import IntegrationCall
from embedded_aws.gateway.user_pools import Claims, check_token

if TYPE_CHECKING:
    from embedded_aws.aws.ids import Clock, Ids
    from embedded_aws.aws.interfaces import InvokeResult
    from embedded_aws.gateway.lambda_calls import LambdaCalls
    from embedded_aws.gateway.model import Authorizer
    from embedded_aws.gateway.response import Response
    from embedded_aws.gateway.routing import Routed
    from embedded_aws.gateway.user_pools import UserPools

_LOG = logging.getLogger(__name__)
_SECONDS = 30.0
_UNAUTHORIZED = re.compile(rb'"errorMessage"\s*:\s*"Unauthorized"')


class RestAuthorizers:
    """Asks functions about requests, and remembers for a while what they said; asks user pools and IAM."""

    def __init__(self, functions: LambdaCalls, pools: UserPools, clock: Clock, ids: Ids) -> None:
        self._functions = functions
        self._pools = pools
        self._clock = clock
        self._ids = ids
        self._verdicts = Verdicts(clock)

    def unsupported(self, routed: Routed) -> str | None:
        """Say what of a method's authorization is not emulated, `None` when all is."""
        method = routed.route.method
        authorizer = method.authorizer
        if method.authorization in {"NONE", "AWS_IAM"}:
            return None
        if authorizer is None or method.authorization not in {"CUSTOM", "COGNITO_USER_POOLS"}:
            return f"{method.authorization} authorization without an authorizer"
        if authorizer.pools:
            return None
        arn = function_arn(authorizer.uri, routed.stage.variables)
        return None if arn else f"authorizers with {authorizer.uri or 'no function'}"

    async def check(
        self, routed: Routed
    ) -> tuple[Response | Verdict | Claims | None, IntegrationCall | None]:
        """Return the refusal, or what is known of the caller, and the call of the function that was asked.

        There is nothing to know for an open method, and for IAM more than the event says anyway.
        """
        method = routed.route.method
        authorizer = method.authorizer
        if method.authorization == "AWS_IAM":
            return _unsigned(routed), None
        if method.authorization == "NONE" or authorizer is None:
            return None, None
        identity = [request_value(source, routed, routed.context) for source in authorizer.sources]
        if not all(identity) or not _is_valid(authorizer, identity):
            return answers.UNAUTHORIZED, None
        if authorizer.pools:
            asked = (authorizer.pools, identity[0], method.scopes, self._clock())
            return check_token(self._pools, *asked), None
        key = (routed.stage.arn, authorizer.id, tuple(identity))
        said, call = self._verdicts.get(key), None
        if said is None:
            said, call = await self._ask(routed, authorizer, identity)
            if not isinstance(said, Verdict):
                return said, call
            self._verdicts.keep(key, said, authorizer.ttl)
        return _verdict(said, method_arn(routed)), call

    async def _ask(
        self, routed: Routed, authorizer: Authorizer, identity: list[str]
    ) -> tuple[Response | Verdict, IntegrationCall]:
        arn = function_arn(authorizer.uri, routed.stage.variables) or ""
        call_id, start = self._ids.segment_id(), self._clock()
        trace = routed.trace.to_function
        context = replace(trace, parent=call_id) if routed.trace.decision else trace
        result = await self._functions.invoke(arn, _event(routed, authorizer, identity), _SECONDS, context)
        said = self._read(routed, result)
        call = IntegrationCall(
            id=call_id,
            function_arn=arn,
            start=start,
            end=self._clock(),
            status=504 if result is None else 502 if result.function_error else result.status,
            request_id=result.request_id if result else "",
        )
        return said, call

    def _read(self, routed: Routed, result: InvokeResult | None) -> Response | Verdict:
        """A function refuses by raising `Exception("Unauthorized")`; all else that goes wrong is a 500."""
        if result and result.function_error and _UNAUTHORIZED.search(result.payload):
            return answers.UNAUTHORIZED
        if result is None or result.status >= 400 or result.function_error:
            return answers.AUTHORIZER_FAILURE
        try:
            return read_verdict(result.payload)
        except MalformedVerdictError as problem:
            stage = routed.stage
            _LOG.warning("%s/%s: malformed answer of an authorizer: %s", stage.api_name, stage.name, problem)
            return answers.AUTHORIZER_CONFIGURATION


def method_arn(routed: Routed) -> str:
    """Return the ARN of the method that is asked for, as policies name it."""
    stage, request = routed.stage, routed.request
    api = f"arn:aws:execute-api:{stage.region}:{stage.account_id}:{stage.api_id}"
    return f"{api}/{stage.name}/{request.method}{request.path}"


def told(verdict: Verdict | Claims) -> dict[str, Any]:
    """Return what the integration is told of the caller: values are strings in an event."""
    if isinstance(verdict, Claims):
        return {"claims": dict(verdict.claims)}
    context = {
        name: str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in verdict.context.items()
        if value is not None
    }
    return {"principalId": verdict.principal, **context}


def _unsigned(routed: Routed) -> Response | None:
    problem = signature_problem(routed.request, routed.stage.region)
    if problem is None or problem[0] == MISSING:
        return answers.MISSING_TOKEN if problem else None
    return answers.error(403, *problem, kind="INVALID_SIGNATURE")


def _is_valid(authorizer: Authorizer, identity: list[str]) -> bool:
    if authorizer.type != "TOKEN" or not authorizer.expression:
        return True
    try:
        return regex(f"^(?:{authorizer.expression})$")(identity[0])
    except PatternError:
        return False


def _event(routed: Routed, authorizer: Authorizer, identity: list[str]) -> dict[str, Any]:
    arn = method_arn(routed)
    if authorizer.type == "TOKEN":
        return {"type": "TOKEN", "methodArn": arn, "authorizationToken": identity[0]}
    described = build_event(routed.stage, routed.route, routed.request, routed.arrival, routed.trace.to_event)
    kept = {name: value for name, value in described.items() if name not in {"body", "isBase64Encoded"}}
    return {"type": "REQUEST", "methodArn": arn, **kept}


def _verdict(said: Verdict, arn: str) -> Response | Verdict:
    try:
        if said.allows(arn):
            return said
        return answers.EXPLICITLY_DENIED if said.denies(arn) else answers.DENIED
    except PatternError:
        return answers.AUTHORIZER_CONFIGURATION
