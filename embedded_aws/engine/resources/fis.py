"""FIS: https://docs.aws.amazon.com/fis/latest/APIReference/API_Operations.html."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from embedded_aws.engine.registration import Created, Registration


def experiment_template(r: Registration) -> Created:
    """Make the template; its experiments disturb functions as on AWS.

    Pulumi has lists with names where the API has maps.
    """
    inputs = {
        **{key: r.inputs[key] for key in ("description", "roleArn") if key in r.inputs},
        "stopConditions": r.inputs["stopConditions"],
        "targets": {one["name"]: _target(one) for one in r.inputs.get("targets") or ()},
        "actions": {one["name"]: _action(one) for one in r.inputs["actions"]},
        **{key: r.inputs[key] for key in ("experimentOptions", "logConfiguration") if r.inputs.get(key)},
    }
    answer = r.call("fis", "create_experiment_template", inputs=inputs, clientToken=r.urn[-64:], tags=r.tags)
    created = answer["experimentTemplate"]
    return created["id"], {"arn": created["arn"]}


def _target(given: Mapping[str, Any]) -> dict[str, Any]:
    target = {key: value for key, value in given.items() if key != "name" and value}
    return {**target, **{key: _map(given[key]) for key in ("resourceTags", "parameters") if given.get(key)}}


def _action(given: Mapping[str, Any]) -> dict[str, Any]:
    action = {key: given[key] for key in ("actionId", "description") if given.get(key)}
    if given.get("parameters"):
        action["parameters"] = _map(given["parameters"])
    if given.get("target"):
        action["targets"] = _map([given["target"]])
    if given.get("startAfters"):
        action["startAfter"] = given["startAfters"]
    return action


def _map(pairs: Any) -> dict[str, str]:
    return {pair["key"]: str(pair["value"]) for pair in pairs}


RESOURCES = {"aws:fis/experimentTemplate:ExperimentTemplate": experiment_template}
