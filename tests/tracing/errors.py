"""Prints what Lambda's runtime client answers for each handler of `failing.py`, as JSON."""

from __future__ import annotations

import json
import sys
from typing import Any

from awslambdaric import bootstrap, lambda_runtime_marshaller


class Client:
    """The Runtime API's end, which keeps the errors that it is told."""

    marshaller = lambda_runtime_marshaller.LambdaMarshaller()

    def __init__(self) -> None:
        self.errors: list[Any] = []

    def post_invocation_error(self, _request_id: str, error: str, fault: str, *_: Any) -> None:
        self.errors.append([json.loads(error), json.loads(fault)])


class Sink:
    """Where the runtime client writes its log."""

    def log_error(self, lines: list[str]) -> None:
        told.append(lines)


names = sys.argv[1:]
answers = {}
import failing  # noqa: E402 - after the runtime client, as in Lambda

for name in names:
    client, told = Client(), list[Any]()
    arguments: tuple[Any, ...] = (client, getattr(failing, name), "request", b"{}", "application/json")
    bootstrap.handle_event_request(*arguments, None, None, "arn", 4_000_000_000_000, None, Sink())
    answers[name] = [*client.errors, told]
sys.stdout.write(json.dumps(answers))
