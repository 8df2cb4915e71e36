"""FIS's HTTP API as an ASGI application.

https://docs.aws.amazon.com/fis/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from embedded_aws.aws.errors import NotFoundError, ValidationError
from embedded_aws.aws.interfaces import ACCOUNT_ID
from embedded_aws.aws.paging import NumberedPages
from embedded_aws.aws.service import Service
from embedded_aws.fis import shapes
from embedded_aws.fis.actions import ACTIONS, LAMBDA_FUNCTION
from embedded_aws.fis.experiments import initial_state
from embedded_aws.fis.service import Fis

if TYPE_CHECKING:
    from embedded_aws.aws.parsing import ParseError

_LEVER = "default"
Answer = Callable[[Fis, dict[str, Any]], dict[str, Any]]


def fis_api(fis: Fis) -> Service:
    """Return the ASGI application that answers every request to FIS."""
    return Service("fis", {name: partial(answer, fis) for name, answer in _ANSWERS.items()}, on_loop=True)


def _wrong_token(error: ParseError) -> ValidationError:
    return ValidationError(f"The value of nextToken is not valid: {error}")


_page = NumberedPages("maxResults", 100, 2**31 - 1, _wrong_token).page


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
