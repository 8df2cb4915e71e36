"""The one error that every X-Ray operation raises; the API turns it into AWS's wire form."""

from __future__ import annotations


class XRayError(Exception):
    """An error answer of the X-Ray API.

    `code` is the exception's shape name (`InvalidRequestException`), `status` its HTTP status;
    `fields` are further members of the body (`ResourceName`).
    """

    def __init__(self, code: str, message: str, status: int = 400, **fields: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.fields = fields


class InvalidRequestError(XRayError):
    """The request is missing required parameters or has parameters that are not valid."""

    def __init__(self, message: str) -> None:
        super().__init__("InvalidRequestException", message)
