"""Templates and experiments in the form of FIS's API; times are epoch seconds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from embedded_aws.fis.actions import Action
from embedded_aws.fis.experiments import Experiment, State
from embedded_aws.fis.templates import Step, Template

_KEPT = ("description", "roleArn", "logConfiguration", "experimentReportConfiguration")


def template_shape(template: Template) -> dict[str, Any]:
    document = template.document
    return {
        **template_summary(template),
        **{key: document[key] for key in _KEPT if key in document},
        "targets": document.get("targets", {}),
        "actions": document["actions"],
        "stopConditions": document["stopConditions"],
        "experimentOptions": _options(document.get("experimentOptions")),
        "targetAccountConfigurationsCount": 0,
    }


def template_summary(template: Template) -> dict[str, Any]:
    return {
        "id": template.id,
        "arn": template.arn,
        "description": template.document["description"],
        "creationTime": template.created,
        "lastUpdateTime": template.updated,
        "tags": dict(template.tags),
    }


def experiment_shape(experiment: Experiment, now: float, state: State | None = None) -> dict[str, Any]:
    """Return one experiment; `state` stands in for the present one."""
    document = experiment.template.document
    ended = experiment.ended(now)
    return {
        **experiment_summary(experiment, now, state),
        **{key: document[key] for key in ("roleArn", "logConfiguration") if key in document},
        "targets": document.get("targets", {}),
        "actions": {step.name: _action(experiment, step, now) for step in experiment.template.steps},
        "stopConditions": document["stopConditions"],
        "startTime": experiment.started,
        **({"endTime": ended} if ended is not None else {}),
        "targetAccountConfigurationsCount": 0,
    }


def experiment_summary(experiment: Experiment, now: float, state: State | None = None) -> dict[str, Any]:
    return {
        "id": experiment.id,
        "arn": experiment.arn,
        "experimentTemplateId": experiment.template.id,
        "state": (state or experiment.state(now)).document(),
        "creationTime": experiment.started,
        "tags": dict(experiment.tags),
        "experimentOptions": {
            **_options(experiment.template.document.get("experimentOptions")),
            "actionsMode": "run-all",
            **(experiment.options or {}),
        },
    }


def resolved_targets(experiment: Experiment, name: str | None) -> list[dict[str, Any]]:
    targets = experiment.template.document.get("targets", {})
    return [
        {
            "resourceType": targets[target]["resourceType"],
            "targetName": target,
            "targetInformation": {"arn": arn},
        }
        for target, arns in experiment.targets.items()
        if name in {None, target}
        for arn in arns
    ]


def action_summary(action: Action, region: str, account: str) -> dict[str, Any]:
    return {
        "id": action.id,
        "arn": f"arn:aws:fis:{region}:{account}:action/{action.id}",
        "description": action.description,
        "targets": {key: {"resourceType": type_} for key, type_ in action.targets.items()},
        "tags": {},
    }


def action_shape(action: Action, region: str, account: str) -> dict[str, Any]:
    parameters = {
        name: {"description": parameter.description, "required": parameter.required}
        for name, parameter in action.parameters.items()
    }
    return {**action_summary(action, region, account), "parameters": parameters}


def _action(experiment: Experiment, step: Step, now: float) -> dict[str, Any]:
    given = experiment.template.document["actions"][step.name]
    state = experiment.step_state(step, now)
    begins, ends = experiment.span(step)
    action = {key: given[key] for key in given if key != "startAfter" or given[key]}
    if state.status in {"running", "completed", "stopped", "failed"}:
        action["startTime"] = begins
    if state.status in {"completed", "stopped", "failed"}:
        action["endTime"] = min(ends, experiment.halt.at) if experiment.halt else ends
    return {**action, "state": state.document()}


def _options(given: Mapping[str, Any] | None) -> dict[str, Any]:
    return {"accountTargeting": "single-account", "emptyTargetResolutionMode": "fail", **(given or {})}
