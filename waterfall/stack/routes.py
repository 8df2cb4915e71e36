"""The routes of deployed REST APIs, as API Gateway describes them.

https://docs.aws.amazon.com/apigateway/latest/api/API_GetResources.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from waterfall.traces.client import ReadError, Source, client

ANY_METHOD = "ANY"
_FUNCTION = re.compile(r"/functions/arn:[^/]*:function:(?P<name>[^/:]+)[^/]*/invocations")


def find_route(source: Source, base_url: str) -> str | None:
    """Return the path of an API's first GET method without path parameters, `None` when it has none.

    Raises ReadError when the API's routes cannot be read.
    """
    try:
        gateway = client(source, "apigateway")
        id_ = next((str(api["id"]) for api in rest_apis(gateway) if str(api["id"]) in base_url), None)
        resources = _resources(gateway, id_) if id_ else []
        return next((str(resource["path"]) for resource in resources if _is_plain(resource)), None)
    except (BotoCoreError, ClientError) as error:
        raise ReadError(f"the API's routes cannot be read: {error}") from error


def rest_apis(gateway: Any) -> list[dict[str, Any]]:
    return [api for page in gateway.get_paginator("get_rest_apis").paginate() for api in page["items"]]


def function_of(gateway: Any, api_id: str, method: str, path: str) -> str | None:
    """Return the name of the function that a request's route calls; API Gateway takes the closest route."""
    for resource in sorted(_resources(gateway, api_id, embed=["methods"]), key=_generality):
        methods = resource.get("resourceMethods", {})
        found = next((one for one in (method, ANY_METHOD) if one in methods), None)
        if found and _pattern(resource["path"]).fullmatch(path):
            integration = gateway.get_integration(
                restApiId=api_id, resourceId=resource["id"], httpMethod=found
            )
            called = _FUNCTION.search(integration.get("uri", ""))
            return called["name"] if called else None
    return None


def _resources(gateway: Any, api_id: str, **how: Any) -> list[dict[str, Any]]:
    pages = gateway.get_paginator("get_resources").paginate(restApiId=api_id, **how)
    return [resource for page in pages for resource in page["items"]]


def _is_plain(resource: Mapping[str, Any]) -> bool:
    methods = resource.get("resourceMethods", {})
    return "{" not in resource["path"] and ("GET" in methods or ANY_METHOD in methods)


def _generality(resource: Mapping[str, Any]) -> tuple[bool, int]:
    return "+}" in resource["path"], resource["path"].count("{")


def _pattern(path: str) -> re.Pattern[str]:
    pieces: Sequence[str] = re.split(r"(\{[^}]*\})", path)
    return re.compile("".join(_piece(piece) for piece in pieces))


def _piece(piece: str) -> str:
    if not piece.startswith("{"):
        return re.escape(piece)
    return ".+" if piece.endswith("+}") else "[^/]+"
