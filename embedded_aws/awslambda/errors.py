"""Refusals of Lambda itself, in the wire form of its API."""

from __future__ import annotations

import json


class LambdaError(Exception):
    """An error answer of the Lambda API.

    `code` is the exception's shape name (`ResourceNotFoundException`), `status` its HTTP status;
    `fields` are further members of the body (`Reason`).
    """

    def __init__(self, code: str, message: str, status: int = 400, **fields: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.fields = fields

    def body(self) -> bytes:
        """Return the JSON body; Lambda spells its member `message` for throttling, else `Message`."""
        kind = "User" if self.status < 500 else "Service"
        key = "message" if self.status == 429 else "Message"
        return json.dumps({"Type": kind, key: self.message, **self.fields}).encode()


class InvalidParameterError(LambdaError):
    """One of the parameters in the request is not valid."""

    def __init__(self, message: str) -> None:
        super().__init__("InvalidParameterValueException", message)


class FunctionNotFoundError(LambdaError):
    """The function, version or alias does not exist."""

    def __init__(self, arn: str) -> None:
        super().__init__("ResourceNotFoundException", f"Function not found: {arn}", 404)


class ThrottledError(LambdaError):
    """The function's reserved concurrency, or the account's, is used up."""

    def __init__(self, reason: str) -> None:
        super().__init__("TooManyRequestsException", "Rate Exceeded.", 429, Reason=reason)
