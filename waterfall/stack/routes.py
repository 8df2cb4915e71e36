"""The routes of deployed APIs, as API Gateway describes them.

https://docs.aws.amazon.com/apigateway/latest/api/API_GetResources.html
https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis-apiid-routes.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from waterfall.stack.requests import Request
from waterfall.traces.client import ReadError, Source, client, readable

ANY_METHOD = "ANY"
_OPEN = "NONE"
_API = "/execute-api/"
_FUNCTION_URL = "/lambda-url/"
_PARAMETER = re.compile(r"\{([^}+]*)\+?\}")
_FUNCTION = re.compile(r"/functions/arn:[^/]*:function:(?P<name>[^/:]+)[^/]*/invocations")


@dataclass(frozen=True, slots=True)
class Route:
    """Something to request; parameters in its path were given their own names.

    `is_plain`: an open GET without any.
    """

    method: str
    url: str
    is_plain: bool = True


def first_route(source: Source, base_urls: Iterable[str]) -> Route | None:
    """Return the first open GET route without path parameters, of APIs and function URLs, else the first.

    `None` when they have none. Raises ReadError when the routes cannot be read.
    """
    with readable(source, "API Gateway"):
        found = [each for url in base_urls for each in _routes(source, url.rstrip("/"))]
    return min(found, key=lambda each: each[0])[1] if found else None


def addressed(source: Source, request: Request, base_urls: Iterable[str]) -> Request:
    """Return the request with its whole URL: of the first API with a route for it, else of the first at all.

    Raises ReadError when there is no API, or the routes cannot be read.
    """
    if not request.target.startswith("/"):
        return request
    urls = [url.rstrip("/") for url in base_urls]
    if not urls:
        raise ReadError("this stack has no API and no function URL to send a request to")
    path = request.target.partition("?")[0]
    with readable(source, "API Gateway"):
        fitting = (url for url in urls if _has_route(source, url, request.method, path))
        base = next(fitting, urls[0]) if len(urls) > 1 else urls[0]
    return replace(request, target=base + request.target)


def routes(source: Source, base_url: str) -> list[str]:
    """Return the routes of what has this address, such as `GET /hello`; raises ReadError."""
    if _FUNCTION_URL in base_url:
        return [f"{ANY_METHOD} /"]
    with readable(source, "API Gateway"):
        return [f"{method} {path}" for method, path, _ in _described(source, base_url)]


def _has_route(source: Source, base_url: str, method: str, path: str) -> bool:
    if _FUNCTION_URL in base_url:
        return path == "/"
    return any(
        verb in (ANY_METHOD, method) and _pattern(route).fullmatch(path)
        for verb, route, _ in _described(source, base_url)
    )


def _described(source: Source, base_url: str) -> list[tuple[str, str, bool]]:
    """Return method and path of each route of the API at an address, and whether everybody may use it."""
    api_id = base_url.partition(_API)[2].partition("/")[0]
    gateway = client(source, "apigateway")
    is_rest = any(api["id"] == api_id for api in rest_apis(gateway))
    return list(_methods(gateway, api_id) if is_rest else _keys(source, api_id))


def _routes(source: Source, base_url: str) -> Iterator[tuple[int, Route]]:
    """Yield the routes of what has this address, each with 0 for the plainest."""
    if _FUNCTION_URL in base_url:
        yield 0, Route("GET", f"{base_url}/")
        return
    for method, path, is_open in _described(source, base_url):
        verb = "GET" if method == ANY_METHOD else method
        rank = (verb != "GET") + 2 * ("{" in path) + 4 * (not is_open)
        url = base_url + _PARAMETER.sub(lambda found: found[1], path)
        yield rank, Route(verb, url, is_plain=rank == 0)


def _methods(gateway: Any, api_id: str) -> Iterator[tuple[str, str, bool]]:
    """Yield method and path of each route of a REST API, and whether everybody may use it.

    What answers browsers is left out.
    """
    # The embedded AWS always tells what a method needs; on AWS it would have to be asked for.
    for resource in _resources(gateway, api_id):
        for method, settings in resource.get("resourceMethods", {}).items():
            if method != "OPTIONS":
                closed = settings.get("apiKeyRequired") or settings.get("authorizationType", _OPEN) != _OPEN
                yield method, str(resource["path"]), not closed


def _keys(source: Source, api_id: str) -> Iterator[tuple[str, str, bool]]:
    """Yield the same of each route of an HTTP API."""
    for route in client(source, "apigatewayv2").get_routes(ApiId=api_id)["Items"]:
        method, _, path = str(route["RouteKey"]).partition(" ")
        is_open = route.get("AuthorizationType", _OPEN) == _OPEN
        yield (method, path, is_open) if path else (ANY_METHOD, "/", is_open)


def stage_arn(source: Source, service: str) -> str | None:
    """Return the ARN of a stage that X-Ray calls `<api>/<stage>`; `None` where not just one API has the name.

    Raises ReadError. https://docs.aws.amazon.com/apigateway/latest/developerguide/arn-format-reference.html
    """
    name, _, stage = service.rpartition("/")
    gateway = client(source, "apigateway")
    with readable(source, "API Gateway"):
        ids = [api["id"] for api in rest_apis(gateway) if api["name"] == name]
    return arn_of_stage(gateway, ids[0], stage) if len(ids) == 1 else None


def arn_of_stage(gateway: Any, api_id: str, stage: str) -> str:
    """Return the ARN of a REST API's stage, as sampling rules see it."""
    of = f"arn:{gateway.meta.partition}:apigateway:{gateway.meta.region_name}"
    return f"{of}::/restapis/{api_id}/stages/{stage}"


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


def _generality(resource: Mapping[str, Any]) -> tuple[bool, int]:
    return "+}" in resource["path"], resource["path"].count("{")


def _pattern(path: str) -> re.Pattern[str]:
    pieces: Sequence[str] = re.split(r"(\{[^}]*\})", path)
    return re.compile("".join(_piece(piece) for piece in pieces))


def _piece(piece: str) -> str:
    if not piece.startswith("{"):
        return re.escape(piece)
    return ".+" if piece.endswith("+}") else "[^/]+"
