"""`waterfall fault`: experiments of AWS FIS, of a local stack or of an AWS account, through boto3.

https://docs.aws.amazon.com/fis/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from waterfall.faults.direct import Fault, notes_of, template_of
from waterfall.shell import typed
from waterfall.traces.client import ReadError, Source, client, readable

ACTIVE = frozenset({"pending", "initiating", "running", "stopping"})
_LAMBDA, _CALL = "aws:lambda:invocation-", "aws:local-call:"


@dataclass(frozen=True, slots=True)
class Template:
    """An experiment that can be started; `faults` says what each of its actions does."""

    id: str
    name: str
    faults: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Experiment:
    """One experiment; times in epoch seconds, `until` is when it is to end, `ended` when it did.

    `notes`, of one just started, say which of its functions lack what FIS needs on AWS.
    """

    id: str
    name: str
    status: str
    reason: str
    faults: tuple[str, ...]
    started: float | None = None
    until: float | None = None
    ended: float | None = None
    targets: tuple[str, ...] = field(default=())
    notes: tuple[str, ...] = ()

    @property
    def is_active(self) -> bool:
        return self.status in ACTIVE

    def left(self, now: float) -> float | None:
        """Return the seconds that an active experiment still has."""
        return max(0.0, self.until - now) if self.is_active and self.until is not None else None


class Faults:
    """Lists, starts and stops experiments; every method raises ReadError when FIS cannot be used."""

    def __init__(self, source: Source, owner: Mapping[str, str] | None = None) -> None:
        """Take the experiments of a whole source, or of one whose tags the `owner`'s are."""
        self._source = source
        self._owner = owner or {}
        self._fis = client(source, "fis")
        self._over: dict[str, Experiment] = {}

    def templates(self) -> list[Template]:
        return [self._template(id_) for id_ in self._own_templates()]

    def experiments(self, *, active: bool = False, most: int | None = None) -> list[Experiment]:
        """Return experiments, newest first, at most that many; with `active` those that are not over."""
        templates = self._own_templates() if self._owner else ()
        found = [
            one
            for one in self._all("list_experiments", "experiments")
            if self._owns(one) or one["experimentTemplateId"] in templates
        ]
        found.sort(key=lambda one: str(one.get("creationTime", "")), reverse=True)
        wanted = [one for one in found if not active or one["state"]["status"] in ACTIVE]
        read = [self._over.get(one["id"]) or self.experiment(one["id"]) for one in wanted[:most]]
        self._over |= {one.id: one for one in read if not one.is_active}
        return sorted(read, key=lambda one: one.started or 0.0, reverse=True)

    def experiment(self, id_: str) -> Experiment:
        answer = self._call("get_experiment", id=id_)["experiment"]
        name = answer.get("tags", {}).get("Name")
        return _experiment(answer, name or self._name_of_template(answer["experimentTemplateId"]))

    def start(self, wanted: str) -> Experiment:
        """Start an experiment by its template's name or id."""
        template = self._choose(wanted)
        tags = self._call("get_experiment_template", id=template.id)["experimentTemplate"].get("tags", {})
        # FIS does not hand its own on, and names that begin with aws: are nobody else's to give
        given = {k: v for k, v in tags.items() if not k.startswith("aws:")}
        return self._started(template.id, {"Name": template.name} | given)

    def put(self, fault: Fault, name: str, arn: str, *, percentage: int, seconds: float) -> Experiment:
        """Let a function of the embedded AWS suffer a fault at once; its template is gone afterwards.

        The experiment is called after `name`, as people call the function.
        """
        if self._source.aws:
            raise ReadError(
                "an account's faults need a template with a role and an alarm: declare it in the program, "
                "and start it by its name"
            )
        asked = template_of(f"{name}-{fault.kind}", arn, fault, percentage, seconds)
        template = self._call("create_experiment_template", **asked)["experimentTemplate"]
        try:
            return self._started(template["id"], template["tags"])
        finally:
            self._call("delete_experiment_template", id=template["id"])

    def _started(self, template: str, tags: Mapping[str, str]) -> Experiment:
        answer = self._call(
            "start_experiment", clientToken=str(uuid.uuid4()), experimentTemplateId=template, tags=tags
        )
        started = self.experiment(answer["experiment"]["id"])
        return replace(started, notes=tuple(notes_of(self._source, started.targets)))

    def stop(self, wanted: str | None) -> list[Experiment]:
        """Stop what runs: all of it, or what has that name or id; of the owner alone, if there is one."""
        running = self.running(wanted)
        if wanted and not running:
            raise ReadError(f"no experiment {wanted} is running; `{typed('fault status')}` shows what is")
        for one in running:
            self._call("stop_experiment", id=one.id)
        return [self.experiment(one.id) for one in running]

    def running(self, wanted: str | None = None) -> list[Experiment]:
        """Return what `stop` would stop."""
        found = self.experiments(active=True)
        return [one for one in found if wanted is None or wanted in {one.id, one.name}]

    def _own_templates(self) -> Sequence[str]:
        found = self._all("list_experiment_templates", "experimentTemplates")
        return [one["id"] for one in found if self._owns(one)]

    def _owns(self, summary: Mapping[str, Any]) -> bool:
        tags = summary.get("tags", {})
        return all(tags.get(key) == value for key, value in self._owner.items())

    def _choose(self, wanted: str) -> Template:
        templates = self.templates()
        found = [one for one in templates if wanted in {one.id, one.name}]
        if len(found) == 1:
            return found[0]
        names = ", ".join(one.name for one in templates) or "none that the program declares"
        problem = f"{len(found)} experiments are called {wanted}" if found else f"no experiment {wanted}"
        raise ReadError(f"{problem}; there are: {names}")

    def _template(self, id_: str) -> Template:
        answer = self._call("get_experiment_template", id=id_)["experimentTemplate"]
        return Template(id_, answer.get("tags", {}).get("Name", id_), _said(answer["actions"].values()))

    def _name_of_template(self, id_: str) -> str:
        try:
            return self._template(id_).name
        except ReadError:
            return id_  # deleted since

    def _all(self, operation: str, key: str) -> list[dict[str, Any]]:
        with readable(self._source, "FIS"):
            pages = list(self._fis.get_paginator(operation).paginate())
        return [item for page in pages for item in page[key]]

    def _call(self, operation: str, **parameters: Any) -> dict[str, Any]:
        with readable(self._source, "FIS"):
            return dict(getattr(self._fis, operation)(**parameters))


def _experiment(answer: Mapping[str, Any], name: str) -> Experiment:
    actions = answer["actions"]
    targets = [arn for one in answer.get("targets", {}).values() for arn in one.get("resourceArns", ())]
    started = _seconds(answer.get("startTime"))
    return Experiment(
        id=answer["id"],
        name=name,
        status=answer["state"]["status"],
        reason=answer["state"].get("reason", ""),
        faults=_said(actions.values()),
        started=started,
        until=None if started is None else started + _length(actions),
        ended=_seconds(answer.get("endTime")),
        targets=tuple(arn.rpartition("function:")[2] for arn in targets),
    )


def _seconds(moment: datetime | None) -> float | None:
    return None if moment is None else moment.timestamp()


def _length(actions: Mapping[str, Mapping[str, Any]]) -> float:
    """Return how long an experiment takes: until the last action that waits for others is over."""

    def end(name: str) -> float:
        before = max(map(end, actions[name].get("startAfter", ())), default=0.0)
        return before + iso_seconds(actions[name].get("parameters", {}).get("duration", "PT0S"))

    return max(map(end, actions), default=0.0)


def iso_seconds(text: str) -> float:
    """Return the seconds of an ISO 8601 duration; what is none counts as nothing."""
    units = {"D": 86400, "H": 3600, "M": 60, "S": 1}
    total, digits = 0.0, ""
    for character in text:
        if character.isdecimal():
            digits += character
        elif character in units and digits:
            total, digits = total + int(digits) * units[character], ""
    return total


def _said(actions: Sequence[Mapping[str, Any]] | Any) -> tuple[str, ...]:
    return tuple(_action(one["actionId"], one.get("parameters", {})) for one in actions)


def _action(id_: str, given: Mapping[str, str]) -> str:
    """Say an action shortly: `delay 3000 ms, 50 %`."""
    share = f"{given.get('invocationPercentage', given.get('callPercentage', '100'))} %"
    when = "instead of the handler" if given.get("preventExecution") == "true" else "after the handler"
    delay = given.get("startupDelayMilliseconds", given.get("delayMilliseconds", "1000"))
    if id_ == f"{_LAMBDA}add-delay":
        return f"delay {delay} ms, {share}"
    if id_ == f"{_LAMBDA}error":
        return f"error {when}, {share}"
    if id_ == f"{_LAMBDA}http-integration-response":
        return f"status {given.get('statusCode')} {when}, {share}"
    if id_.startswith(_CALL):
        called = " ".join(filter(None, (given.get("service"), given.get("operation"), given.get("resource"))))
        kind = id_.removeprefix(_CALL)
        return f"{kind} {f'{delay} ms of ' if kind == 'delay' else ''}{called}, {share}"
    return id_
