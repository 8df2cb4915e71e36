"""Requests on their way to moto: what cannot be read is refused, and what moto fails on is looked at again.

moto takes JSON of any depth and members of any type, and then fails somewhere inside, maybe only when a
later request reads what this one has stored. AWS refuses both before an operation sees them.
https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html#operation-error-serialization
"""

from __future__ import annotations

import json
from pathlib import Path
from traceback import walk_tb
from typing import TYPE_CHECKING

from botocore.exceptions import UnknownServiceError
from botocore.model import OperationNotFoundError

from embedded_aws.aws.model import ShapeError, check_types, checked, model, rest_operation
from embedded_aws.aws.parsing import read_object

if TYPE_CHECKING:
    from botocore.model import OperationModel

    from embedded_aws.aws.call import Call

_NAMES = {"monitoring": "cloudwatch", "states": "stepfunctions"}
"""Services that sign with another name than the one of their model."""


class UnansweredError(ValueError):
    """moto failed on a request: AWS would have refused it, or moto is wrong. The message says where."""


class UnknownOperationError(ValueError):
    """The service has no such operation."""


def readable(call: Call, body: bytes) -> bytes:
    """Return the body as moto can take it; raises `ParseError`, and `ShapeError` for wrong members."""
    if not _is_json(call):
        return body
    given = read_object(body)
    operation = _operation(call)
    if operation and operation.input_shape:
        check_types(operation.input_shape, given)
    # What was replaced or is empty is written anew; all else stays as it was sent.
    return json.dumps(given).encode() if rb"\u" in body or not body.startswith(b"{") else body


def refusal(call: Call, body: bytes, problem: Exception) -> ValueError:
    """Return why a request that moto failed on is refused: what is wrong with it, if that can be told."""
    if isinstance(problem, OperationNotFoundError):
        return UnknownOperationError(f"{call.service} has no operation {problem}")
    operation = _operation(call) if call.headers.get("x-amz-target") else None
    try:
        if operation and operation.input_shape:
            checked(operation.input_shape, read_object(body))
    except ShapeError as error:
        return error
    *_, (frame, line) = walk_tb(problem.__traceback__)
    where = f"{'/'.join(Path(frame.f_code.co_filename).parts[-3:])}:{line}"
    text = " ".join(f"{type(problem).__name__}: {problem}".split())
    return UnansweredError(f"moto cannot answer this request: {text[:200]} ({where})")


def _is_json(call: Call) -> bool:
    """Tell whether AWS would read the body as JSON: objects of S3 may be of that type too."""
    if call.headers.get("x-amz-target"):
        return True
    return call.service in {"apigateway", "lambda"} and call.method in {"POST", "PUT", "PATCH"}


def _operation(call: Call) -> OperationModel | None:
    try:
        service = model(_NAMES.get(call.service or "", call.service or ""))
    except (UnknownServiceError, ValueError):
        return None
    target = call.headers.get("x-amz-target")
    if not target:
        found = rest_operation(service, call.method, call.path)
        return found and found.operation
    name = target.rpartition(".")[2]
    return service.operation_model(name) if name in service.operation_names else None
