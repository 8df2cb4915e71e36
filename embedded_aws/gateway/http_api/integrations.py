"""What the routes of an HTTP API call: functions, other servers, and some AWS APIs.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations.html
"""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from embedded_aws.aws.errors import AwsError
from embedded_aws.aws.parsing import ParseError, read_integer, read_json
from embedded_aws.gateway import lambda_calls
from embedded_aws.gateway.http_api import response as answers
from embedded_aws.gateway.http_api.event import build_event, forwarded_headers
from embedded_aws.gateway.http_api.mapping import changed_request, changed_response
from embedded_aws.gateway.http_api.tracing import Call, decide
from embedded_aws.gateway.response import MalformedReplyError, Response
from embedded_aws.gateway.servers import fetch, host_of, without_query

if TYPE_CHECKING:
    from collections.abc import Mapping

    from embedded_aws.aws.calls import AwsCall
    from embedded_aws.aws.ids import Clock
    from embedded_aws.aws.interfaces import InvokeResult, Sampler
    from embedded_aws.aws.trace_header import TraceHeader
    from embedded_aws.gateway.http_api.event import Caller
    from embedded_aws.gateway.http_api.model import Integration, Stage
    from embedded_aws.gateway.http_api.parameters import Parameters
    from embedded_aws.gateway.http_api.routing import Routed
    from embedded_aws.gateway.lambda_calls import LambdaCalls

_LOG = logging.getLogger(__name__)

_PATH = "overwrite:path"

SUBTYPES = {
    "EventBridge-PutEvents": ("events", "PutEvents", "Events"),
    "SQS-SendMessage": ("sqs", "SendMessage", "SQS"),
    "StepFunctions-StartExecution": ("stepfunctions", "StartExecution", "StepFunctions"),
    "StepFunctions-StartSyncExecution": ("stepfunctions", "StartSyncExecution", "StepFunctions"),
}
"""The AWS APIs that can be called: service, operation, and the name of the call in a trace.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-aws-services-reference.html
"""
_NAMES = {
    "events": {"Detail", "DetailType", "Source", "Time", "Resources", "TraceHeader", "EventBusName"},
    "sqs": {"QueueUrl", "MessageBody", "DelaySeconds", "MessageGroupId", "MessageDeduplicationId"},
    "stepfunctions": {"StateMachineArn", "Name", "Input"},
}
_LONGEST_DELAY = 900
"""Seconds, of SQS: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html"""
_MEMBERS = {"StateMachineArn": "stateMachineArn", "Name": "name", "Input": "input"}


class Integrations:
    """Calls what a route leads to."""

    def __init__(self, functions: LambdaCalls, aws: AwsCall, sampler: Sampler, clock: Clock) -> None:
        self._functions = functions
        self._aws = aws
        self._sampler = sampler
        self._clock = clock

    def unsupported(self, stage: Stage, integration: Integration | None) -> str | None:
        """Say what of an integration is not emulated, `None` when all is."""
        if integration is None:
            return "routes without an integration"
        if integration.type == "HTTP_PROXY":
            return None if integration.uri.startswith(("http://", "https://")) else "private integrations"
        if integration.type != "AWS_PROXY":
            return f"integrations of type {integration.type}"
        if integration.subtype:
            known = integration.subtype in SUBTYPES
            return None if known else f"integrations of subtype {integration.subtype}"
        arn = lambda_calls.function_arn(integration.uri, stage.variables)
        return None if arn else f"integrations with {integration.uri}"

    async def call(
        self, routed: Routed, parameters: Parameters, caller: Caller | None
    ) -> tuple[Response, Call | None]:
        """Call the route's integration; it must be one that is supported."""
        integration = routed.route.route.integration
        if integration is None:
            raise ValueError(f"{routed.route.route.key} has no integration")
        if integration.parameters and not integration.subtype:
            changed = changed_request(routed.request, integration.parameters, parameters)
            routed = replace(routed, request=changed)
        if integration.type == "HTTP_PROXY":
            response, call = await self._fetch(routed, integration, parameters)
        elif integration.subtype:
            response, call = await self._call_aws(routed, integration, parameters)
        else:
            response, call = await self._invoke(routed, integration, build_event(routed, caller))
        changes = integration.responses.get(str(response.status), {})
        return changed_response(response, changes, parameters), call

    async def _invoke(
        self, routed: Routed, integration: Integration, event: Mapping[str, Any]
    ) -> tuple[Response, Call]:
        stage = routed.stage
        arn = lambda_calls.function_arn(integration.uri, stage.variables) or ""
        start = self._clock()
        result = await self._functions.invoke(arn, event, integration.timeout, routed.trace.to_function)
        return self._reply(stage, integration, result), Call(
            start,
            self._clock(),
            recorded=bool(result and result.recorded),
            function=lambda_calls.function_name(arn),
            request_id=result.request_id if result else "",
        )

    def _reply(self, stage: Stage, integration: Integration, result: InvokeResult | None) -> Response:
        if result and (reason := lambda_calls.not_run(result)):
            return answers.message(501, reason)
        if result is None or result.status >= 400 or result.function_error:
            return answers.failed(stage, result.status if result else None)
        try:
            return answers.read_reply(result.payload, integration.payload)
        except MalformedReplyError as problem:
            # AWS says why only in the access log's error variables; here the terminal does.
            _LOG.warning("%s: malformed response of the function: %s", stage.title, problem)
            return answers.failed(stage, 200)

    async def _fetch(
        self, routed: Routed, integration: Integration, parameters: Parameters
    ) -> tuple[Response, Call]:
        stage, request, trace = routed.stage, routed.request, routed.trace
        decision = decide(stage, request, trace, self._sampler)
        url = parameters.fill(integration.uri.replace("{proxy}", "${request.path.proxy}"))
        url = url if not request.query else f"{url}{'&' if '?' in url else '?'}{request.query}"
        if _PATH in integration.parameters:
            url = urlsplit(url)._replace(path=request.path).geturl()
        header = trace.to_call(decision).format()
        headers = forwarded_headers(stage, request, header)
        headers = [(name, value) for name, value in headers if not name.startswith("x-forwarded-")]
        method = request.method if integration.method in {None, "", "ANY"} else str(integration.method)
        start = self._clock()
        try:
            reply = await fetch(method, url, headers, request.body, integration.timeout)
            response = Response(reply.status, reply.headers, reply.body) if reply else answers.TIMED_OUT
        except OSError as problem:
            _LOG.warning("%s: %s cannot be reached: %s", stage.title, url, problem)
            response = answers.INTERNAL_SERVER_ERROR
        subsegment = {
            "name": host_of(url),
            "namespace": "remote",
            "http": {
                "request": {"url": without_query(url), "method": method},
                "response": {"status": response.status},
            },
        }
        return response, Call(
            start,
            self._clock(),
            recorded=decision.sampled,
            decision=decision,
            status=response.status,
            subsegment=subsegment,
        )

    async def _call_aws(
        self, routed: Routed, integration: Integration, parameters: Parameters
    ) -> tuple[Response, Call]:
        """Call an AWS API; its JSON is the answer.

        The tracing header goes with the call, from which EventBridge and the others hand it on
        (https://docs.aws.amazon.com/xray/latest/devguide/xray-services-eventbridge.html).
        """
        service, operation, name = SUBTYPES[integration.subtype or ""]
        stage, trace = routed.stage, routed.trace
        decision = decide(stage, routed.request, trace, self._sampler)
        filled = {key: parameters.fill(text) for key, text in integration.parameters.items()}
        start = self._clock()
        response = await self._answer(service, operation, filled, trace.to_call(decision))
        subsegment = {
            "name": name,
            "namespace": "aws",
            "aws": {"operation": operation, "region": stage.region, **_named(filled)},
            "http": {"response": {"status": response.status}},
        }
        return response, Call(
            start,
            self._clock(),
            recorded=decision.sampled,
            decision=decision,
            status=response.status,
            subsegment=subsegment,
        )

    async def _answer(
        self, service: str, operation: str, given: Mapping[str, str], trace: TraceHeader
    ) -> Response:
        try:
            output = dict(await self._aws(service, operation, _body(service, given), trace))
        except ParseError as problem:
            return answers.message(400, str(problem))
        except AwsError as problem:
            return answers.message(problem.status, problem.message)
        known = {key: value for key, value in output.items() if key not in {"ResponseMetadata", "RequestId"}}
        body = json.dumps(known, default=str).encode()
        return Response(200, (("Content-Type", "application/json"),), body)


def _body(service: str, given: Mapping[str, str]) -> dict[str, Any]:
    """Return the parameters of a call; raises `ParseError`."""
    known = {key: value for key, value in given.items() if key in _NAMES[service] and value}
    if service == "events":
        entry: dict[str, Any] = dict(known)
        if "Resources" in entry:
            entry["Resources"] = _list(entry["Resources"])
        return {"Entries": [entry]}
    body: dict[str, Any] = {_MEMBERS.get(key, key): value for key, value in known.items()}
    if "DelaySeconds" in body:
        body["DelaySeconds"] = read_integer(body["DelaySeconds"], 0, _LONGEST_DELAY)
    return body


def _list(text: str) -> list[str]:
    try:
        found = read_json(text)
    except ParseError:
        return [text]
    return [str(each) for each in found] if isinstance(found, list) else [text]


def _named(given: Mapping[str, str]) -> dict[str, str]:
    return {"queue_url": given["QueueUrl"]} if "QueueUrl" in given else {}
