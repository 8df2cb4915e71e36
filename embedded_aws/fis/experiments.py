"""One experiment: which of its actions are in force when, and what state that is in FIS's words.

Nothing here waits: every state follows from the schedule, the time, and whether something halted it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from embedded_aws.fis.templates import Step, Template

Status = Literal["initiating", "running", "completed", "stopped", "failed", "cancelled", "pending", "skipped"]

_REASONS = {
    "initiating": "Experiment is initiating.",
    "running": "Experiment is running.",
    "completed": "Experiment completed.",
}
_ACTION_REASONS = {
    "pending": "Initial state",
    "running": "Action is running.",
    "completed": "Action was completed.",
    "stopped": "Action was stopped.",
    "failed": "Action failed.",
    "cancelled": "Action was cancelled.",
    "skipped": "Action was skipped.",
}


@dataclass(frozen=True)
class Halt:
    """What ended an experiment before its time; `at` in epoch seconds."""

    at: float
    status: Literal["stopped", "failed"]
    reason: str


@dataclass(frozen=True)
class State:
    """A status with its reason."""

    status: Status
    reason: str

    def document(self) -> dict[str, str]:
        return {"status": self.status, "reason": self.reason}


@dataclass(frozen=True)
class Experiment:
    """One run of a template. `targets` holds the resolved ARNs by the target's name.

    `skips` are the actions that do nothing: all of them when only the targets were to be resolved.
    """

    id: str
    arn: str
    name: str
    template: Template
    started: float
    tags: Mapping[str, str]
    targets: Mapping[str, tuple[str, ...]]
    skips: frozenset[str] = frozenset()
    options: Mapping[str, Any] | None = None
    halt: Halt | None = None

    @property
    def ends(self) -> float:
        """When the last action ends, in epoch seconds, halted or not."""
        steps = [step for step in self.template.steps if step.name not in self.skips]
        return self.started + max((step.offset + step.duration for step in steps), default=0.0)

    def is_active(self, now: float) -> bool:
        return self.halt is None and now < self.ends

    def ended(self, now: float) -> float | None:
        """Return when the experiment ended, in epoch seconds."""
        if self.halt:
            return self.halt.at
        return None if self.is_active(now) else self.ends

    def state(self, now: float) -> State:
        if self.halt:
            return State(self.halt.status, self.halt.reason)
        status: Status = "running" if self.is_active(now) else "completed"
        return State(status, _REASONS[status])

    def span(self, step: Step) -> tuple[float, float]:
        """Return when an action begins and is to end, in epoch seconds."""
        begins = self.started + step.offset
        return begins, begins + step.duration

    def step_state(self, step: Step, now: float) -> State:
        status = self._step_status(step, now)
        return State(status, _ACTION_REASONS[status])

    def _step_status(self, step: Step, now: float) -> Status:
        if step.name in self.skips:
            return "skipped"
        begins, ends = self.span(step)
        if self.halt and self.halt.at < ends:
            return self.halt.status if begins <= self.halt.at else "cancelled"
        if now < begins:
            return "pending"
        return "running" if now < ends else "completed"

    def running(self, now: float) -> list[Step]:
        """Return the actions that are in force."""
        if self.halt:
            return []
        return [step for step in self.template.steps if self._step_status(step, now) == "running"]


def initial_state() -> State:
    """Return what StartExperiment answers: by the next call the experiment is running."""
    return State("initiating", _REASONS["initiating"])
