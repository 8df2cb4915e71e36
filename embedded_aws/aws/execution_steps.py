"""What an execution of a state machine does, step by step, and the calls of AWS that it makes for that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True)
class Failure:
    """Why a state or an execution failed, in the words of the States Language."""

    error: str
    cause: str


@dataclass(frozen=True)
class Sent:
    """A call of AWS, as boto3 made it of `parameters`; `service` is botocore's name.

    `is_poll`: it asks how what an earlier call of the same task began goes on.
    """

    service: str
    operation: str
    parameters: Mapping[str, Any]
    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes
    is_poll: bool


@dataclass(frozen=True)
class Answered:
    """The answer of a call."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Step(Protocol):
    """An execution, or a state in it. Each method is called in a thread of the execution's."""

    def enter(self, state: str) -> Step:
        """Begin a state inside: of a branch or an iteration, if this is a state itself."""

    def caught(self, failure: Failure) -> None:
        """Take note that all attempts failed, and that the definition goes on in spite of it, or may."""

    def leave(self, failure: Failure | None) -> None:
        """End, well or with a failure."""

    def call(self, sent: Sent) -> Answered:
        """Call AWS, and wait for the answer."""


class Execution(Step, Protocol):
    """All of an execution."""

    def begin(self) -> None:
        """Take note that it is about to run."""
