"""Changes that an integration makes to a request before it leaves, and to the response.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-parameter-mapping.html
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, urlencode

from embedded_aws.aws.parsing import ParseError, read_integer

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from embedded_aws.gateway.http_api.parameters import Parameters
    from embedded_aws.gateway.method_request import MethodRequest
    from embedded_aws.gateway.response import Response

Pairs = tuple[tuple[str, str], ...]


def changed_request(
    request: MethodRequest, changes: Mapping[str, str], parameters: Parameters
) -> MethodRequest:
    """Apply `append:header.x`, `overwrite:querystring.x`, `remove:header.x` and `overwrite:path`."""
    headers = request.headers
    query: Pairs = tuple(parse_qsl(request.query, keep_blank_values=True))
    path = request.path
    for key, text in changes.items():
        action, _, target = key.partition(":")
        place, _, name = target.partition(".")
        value = parameters.fill(text)
        match place:
            case "header":
                headers = _changed(headers, action, name, value)
            case "querystring":
                query = _changed(query, action, name, value)
            case "path" if action == "overwrite":
                path = quote(value, safe="/%")
    changed = urlencode(query) if query != tuple(parse_qsl(request.query, keep_blank_values=True)) else None
    return replace(request, headers=headers, path=path, query=request.query if changed is None else changed)


def changed_response(response: Response, changes: Mapping[str, str], parameters: Parameters) -> Response:
    """Apply `append:header.x`, `overwrite:header.x`, `remove:header.x` and `overwrite:statuscode`.

    Values may come from the response itself, as `$response.header.x` and `$response.body`.
    """
    headers, status = response.headers, response.status
    for key, text in changes.items():
        action, _, target = key.partition(":")
        if target == "statuscode":
            with suppress(ParseError):  # else it stays
                status = read_integer(_value(text, response, parameters), 200, 599)
        elif target.startswith("header."):
            name = target.partition(".")[2]
            headers = _changed(headers, action, name, _value(text, response, parameters))
    return replace(response, headers=headers, status=status)


def _value(text: str, response: Response, parameters: Parameters) -> str:
    if text.startswith("$response.header."):
        return response.header(text.rpartition(".")[2]) or ""
    if text == "$response.body":
        return response.body.decode("utf-8", "replace")
    return parameters.fill(text)


def _changed(pairs: Iterable[tuple[str, str]], action: str, name: str, value: str) -> Pairs:
    kept = tuple(pair for pair in pairs if action == "append" or pair[0].lower() != name.lower())
    return kept if action == "remove" else (*kept, (name, value))
