"""Faults that an experiment puts into one run of a function, as the FIS extension does on AWS.

The extension stands between the Runtime API and the runtime: it holds an event back, answers it itself, or
exchanges the runtime's answer. https://docs.aws.amazon.com/fis/latest/userguide/use-lambda-actions.html
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

from embedded_aws.awslambda.runtime.outcome import Span
from embedded_aws.awslambda.runtime.runtime_api import Reply


@dataclass(frozen=True)
class Replacement:
    """A response in place of the runtime's; with `prevents_execution` the runtime never gets the event."""

    payload: bytes
    failed: bool
    prevents_execution: bool

    def reply(self, received: Span) -> Reply:
        return Reply(self.failed, self.payload, len(self.payload), received)

    def over(self, reply: Reply) -> Reply:
        """Return the runtime's reply with this one's content."""
        return replace(reply, failed=self.failed, body=self.payload, size=len(self.payload), cause=None)


@dataclass(frozen=True)
class Injection:
    """What happens to one run: `delay` in seconds before the handler, the names of the experiments.

    `log` has the extension's lines about it, without time and level.
    """

    delay: float = 0.0
    replacement: Replacement | None = None
    experiments: tuple[str, ...] = ()
    log: tuple[str, ...] = ()


NONE = Injection()


def invocation_error(experiment: str, *, prevents_execution: bool) -> Replacement:
    """Return the error of `aws:lambda:invocation-error`; AWS does not publish its text, so it is ours."""
    error = {
        "errorType": "FaultInjected",
        "errorMessage": f"AWS FIS injected an invocation error: experiment {experiment}",
    }
    return Replacement(json.dumps(error).encode(), failed=True, prevents_execution=prevents_execution)


def http_response(status: int, content_type: str, *, prevents_execution: bool) -> Replacement:
    """Return the response of `aws:lambda:invocation-http-integration-response`; the action has no body."""
    response = {"statusCode": status, "headers": {"Content-Type": content_type}, "body": ""}
    return Replacement(json.dumps(response).encode(), failed=False, prevents_execution=prevents_execution)
