"""State machines of a test's own."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from embedded_aws.aws.interfaces import Document
from tests.embedded_aws.awslambda.harness import PATIENCE, Stack

ROLE = "arn:aws:iam::123456789012:role/r"


class StateMachine:
    """A state machine of states by name, of which the first is where it starts."""

    def __init__(
        self, stack: Stack, states: Mapping[str, Any], *, traced: bool = True, **settings: Any
    ) -> None:
        self.name = f"m{uuid.uuid4().hex[:12]}"
        self.client = stack.client("stepfunctions")
        self.arn = self.client.create_state_machine(
            name=self.name,
            definition=json.dumps({"StartAt": next(iter(states)), "States": states}),
            roleArn=ROLE,
            tracingConfiguration={"enabled": traced},
            **settings,
        )["stateMachineArn"]
        self._stack = stack

    def run(self, given: Any = None, **request: Any) -> Any:
        """Start an execution; return how it is described when it has ended."""
        started = self.client.start_execution(
            stateMachineArn=self.arn, input=json.dumps(given or {}), **request
        )
        return self.ended(started["executionArn"])

    def ended(self, execution: str) -> Any:
        """Return how an execution is described when it has ended."""
        deadline = time.monotonic() + PATIENCE
        while True:
            described = self.client.describe_execution(executionArn=execution)
            if described["status"] != "RUNNING":
                return described
            assert time.monotonic() < deadline, described
            time.sleep(0.02)

    def history(self, execution: str) -> list[str]:
        """Return the types of the events of an execution."""
        pages = self.client.get_paginator("get_execution_history").paginate(executionArn=execution)
        return [event["type"] for page in pages for event in page["events"]]

    def segment(self) -> Document:
        """Return the segment of the machine's one execution, which has ended."""
        (begun, ended) = self._stack.sink.of(self.name)
        assert begun["id"] == ended["id"]
        assert begun["in_progress"]
        return ended

    def below(self, parent: Document) -> list[Document]:
        """Return the subsegments of a segment or subsegment, in the order of their beginnings."""
        return children(self._stack.sink.all(), parent)


def children(documents: Sequence[Document], parent: Document) -> list[Document]:
    """Return what has a parent, in the order of its beginning."""
    found = [document for document in documents if document.get("parent_id") == parent["id"]]
    return sorted(found, key=lambda document: float(document["start_time"]))


def task(function: str, **fields: Any) -> dict[str, Any]:
    """Return a state that calls a function."""
    return {"Type": "Task", "Resource": function_arn(function), **fields}


def function_arn(name: str) -> str:
    return f"arn:aws:lambda:us-east-1:123456789012:function:{name}"
