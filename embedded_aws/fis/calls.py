"""Which operation on which resource a request to AWS is: of the services whose calls can be disturbed."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote

from embedded_aws.aws.model import model, path_pattern
from embedded_aws.aws.parsing import read_json
from embedded_aws.fis.injection import Called

if TYPE_CHECKING:
    import re
    from collections.abc import Mapping

    from embedded_aws.aws.call import Call

_RESOURCES = ("TableName", "QueueUrl", "Bucket", "FunctionName")


def called(service: str, call: Call, query: str, body: bytes) -> Called:
    """Return what a request asks for; operation and resource are empty where it does not say."""
    target = call.headers.get("x-amz-target", "").rpartition(".")[2]
    if target:
        return Called(service, target, _resource(_json(body)))
    if service in {"s3", "lambda"}:
        return _rest_call(service, call, query)
    form = {key: values[0] for key, values in parse_qs(body.decode("utf-8", "replace")).items()}
    return Called(service, form.get("Action", ""), _resource(form))


def _rest_call(service: str, call: Call, query: str) -> Called:
    """Find the operation in the service model: of all that fit, that which asks for most."""
    given = parse_qs(query, keep_blank_values=True)
    for wanted, method, path, needs, name in _routes(service):
        found = path.fullmatch(call.path) if method == call.method else None
        present = wanted <= given.keys() and all(call.headers.get(header) for header in needs)
        if found and present:
            return Called(service, name, _resource(found.groupdict()))
    return Called(service, "", "")


@cache
def _routes(service: str) -> list[tuple[frozenset[str], str, re.Pattern[str], frozenset[str], str]]:
    """Return query keys, method, path, headers and name of every operation, most demanding first."""
    routes = []
    for name in model(service).operation_names:
        operation = model(service).operation_model(name)
        path, _, query = operation.http["requestUri"].partition("?")
        keys = {part.partition("=")[0] for part in query.split("&") if part}
        shape = operation.input_shape
        required = [shape.members[key].serialization for key in shape.required_members] if shape else []
        keys |= {one["name"] for one in required if one.get("location") == "querystring"}
        headers = {one["name"].lower() for one in required if one.get("location") == "header"}
        routes.append(
            (frozenset(keys), operation.http["method"], path_pattern(path), frozenset(headers), name)
        )
    return sorted(routes, key=lambda route: -(len(route[0]) + len(route[3])))


def _resource(given: Mapping[str, Any]) -> str:
    """Return the name of the resource: without URL, ARN, or qualifier."""
    found = next((str(given[key]) for key in _RESOURCES if given.get(key)), "")
    name = unquote(found)
    if ":function:" in name:
        return name.partition(":function:")[2].partition(":")[0]
    return name.rpartition("/")[2].rpartition(":")[2]


def _json(body: bytes) -> dict[str, Any]:
    try:
        value = read_json(body)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
