"""Lambda authorizers: who is asked about a request, and what the answer allows.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-use-lambda-authorizer.html
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from embedded_aws.aws.matching import glob
from embedded_aws.aws.parsing import MAX_PAYLOAD_DEPTH, ParseError, read_json

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    from embedded_aws.aws.ids import Clock

_MOST_CACHED = 10_000


class MalformedVerdictError(Exception):
    """What the function returned is no verdict."""


@dataclass(frozen=True)
class Verdict:
    """What a function said about a caller.

    `policy` are the statements of its IAM policy, `context` goes to the integration, `key` is the API key
    that the caller stands for.
    """

    principal: str
    policy: tuple[Mapping[str, Any], ...] = ()
    context: Mapping[str, Any] = field(default_factory=dict)
    key: str | None = None

    def allows(self, arn: str) -> bool:
        """Tell whether the policy lets the caller use the method of that ARN: a denial wins."""
        effects = [each.get("Effect") for each in self.policy if _is_about(each, arn)]
        return "Allow" in effects and "Deny" not in effects

    def denies(self, arn: str) -> bool:
        """Tell whether the policy forbids it in words."""
        return any(each.get("Effect") == "Deny" and _is_about(each, arn) for each in self.policy)


class Verdicts:
    """Verdicts that may be used again, each until its time is over."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: dict[Hashable, tuple[float, Any]] = {}

    def get(self, key: Hashable) -> Any:
        """Return what was kept under the key, `None` when nothing is."""
        until, verdict = self._kept.get(key, (0.0, None))
        return verdict if until > self._clock() else None

    def keep(self, key: Hashable, verdict: Any, seconds: float) -> None:
        """Keep a verdict for some seconds; 0 keeps nothing."""
        if seconds > 0:
            self._kept.pop(key, None)
            if len(self._kept) >= _MOST_CACHED:
                del self._kept[next(iter(self._kept))]
            self._kept[key] = (self._clock() + seconds, verdict)


def read_verdict(payload: bytes) -> Verdict:
    """Read a function's answer with an IAM policy; raises `MalformedVerdictError`.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-lambda-authorizer-output.html
    """
    answer = read_answer(payload)
    if not isinstance(principal := answer.get("principalId"), str):
        raise MalformedVerdictError("principalId must be a string")
    document = answer.get("policyDocument")
    if not isinstance(document, dict):
        raise MalformedVerdictError("policyDocument must be an object")
    statements = document.get("Statement")
    statements = [statements] if isinstance(statements, dict) else statements
    if not isinstance(statements, list) or not all(isinstance(each, dict) for each in statements):
        raise MalformedVerdictError("policyDocument.Statement must be a list of objects")
    if not all(_are_texts(each.get(name)) for each in statements for name in ("Action", "Resource")):
        raise MalformedVerdictError("Action and Resource of a statement must be strings or lists of strings")
    context = answer.get("context") or {}
    if not isinstance(context, dict) or any(isinstance(each, dict | list) for each in context.values()):
        raise MalformedVerdictError("context must have strings, numbers and booleans alone")
    key = answer.get("usageIdentifierKey")
    return Verdict(principal, tuple(statements), context, key if isinstance(key, str) else None)


def read_answer(payload: bytes) -> dict[str, Any]:
    """Read the object that a function returned; raises `MalformedVerdictError`."""
    try:
        answer = read_json(payload or b"null", MAX_PAYLOAD_DEPTH)
    except ParseError as problem:
        raise MalformedVerdictError(f"the answer is not JSON: {problem}") from problem
    if not isinstance(answer, dict):
        raise MalformedVerdictError("the answer must be an object")
    return answer


def _is_about(statement: Mapping[str, Any], arn: str) -> bool:
    actions, resources = _texts(statement.get("Action")), _texts(statement.get("Resource"))
    return any(glob(each.lower())("execute-api:invoke") for each in actions) and any(
        glob(each)(arn) for each in resources
    )


def _texts(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value] if value is not None else []


def _are_texts(value: Any) -> bool:
    return all(isinstance(each, str) for each in _texts(value))
