"""X-Ray's requests are checked against its service model."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from embedded_aws.aws import model as model_check
from embedded_aws.aws.errors import InvalidRequestError
from embedded_aws.aws.model import ShapeError, checked

if TYPE_CHECKING:
    from botocore.model import ServiceModel

Operation = Callable[[dict[str, Any]], dict[str, Any]]
"""A request's JSON object to the answer's; raises `AwsError`."""


def model() -> ServiceModel:
    """Return botocore's model of X-Ray."""
    return model_check.model("xray")


def validated(name: str, operation: Operation) -> Operation:
    """Return the operation with its request checked; raises `InvalidRequestError` naming the member."""

    def run(request: dict[str, Any]) -> dict[str, Any]:
        shape = model().operation_model(name).input_shape
        try:
            return operation(checked(shape, request) if shape else {})
        except ShapeError as error:
            raise InvalidRequestError(str(error)) from error

    return run
