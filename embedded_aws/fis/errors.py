"""Refusals of FIS, with the codes and statuses of its API."""

from __future__ import annotations


class FisError(Exception):
    """An error answer of FIS: `code` is the exception's shape name, `status` its HTTP status."""

    code = "ValidationException"
    status = 400


class ValidationError(FisError):
    """The request is not valid."""


class NotFoundError(FisError):
    """The template, experiment or action does not exist."""

    code = "ResourceNotFoundException"
    status = 404


class ConflictError(FisError):
    """The request does not go with the present state."""

    code = "ConflictException"
    status = 409


class QuotaError(FisError):
    """A quota of FIS would be exceeded."""

    code = "ServiceQuotaExceededException"
    status = 402
