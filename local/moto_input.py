"""Requests on their way to moto: what cannot be read is refused, and what moto fails on is looked at again.

moto takes JSON of any depth and members of any type, and then fails somewhere inside, maybe only when a
later request reads what this one has stored. AWS refuses both before an operation sees them.
https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html#operation-error-serialization
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs
from xml.etree.ElementTree import ParseError as XmlError
from xml.parsers.expat import ExpatError

from botocore.exceptions import UnknownServiceError

from local.model_check import ShapeError, check_types, checked, model, rest_operation
from local.parsing import ParseError, read_integer, read_object

if TYPE_CHECKING:
    from botocore.model import OperationModel, ServiceModel

    from local.aws_request import Call

_NAMES = {"monitoring": "cloudwatch", "states": "stepfunctions"}
"""Services that sign with another name than the one of their model."""


def readable(call: Call, body: bytes) -> bytes:
    """Return the body as moto can take it; raises `ParseError` for JSON that is none, or of wrong types."""
    if not _is_json(call):
        return body
    given = read_object(body)
    operation = _operation(call, body)
    if operation and operation.input_shape:
        try:
            check_types(operation.input_shape, given)
        except ShapeError as error:
            raise ParseError(str(error)) from error
    # Half a surrogate pair was replaced; all else stays as it was sent.
    return json.dumps(given).encode() if rb"\u" in body else body


def blame(call: Call, body: bytes, problem: Exception) -> ValueError | None:
    """Return what is wrong with a request that moto failed on, `None` when it is moto's own fault."""
    if isinstance(problem, RecursionError | UnicodeError | ExpatError | XmlError):
        return ParseError(f"The body cannot be read: {problem}")
    operation = _operation(call, body)
    if operation is None or operation.input_shape is None:
        return None
    try:
        if call.headers.get("x-amz-target"):
            checked(operation.input_shape, read_object(body))
        elif _is_json(call):
            _check_required(operation.input_shape, read_object(body))
        else:
            _check_form(operation.input_shape, _form(body))
    except ValueError as error:
        return error
    return None


def _is_json(call: Call) -> bool:
    """Tell whether AWS would read the body as JSON: objects of S3 may be of that type too."""
    if call.headers.get("x-amz-target"):
        return True
    return call.service in {"apigateway", "lambda"} and call.method in {"POST", "PUT", "PATCH"}


def _operation(call: Call, body: bytes) -> OperationModel | None:
    service = _service(call)
    if service is None:
        return None
    if target := call.headers.get("x-amz-target"):
        name = target.rpartition(".")[2]
    elif _is_json(call):
        return rest_operation(service, call.method, call.path)
    else:
        name = _form(body).get("Action", "")
    return service.operation_model(name) if name in service.operation_names else None


def _service(call: Call) -> ServiceModel | None:
    name = call.service or ""
    try:
        return model(_NAMES.get(name, name))
    except (UnknownServiceError, ValueError):
        return None


def _form(body: bytes) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(body.decode("utf-8", "replace")).items()}


def _check_required(shape: Any, given: dict[str, Any]) -> None:
    for name in shape.required_members:
        member = shape.members[name].serialization
        key = member.get("name", name)
        if not member.get("location") and given.get(key) is None:
            raise ShapeError(f"{key} is missing")


def _check_form(shape: Any, form: dict[str, str]) -> None:
    """Check the numbers and the required members of the query protocol, in which lists are numbered keys."""
    for name, member in shape.members.items():
        key = member.serialization.get("name", name)
        if key in form and member.type_name in {"integer", "long"}:
            read_integer(form[key], -(2**63), 2**63 - 1)
        if name in shape.required_members and not any(
            given == key or given.startswith(f"{key}.") for given in form
        ):
            raise ShapeError(f"{key} is missing")
