"""Refusals of CloudWatch Logs, with the codes of its API."""

from __future__ import annotations


class LogsError(Exception):
    """An error answer: `code` is the exception's shape name, its HTTP status is always 400."""

    code = "InvalidParameterException"


class InvalidParameterError(LogsError):
    """The request is not valid."""


class NotFoundError(LogsError):
    """The group or the stream does not exist."""

    code = "ResourceNotFoundException"


class ExistsError(LogsError):
    """There is one of that name."""

    code = "ResourceAlreadyExistsException"
