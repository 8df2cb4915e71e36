"""How API Gateway's own errors look when an API says so.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-gatewayResponse-definition.html
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from embedded_aws.gateway.templates import ComputedTemplateError, fill, request_value

if TYPE_CHECKING:
    from embedded_aws.gateway.response import Response
    from embedded_aws.gateway.routing import Routed

_HEADER = "gatewayresponse.header."
_JSON = "application/json"


def customized(response: Response, routed: Routed) -> Response:
    """Return an error of the gateway's own as the API wants it: by its type, else by its first digit.

    A template that computes something is left as it is.
    """
    if response.kind is None:
        return response
    wanted = routed.stage.deployment.responses
    made = wanted.get(response.kind) or wanted.get(f"DEFAULT_{response.status // 100}XX")
    if made is None:
        return response
    told = {"message": response.error, "messageString": json.dumps(response.error)}
    context = {**routed.context, "error": {**told, "responseType": response.kind}}
    headers = [*response.headers]
    for name, expression in made.parameters.items():
        if name.startswith(_HEADER):
            headers.append((name.removeprefix(_HEADER), request_value(expression, routed, context)))
    body = _body(response, made.templates.get(_JSON), context, routed)
    return replace(response, status=made.status or response.status, headers=tuple(headers), body=body)


def _body(response: Response, template: str | None, context: dict[str, Any], routed: Routed) -> bytes:
    if template is None:
        return response.body
    try:
        return fill(template, context, routed.stage.variables).encode()
    except ComputedTemplateError:
        return template.encode()
