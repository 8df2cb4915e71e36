"""A REST API's routes as one OpenAPI document, which API Gateway takes as a whole.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from .routes import Route

_ANY = "x-amazon-apigateway-any-method"
_PARAMETER = re.compile(r"\{([^}+]+)\+?\}")


def api_document(title: str, integrations: Mapping[Route, str], timeout: int) -> str:
    """Return the document of an API whose routes hand requests to functions, named by their invocation ARNs.

    `timeout` in seconds is how long they are waited for. The text is the same for the same routes, in
    whatever order they come.
    """
    paths: dict[str, dict[str, Any]] = {}
    for route, arn in integrations.items():
        method = _ANY if route.method == "ANY" else route.method.lower()
        paths.setdefault(route.path, {})[method] = _operation(route, arn, timeout)
    info = {"title": title, "version": "1"}
    return json.dumps({"openapi": "3.0.1", "info": info, "paths": paths}, sort_keys=True)


def _operation(route: Route, arn: str, timeout: int) -> dict[str, Any]:
    return {
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
