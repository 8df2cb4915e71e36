"""FIS's HTTP API as an ASGI application.

https://docs.aws.amazon.com/fis/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any
from urllib.parse import parse_qs, unquote

from embedded_aws.aws.errors import AwsError, NotFoundError, ValidationError, wire_form
from embedded_aws.aws.http import Receive, Request, Response, Scope, Send, read_request, send_response
from embedded_aws.aws.interfaces import ACCOUNT_ID
from embedded_aws.aws.model import ShapeError, checked, model
from embedded_aws.aws.parsing import ParseError, read_integer, read_object
from embedded_aws.fis import shapes
from embedded_aws.fis.actions import ACTIONS, LAMBDA_FUNCTION
from embedded_aws.fis.experiments import initial_state
from embedded_aws.fis.service import Fis

_LEVER = "default"
_PAGE = 100
Answer = Callable[[Fis, dict[str, Any]], dict[str, Any]]


class FisApi:
    """Answers every request to FIS."""

    def __init__(self, fis: Fis) -> None:
        self._fis = fis

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = await read_request(scope, receive)
        try:
            name, given = _read(request)
            if name not in _ANSWERS:
                text = f"The embedded AWS does not emulate {name} of FIS."
                answer = Response(501, _body({"message": text}), {"x-amzn-errortype": "NotImplemented"})
            else:
                answer = Response(200, _body(_ANSWERS[name](self._fis, given)))
        except AwsError as error:
            answer = Response(error.status, wire_form("fis", error), {"x-amzn-errortype": error.code})
        await send_response(send, answer)


def _body(content: Mapping[str, Any]) -> bytes:
    return json.dumps(content).encode()


def _read(request: Request) -> tuple[str, dict[str, Any]]:
    """Return the operation and its checked input: of path, query and body. Raises `AwsError`."""
    for method, path, name in _routes():
        found = path.fullmatch(request.path) if method == request.method else None
        if found is None:
            continue
        given = {**_json(request.body), **{key: unquote(text) for key, text in found.groupdict().items()}}
        shape = model("fis").operation_model(name).input_shape
        try:
            return name, checked(shape, {**given, **_query(shape, request.query)})
        except ShapeError as error:
            raise ValidationError(str(error)) from error
    raise NotFoundError(f"FIS has no operation {request.method} {request.path}.")


@cache
def _routes() -> list[tuple[str, re.Pattern[str], str]]:
    """Return method, path and name of every operation in FIS's service model."""
    routes = []
    for name in model("fis").operation_names:
        http = model("fis").operation_model(name).http
        pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", http["requestUri"])
        routes.append((http["method"], re.compile(pattern), name))
    return routes


def _json(body: bytes) -> dict[str, Any]:
    try:
        return read_object(body)
    except ParseError as error:
        raise ValidationError(f"The body is not a JSON object: {error}") from error


def _query(shape: Any, query: str) -> dict[str, Any]:
    given = parse_qs(query)
    values: dict[str, Any] = {}
    for name, member in shape.members.items():
        texts = given.get(member.serialization.get("name", name))
        if not texts or member.serialization.get("location") != "querystring":
            continue
        values[name] = texts if member.type_name == "list" else texts[0]
        if member.type_name == "integer":
            values[name] = _integer(name, texts[0])
    return values


def _integer(name: str, text: str) -> int:
    try:
        return read_integer(text, 0, 2**31 - 1)
    except ParseError as error:
        raise ValidationError(f"The value of {name} is not valid: {error}") from error


def _page(key: str, items: list[dict[str, Any]], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return one page; the token is the position of the next one."""
    first, size = _integer("nextToken", given.get("nextToken", "0")), given.get("maxResults", _PAGE)
    page: dict[str, Any] = {key: items[first : first + size]}
    return page if first + size >= len(items) else {**page, "nextToken": str(first + size)}


def _create_template(fis: Fis, given: dict[str, Any]) -> dict[str, Any]:
    return {"experimentTemplate": shapes.template_shape(fis.create_template(given))}


def _update_template(fis: Fis, given: dict[str, Any]) -> dict[str, Any]:
    id_ = given.pop("id")
    return {"experimentTemplate": shapes.template_shape(fis.update_template(id_, given))}


def _get_template(fis: Fis, given: dict[str, Any]) -> dict[str, Any]:
    return {"experimentTemplate": shapes.template_shape(fis.template(given["id"]))}


def _delete_template(fis: Fis, given: dict[str, Any]) -> dict[str, Any]:
    return {"experimentTemplate": shapes.template_shape(fis.delete_template(given["id"]))}


def _list_templates(fis: Fis, given: dict[str, Any]) -> dict[str, Any]:
    return _page("experimentTemplates", [shapes.template_summary(one) for one in fis.templates()], given)


def _start(fis: Fis, given: dict[str, Any]) -> dict[str, Any]:
    return {"experiment": shapes.experiment_shape(fis.start(given), fis.now(), initial_state())}


def _stop(fis: Fis, given: dict[str, Any]) -> dict[str, Any]:
    return {"experiment": shapes.experiment_shape(fis.stop(given["id"]), fis.now())}


def _get(fis: Fis, given: dict[str, Any]) -> dict[str, Any]:
    return {"experiment": shapes.experiment_shape(fis.experiment(given["id"]), fis.now())}


def _list(fis: Fis, given: dict[str, Any]) -> dict[str, Any]:
    template = given.get("experimentTemplateId")
    found = [one for one in fis.experiments() if template in {None, one.template.id}]
    return _page("experiments", [shapes.experiment_summary(one, fis.now()) for one in found], given)


def _resolved(fis: Fis, given: dict[str, Any]) -> dict[str, Any]:
    targets = shapes.resolved_targets(fis.experiment(given["experimentId"]), given.get("targetName"))
    return _page("resolvedTargets", targets, given)


def _list_actions(fis: Fis, given: dict[str, Any]) -> dict[str, Any]:
    found = [shapes.action_summary(one, fis.region, ACCOUNT_ID) for one in ACTIONS.values()]
    return _page("actions", found, given)


def _get_action(fis: Fis, given: dict[str, Any]) -> dict[str, Any]:
    action = ACTIONS.get(given["id"])
    if action is None:
        raise NotFoundError(f"Action with ID {given['id']} not found.")
    return {"action": shapes.action_shape(action, fis.region, ACCOUNT_ID)}


def _resource_type() -> dict[str, Any]:
    return {"resourceType": LAMBDA_FUNCTION, "description": "A Lambda function"}


def _get_resource_type(_fis: Fis, given: dict[str, Any]) -> dict[str, Any]:
    if given["resourceType"] != LAMBDA_FUNCTION:
        raise NotFoundError(f"Target resource type {given['resourceType']} not found.")
    return {"targetResourceType": {**_resource_type(), "parameters": {}}}


def _list_resource_types(_fis: Fis, given: dict[str, Any]) -> dict[str, Any]:
    return _page("targetResourceTypes", [_resource_type()], given)


def _lever(fis: Fis, given: dict[str, Any]) -> dict[str, Any]:
    if given["id"] != _LEVER:
        raise NotFoundError(f"Safety lever {given['id']} not found.")
    if state := given.get("state"):
        fis.pull_lever(state["status"], state["reason"])
    status, reason = fis.lever
    arn = f"arn:aws:fis:{fis.region}:{ACCOUNT_ID}:safety-lever/{_LEVER}"
    return {"safetyLever": {"id": _LEVER, "arn": arn, "state": {"status": status, "reason": reason}}}


def _list_tags(fis: Fis, given: dict[str, Any]) -> dict[str, Any]:
    return {"tags": dict(fis.tags(given["resourceArn"]))}


def _tag(fis: Fis, given: dict[str, Any]) -> dict[str, Any]:
    fis.tag(given["resourceArn"], given["tags"])
    return {}


def _untag(fis: Fis, given: dict[str, Any]) -> dict[str, Any]:
    fis.tag(given["resourceArn"], {}, frozenset(given.get("tagKeys") or fis.tags(given["resourceArn"])))
    return {}


_ANSWERS: Mapping[str, Answer] = {
    "CreateExperimentTemplate": _create_template,
    "UpdateExperimentTemplate": _update_template,
    "GetExperimentTemplate": _get_template,
    "DeleteExperimentTemplate": _delete_template,
    "ListExperimentTemplates": _list_templates,
    "StartExperiment": _start,
    "StopExperiment": _stop,
    "GetExperiment": _get,
    "ListExperiments": _list,
    "ListExperimentResolvedTargets": _resolved,
    "ListActions": _list_actions,
    "GetAction": _get_action,
    "ListTargetResourceTypes": _list_resource_types,
    "GetTargetResourceType": _get_resource_type,
    "GetSafetyLever": _lever,
    "UpdateSafetyLeverState": _lever,
    "ListTagsForResource": _list_tags,
    "TagResource": _tag,
    "UntagResource": _untag,
}
