"""What the methods of a REST API call: functions, other servers, objects of S3, or nothing.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-api-integration-types.html
"""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urlencode, urlsplit

from embedded_aws.aws.matching import PatternError, regex
from embedded_aws.aws.parsing import ParseError, read_json
from embedded_aws.gateway import response as answers
from embedded_aws.gateway.event import build_event, forwarded_headers
from embedded_aws.gateway.lambda_calls import function_arn, not_run
from embedded_aws.gateway.response import MalformedReplyError, Response, parse_reply
from embedded_aws.gateway.servers import fetch
from embedded_aws.gateway.templates import ComputedTemplateError, fill, request_value
from embedded_aws.gateway.tracing import IntegrationCall

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from embedded_aws.aws.ids import Clock
    from embedded_aws.aws.interfaces import InvokeResult
    from embedded_aws.gateway.lambda_calls import LambdaCalls
    from embedded_aws.gateway.model import Integration, IntegrationResponse, Objects
    from embedded_aws.gateway.routing import Routed

_LOG = logging.getLogger(__name__)
_OBJECT = re.compile(r"arn:[\w-]+:apigateway:[\w-]+:s3:path/(?P<path>.+)")
_STATUS = re.compile(r"""["']?statusCode["']?\s*:\s*["']?(\d{3})""")
_PLACEHOLDER = re.compile(r"\{([\w.-]+)\+?\}")
_HEADER = "method.response.header."
_TEMPLATES = "mapping templates"


class RestIntegrations:
    """Calls what a method leads to."""

    def __init__(self, functions: LambdaCalls, objects: Objects, clock: Clock) -> None:
        self._functions = functions
        self._objects = objects
        self._clock = clock

    def unsupported(self, routed: Routed) -> str | None:
        """Say what of an integration is not emulated, `None` when all is."""
        integration = routed.route.method.integration
        kind = integration.type if integration else "missing"
        if integration is None:
            return "integrations of type missing"
        match kind:
            case "AWS_PROXY":
                arn = function_arn(integration.uri, routed.stage.variables)
                return None if arn else "integrations of type AWS_PROXY with anything but Lambda"
            case "HTTP_PROXY" if integration.uri.startswith(("http://", "https://")):
                return None
            case "MOCK":
                return _computed(_all_templates(integration))
            case "AWS" if _OBJECT.fullmatch(integration.uri) and integration.http_method in {"GET", None}:
                return _computed(_all_templates(integration))
        return f"integrations of type {kind} with {integration.uri or 'no address'}"

    async def call(
        self, routed: Routed, authorizer: Mapping[str, Any] | None
    ) -> tuple[Response, IntegrationCall | None]:
        """Call the method's integration; it must be one that is supported."""
        integration = routed.route.method.integration
        if integration is None:
            raise ValueError(f"{routed.route.resource.path} has no integration")
        match integration.type:
            case "MOCK":
                return _mock(routed, integration), None
            case "HTTP_PROXY":
                return await self._fetch(routed, integration)
            case "AWS":
                return self._read_object(routed, integration)
        return await self._invoke(routed, integration, authorizer)

    async def _invoke(
        self, routed: Routed, integration: Integration, authorizer: Mapping[str, Any] | None
    ) -> tuple[Response, IntegrationCall]:
        stage, trace = routed.stage, routed.trace
        arn = function_arn(integration.uri, stage.variables) or ""
        event = build_event(stage, routed.route, routed.request, routed.arrival, trace.to_event)
        if authorizer is not None:
            event["requestContext"]["authorizer"] = dict(authorizer)
        start = self._clock()
        result = await self._functions.invoke(arn, event, integration.timeout, trace.to_function)
        response, called = self._reply(routed, result)
        return response, IntegrationCall(
            id=trace.subsegment_id,
            function_arn=arn,
            start=start,
            end=self._clock(),
            status=called,
            content_length=len(response.body),
            request_id=result.request_id if result else "",
            error=response.error,
        )

    def _reply(self, routed: Routed, result: InvokeResult | None) -> tuple[Response, int]:
        """Return the client's response, and the status that the `Lambda` subsegment shows.

        What Lambda refuses (throttled, no such function, no permission) is API Gateway's own 500.
        """
        if result is None:
            return answers.TIMED_OUT, answers.TIMED_OUT.status
        if result.status >= 400:
            return _refused(result), result.status
        if result.function_error:
            return answers.BAD_REPLY, answers.BAD_REPLY.status
        stage = routed.stage
        accepted, media_types = routed.request.header("Accept"), stage.deployment.binary_media_types
        try:
            reply = parse_reply(result.payload, accepted, media_types)
        except MalformedReplyError as problem:
            # AWS says why only in its execution log; here the terminal is that log.
            _LOG.warning("%s/%s: malformed Lambda proxy response: %s", stage.api_name, stage.name, problem)
            return answers.BAD_REPLY, answers.BAD_REPLY.status
        return reply, reply.status

    async def _fetch(self, routed: Routed, integration: Integration) -> tuple[Response, IntegrationCall]:
        """Hand the request on as it is, to a server whose address may have path parameters."""
        request, trace = routed.request, routed.trace
        added = _mapped(integration, routed, "querystring")
        query = "&".join(filter(None, (request.query, urlencode(added))))
        url = _filled(integration, routed)
        url = url if not query else f"{url}{'&' if '?' in url else '?'}{query}"
        method = request.method if integration.http_method in {None, "ANY"} else str(integration.http_method)
        header = trace.to_function.format() if trace.to_function.root else trace.to_event
        own = _mapped(integration, routed, "header")
        replaced = {name.lower() for name in own}
        forwarded = forwarded_headers(routed.stage, request, header)
        headers = [*(pair for pair in forwarded if pair[0].lower() not in replaced), *own.items()]
        start = self._clock()
        try:
            reply = await fetch(method, url, headers, request.body, integration.timeout)
            response = Response(reply.status, reply.headers, reply.body) if reply else answers.TIMED_OUT
        except OSError as problem:
            _LOG.warning("%s: %s cannot be reached: %s", routed.stage.api_name, url, problem)
            response = answers.INTEGRATION_FAILURE
        parts = urlsplit(url)
        return response, IntegrationCall(
            id=trace.subsegment_id,
            start=start,
            end=self._clock(),
            status=response.status,
            content_length=len(response.body),
            error=response.error,
            name=parts.path or "/",
            url=parts._replace(query="", fragment="").geturl(),
            method=method,
        )

    def _read_object(self, routed: Routed, integration: Integration) -> tuple[Response, IntegrationCall]:
        """Read an object of S3, as APIs with static files do."""
        found = _OBJECT.fullmatch(_filled(integration, routed, safe="/"))
        bucket, _, key = (found["path"] if found else "").partition("/")
        start = self._clock()
        key = unquote(key)
        content = self._objects.get(bucket, key)
        status = 404 if content is None else 200
        fields = {} if content is None else {"Content-Type": content[0]}
        body = b"" if content is None else content[1]
        response = _answered(routed, integration, str(status), fields, body)
        return response, IntegrationCall(
            id=routed.trace.subsegment_id,
            start=start,
            end=self._clock(),
            status=status,
            content_length=len(body),
            name="S3",
            url=f"https://{bucket}.s3.{routed.stage.region}.amazonaws.com/{quote(key)}",
            method="GET",
            aws={"operation": "GetObject", "region": routed.stage.region, "bucket_name": bucket, "key": key},
        )


def _refused(result: InvokeResult) -> Response:
    if reason := not_run(result):
        return answers.error(501, "NotImplementedException", reason)
    too_large = result.status == answers.TOO_LARGE.status
    return answers.TOO_LARGE if too_large else answers.INTERNAL_SERVER_ERROR


def _mock(routed: Routed, integration: Integration) -> Response:
    """Answer by the status that the request's template has.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-mock-integration.html
    """
    media_type = (routed.request.header("Content-Type") or "application/json").split(";")[0].strip()
    templates = integration.templates
    template = templates.get(media_type, templates.get("$default"))
    if template is None and routed.request.body:
        text = routed.request.body.decode("utf-8", "replace")  # as it is: what clients send is no template
    else:
        chosen = templates.get("application/json", "") if template is None else template
        text = fill(chosen, routed.context, routed.stage.variables)
    status = _mock_status(text)
    return _answered(routed, integration, status, {}, b"") if status else answers.INTERNAL_SERVER_ERROR


def _mock_status(text: str) -> str | None:
    try:
        return str(read_json(text)["statusCode"])
    except (ParseError, KeyError, TypeError):
        found = _STATUS.search(text)  # `{statusCode: 200}`, which Velocity takes
        return found[1] if found else None


def _answered(
    routed: Routed, integration: Integration, status: str, fields: Mapping[str, str], body: bytes
) -> Response:
    """Build the answer that a back-end's status, header fields and body select."""
    chosen = _select(integration.responses, status)
    if chosen is None:
        return answers.INTERNAL_SERVER_ERROR
    mapped = {
        name.removeprefix(_HEADER): _response_value(expression, routed, fields)
        for name, expression in chosen.parameters.items()
        if name.startswith(_HEADER)
    }
    # What the back-end does not have is left out, and the length is the gateway's own to tell.
    headers = {name: value for name, value in mapped.items() if value and name.lower() != "content-length"}
    kind = next(iter(chosen.templates), "application/json")
    if template := chosen.templates.get("application/json", chosen.templates.get(kind)):
        body = fill(template, routed.context, routed.stage.variables).encode()
    named = {name.lower() for name in headers}
    own = {} if "content-type" in named else {"Content-Type": kind}
    return Response(chosen.status, tuple({**own, **headers}.items()), body)


def _select(responses: Iterable[IntegrationResponse], status: str) -> IntegrationResponse | None:
    default = None
    for response in responses:
        if response.pattern is None:
            default = default or response
        elif _fits(response.pattern, status):
            return response
    return default


def _fits(pattern: str, status: str) -> bool:
    try:
        return regex(f"^(?:{pattern})$")(status)
    except PatternError:
        return False


def _response_value(expression: str, routed: Routed, fields: Mapping[str, str]) -> str:
    if expression.startswith("integration.response.header."):
        wanted = expression.rpartition(".")[2].lower()
        return next((value for name, value in fields.items() if name.lower() == wanted), "")
    return request_value(expression, routed, routed.context)


def _filled(integration: Integration, routed: Routed, safe: str = "/") -> str:
    """Fill the path parameters of an address in; by its own mapping, or by name."""

    def value(found: re.Match[str]) -> str:
        mapped = integration.parameters.get(f"integration.request.path.{found[1]}")
        expression = mapped or f"method.request.path.{found[1]}"
        return quote(request_value(expression, routed, routed.context), safe=safe)

    return _PLACEHOLDER.sub(value, integration.uri)


def _mapped(integration: Integration, routed: Routed, place: str) -> dict[str, str]:
    """Return what an integration adds to one place of its request."""
    prefix = f"integration.request.{place}."
    return {
        name.removeprefix(prefix): request_value(expression, routed, routed.context)
        for name, expression in integration.parameters.items()
        if name.startswith(prefix)
    }


def _all_templates(integration: Integration) -> list[str]:
    return [
        *integration.templates.values(),
        *(text for response in integration.responses for text in response.templates.values()),
    ]


def _computed(templates: Iterable[str]) -> str | None:
    try:
        for template in templates:
            fill(template, {}, {})
    except ComputedTemplateError:
        return _TEMPLATES
    return None
