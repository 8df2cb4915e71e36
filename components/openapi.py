"""A REST API's routes as one OpenAPI document, which API Gateway takes as a whole.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from .authorization import Scheme
from .routes import Route

_ANY = "x-amazon-apigateway-any-method"
_PARAMETER = re.compile(r"\{([^}+]+)\+?\}")


SECURITY_POLICY, ACCESS_MODE = "SecurityPolicy_TLS13_1_2_PQ_2025_09", "BASIC"
"""TLS 1.2 or 1.3, where API Gateway's default for REST APIs would take 1.0.

`BASIC` lets in who comes by a host name that is not the one of the handshake, such as a VPC endpoint's.
https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-security-policies.html
"""


def api_document(
    title: str, integrations: Mapping[Route, str], timeout: int, schemes: Mapping[Route, Scheme]
) -> str:
    """Return the document of an API whose routes hand requests to functions, named by their invocation ARNs.

    `timeout` in seconds is how long they are waited for; routes that are in no scheme are open. The text is
    the same for the same routes, in whatever order they come.
    """
    paths: dict[str, dict[str, Any]] = {}
    for route, arn in integrations.items():
        method = _ANY if route.method == "ANY" else route.method.lower()
        paths.setdefault(route.path, {})[method] = _operation(route, arn, timeout, schemes.get(route))
    document = {
        "openapi": "3.0.1",
        "info": {"title": title, "version": "1"},
        "paths": paths,
        "x-amazon-apigateway-security-policy": SECURITY_POLICY,
        "x-amazon-apigateway-endpoint-access-mode": ACCESS_MODE,
    }
    if schemes:
        named = {scheme.name: scheme.content for scheme in schemes.values()}
        document["components"] = {"securitySchemes": named}
    return json.dumps(document, sort_keys=True)


def _operation(route: Route, arn: str, timeout: int, scheme: Scheme | None) -> dict[str, Any]:
    security = {"security": [{scheme.name: list(scheme.scopes)}]} if scheme else {}
    return {
        **security,
        "parameters": [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
            for name in _PARAMETER.findall(route.path)
        ],
        "responses": {},
        "x-amazon-apigateway-integration": {
            "type": "aws_proxy",
            "httpMethod": "POST",
            "uri": arn,
            "passthroughBehavior": "when_no_match",
            "timeoutInMillis": timeout * 1000,
        },
    }
