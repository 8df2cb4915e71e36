"""Requests on their way to moto: what cannot be read is refused.

moto takes JSON of any depth and members of any type, and then fails somewhere inside, maybe only when a
later request reads what this one has stored. AWS refuses both before an operation sees them.
https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html#operation-error-serialization
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from embedded_aws.aws.model import check_types, rest_operation
from embedded_aws.aws.moto_refusals import model_of, operation
from embedded_aws.aws.parsing import read_object

if TYPE_CHECKING:
    from botocore.model import OperationModel

    from embedded_aws.aws.call import Call


def readable(call: Call, body: bytes) -> bytes:
    """Return the body as moto can take it; raises `ParseError`, and `ShapeError` for wrong members."""
    asked = _operation(call)
    if not _is_json(call, asked):
        return body
    given = read_object(body)
    if asked and asked.input_shape:
        check_types(asked.input_shape, given)
    # What was replaced or is empty is written anew; all else stays as it was sent.
    return json.dumps(given).encode() if rb"\u" in body or not body.startswith(b"{") else body


def _is_json(call: Call, asked: OperationModel | None) -> bool:
    """Tell whether AWS would read the body as JSON: objects of S3 may be of that type too."""
    if call.headers.get("x-amz-target"):
        return True
    return asked is not None and call.method in {"POST", "PUT", "PATCH"} and not asked.has_streaming_input


def _operation(call: Call) -> OperationModel | None:
    if call.headers.get("x-amz-target"):
        return operation(call)
    service = model_of(call)
    if service is None or service.metadata["protocol"] != "rest-json":
        return None
    found = rest_operation(service, call.method, call.path)
    return found.operation if found else None
