"""FIS itself: keeps templates and experiments, and says what is in force."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from embedded_aws.aws.errors import ConflictError, NotFoundError, QuotaError, ValidationError
from embedded_aws.aws.ids import Clock, Ids
from embedded_aws.aws.interfaces import ACCOUNT_ID
from embedded_aws.awslambda.faults import NONE, Injection
from embedded_aws.fis.actions import LAMBDA_FUNCTION
from embedded_aws.fis.experiments import Experiment, Halt
from embedded_aws.fis.injection import ActiveAction, Called, CallFault, call_fault, injection_for
from embedded_aws.fis.resources import Resources
from embedded_aws.fis.templates import Template, parse_steps, selected_count

MAX_TEMPLATES = 500
MAX_ACTIVE = 5
_STOPPED_BY_USER = "Experiment halted by user."
_STOPPED_BY_ALARM = "Experiment halted by stop condition."
_STOPPED_BY_LEVER = "Experiment halted by safety lever."

Chance = Callable[[], float]
"""Random numbers from 0 up to 1."""


class Fis:
    """Templates, experiments and the safety lever of one region, all in memory.

    `chance` decides which invocations a percentage hits, and which targets a selection mode takes.
    """

    def __init__(
        self,
        resources: Resources,
        *,
        clock: Clock,
        ids: Ids,
        region: str,
        chance: Chance = random.random,
    ) -> None:
        self._resources = resources
        self._clock = clock
        self._ids = ids
        self._chance = chance
        self.region = region
        self.lever = ("disengaged", "")
        self._templates: dict[str, Template] = {}
        self._experiments: dict[str, Experiment] = {}
        self._tokens: dict[tuple[str, str], str] = {}

    def now(self) -> float:
        return self._clock()

    def create_template(self, document: Mapping[str, Any]) -> Template:
        """Keep a new template; raises `AwsError`. The same request again gives what it gave first."""
        token = ("template", document["clientToken"])
        if known := self._templates.get(self._tokens.get(token, "")):
            _check_same(document, known.request)
            return known
        steps = parse_steps(document)
        if len(self._templates) >= MAX_TEMPLATES:
            raise QuotaError(f"There are {MAX_TEMPLATES} experiment templates; delete some.")
        id_, now = self._new_id("EXT"), self._clock()
        arn = self._arn(f"experiment-template/{id_}")
        template = Template(id_, arn, document, steps, now, now, document.get("tags", {}), document)
        self._templates[id_] = template
        self._tokens[token] = id_
        return template

    def update_template(self, id_: str, changes: Mapping[str, Any]) -> Template:
        """Replace parts of a template; running experiments keep what they began with."""
        template = self.template(id_)
        document = {**template.document, **changes}
        updated = replace(template, document=document, steps=parse_steps(document), updated=self._clock())
        self._templates[id_] = updated
        return updated

    def template(self, id_: str) -> Template:
        """Return a template; raises `NotFoundError`."""
        found = self._templates.get(id_)
        if found is None:
            raise NotFoundError(f"Experiment template {id_} not found.")
        return found

    def templates(self) -> list[Template]:
        return list(self._templates.values())

    def delete_template(self, id_: str) -> Template:
        """Forget a template; its experiments stay."""
        template = self.template(id_)
        del self._templates[id_]
        return template

    def start(self, request: Mapping[str, Any]) -> Experiment:
        """Start an experiment; raises `AwsError`. Targets that cannot be resolved make it fail."""
        token = ("experiment", request["clientToken"])
        if known := self._experiments.get(self._tokens.get(token, "")):
            _check_same(request["experimentTemplateId"], known.template.id)
            return known
        template = self.template(request["experimentTemplateId"])
        if self.lever[0] != "disengaged":
            raise ConflictError("The safety lever is engaged; no experiment can start.")
        if len(self._active()) >= MAX_ACTIVE:
            raise QuotaError(f"{MAX_ACTIVE} experiments are running; wait for one or stop one.")
        id_, tags = self._new_id("EXP"), request.get("tags", {})
        options = request.get("experimentOptions")
        targets, problem = self._resolve(template)
        skips = {step.name for step in template.steps if step.target and not targets.get(step.target)}
        if options and options.get("actionsMode") == "skip-all":
            skips = {step.name for step in template.steps}
        now = self._clock()
        experiment = Experiment(
            id=id_,
            arn=self._arn(f"experiment/{id_}"),
            name=tags.get("Name") or template.tags.get("Name") or template.id,
            template=template,
            started=now,
            tags=tags,
            targets=targets,
            skips=frozenset(skips),
            options=options,
            halt=Halt(now, "failed", problem) if problem else None,
        )
        self._experiments[id_] = experiment
        self._tokens[token] = id_
        self.refresh()
        return self._experiments[id_]

    def stop(self, id_: str) -> Experiment:
        """Stop a running experiment; raises `AwsError`."""
        experiment = self.experiment(id_)
        if not experiment.is_active(self._clock()):
            status = experiment.state(self._clock()).status
            raise ValidationError(f"Experiment {id_} cannot be stopped: its status is {status}.")
        return self._halt(experiment, "stopped", _STOPPED_BY_USER)

    def experiment(self, id_: str) -> Experiment:
        """Return an experiment as it stands; raises `NotFoundError`."""
        self.refresh()
        found = self._experiments.get(id_)
        if found is None:
            raise NotFoundError(f"Experiment {id_} not found.")
        return found

    def experiments(self) -> list[Experiment]:
        """Return all experiments as they stand, newest first."""
        self.refresh()
        return list(reversed(self._experiments.values()))

    def pull_lever(self, status: str, reason: str) -> None:
        """Engage or disengage the safety lever; engaging it stops everything that runs."""
        self.lever = (status, reason)
        if status == "engaged":
            for experiment in self._active():
                self._halt(experiment, "stopped", _STOPPED_BY_LEVER)

    def tag(self, arn: str, tags: Mapping[str, str], without: frozenset[str] = frozenset()) -> None:
        """Change the tags of a template or an experiment; raises `NotFoundError`."""
        kind, _, id_ = arn.rpartition(":")[2].partition("/")
        if kind == "experiment-template":
            template = self.template(id_)
            self._templates[id_] = replace(template, tags=_retagged(template.tags, tags, without))
        else:
            experiment = self.experiment(id_)
            self._experiments[id_] = replace(experiment, tags=_retagged(experiment.tags, tags, without))

    def tags(self, arn: str) -> Mapping[str, str]:
        """Return the tags of a template or an experiment; raises `NotFoundError`."""
        kind, _, id_ = arn.rpartition(":")[2].partition("/")
        return self.template(id_).tags if kind == "experiment-template" else self.experiment(id_).tags

    def refresh(self) -> None:
        """Stop experiments whose alarm fires, and fail those that have lost a function.

        Called before every answer and every decision, whenever an alarm may have changed, and every second,
        so that an alarm that was over again meanwhile counts as well.
        """
        for experiment in self._active():
            if any(map(self._resources.is_firing, experiment.template.alarms)):
                self._halt(experiment, "stopped", _STOPPED_BY_ALARM)
                continue
            gone = next(filter(self._is_gone, _functions(experiment)), None)
            if gone:
                self._halt(experiment, "failed", f"Target function {gone} no longer exists.")

    def injection(self, function_arn: str, invoked_arn: str) -> Injection:
        """Return what the next run of a function gets, for `embedded_aws.awslambda.services.Services`."""
        if not self._active():
            return NONE
        self.refresh()
        return injection_for(self._running_actions(), function_arn, invoked_arn, self._chance() * 100)

    def has_call_faults(self, service: str | None) -> bool:
        """Tell whether any action in force is about calls of a service."""
        return any(action.values.get("service") == service for action in self._running_actions())

    def call_fault(self, called: Called) -> CallFault | None:
        """Return what one call of AWS suffers."""
        self.refresh()
        return call_fault(self._running_actions(), called, self._chance() * 100)

    def _running_actions(self) -> Iterator[ActiveAction]:
        now = self._clock()
        for experiment in self._active():
            for step in experiment.running(now):
                functions = experiment.targets.get(step.target or "", ())
                begins, _ = experiment.span(step)
                yield ActiveAction(begins, experiment.name, step.action.id, dict(step.values), functions)

    def _active(self) -> list[Experiment]:
        now = self._clock()
        return [experiment for experiment in self._experiments.values() if experiment.is_active(now)]

    def _halt(self, experiment: Experiment, status: Any, reason: str) -> Experiment:
        halted = replace(experiment, halt=Halt(self._clock(), status, reason))
        self._experiments[experiment.id] = halted
        return halted

    def _resolve(self, template: Template) -> tuple[dict[str, tuple[str, ...]], str | None]:
        """Return the functions of every target, and why that is not possible."""
        resolved: dict[str, tuple[str, ...]] = {}
        for name, target in template.document.get("targets", {}).items():
            arns = target.get("resourceArns") or self._resources.functions_tagged(target["resourceTags"])
            if gone := next(filter(self._is_gone, arns), None):
                return resolved, f"Error resolving targets. Function not found: {gone}"
            count = selected_count(target["selectionMode"], len(arns))
            chosen = arns if count == len(arns) else sorted(arns, key=lambda _: self._chance())[:count]
            if not chosen and not template.skips_empty_targets:
                return resolved, f"Target resolution returned empty set. Target: {name} ({LAMBDA_FUNCTION})"
            resolved[name] = tuple(chosen)
        return resolved, None

    def _is_gone(self, arn: str) -> bool:
        return not self._resources.has_function(arn)

    def _new_id(self, prefix: str) -> str:
        return f"{prefix}{self._ids.request_id().replace('-', '')[:15]}"

    def _arn(self, resource: str) -> str:
        return f"arn:aws:fis:{self.region}:{ACCOUNT_ID}:{resource}"


def _check_same(request: object, earlier: object) -> None:
    # AWS names ConflictException for both operations and not its reasons; this one is ours.
    if request != earlier:
        raise ConflictError("The client token was used before, for another request.")


def _functions(experiment: Experiment) -> list[str]:
    return [arn for arns in experiment.targets.values() for arn in arns]


def _retagged(tags: Mapping[str, str], added: Mapping[str, str], without: frozenset[str]) -> dict[str, str]:
    return {key: value for key, value in {**tags, **added}.items() if key not in without}
