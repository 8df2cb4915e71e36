"""What AWS refuses: the one family of errors, and their form on the wire: by service, by protocol."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, ClassVar
from xml.sax.saxutils import escape

from starlette.responses import Response

from embedded_aws.aws.ids import RandomIds

if TYPE_CHECKING:
    from embedded_aws.aws.call import Call

_XML_SERVICES = {"s3", "s3control", "route53", "cloudfront"}


class AwsError(Exception):
    """An error answer of an AWS service.

    `code` is the exception's shape name (`ResourceNotFoundException`), `status` its HTTP status where the
    protocol has several; `fields` are further members of the body (`ResourceName`).
    """

    def __init__(self, code: str, message: str, status: int = 400, **fields: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.fields = fields


class NamedError(AwsError):
    """An error that a class stands for, which names its code and status: `class X(NamedError, code="…")`."""

    _code: ClassVar[str]
    _status: ClassVar[int]

    def __init_subclass__(cls, code: str = "", status: int = 400) -> None:
        if code:
            cls._code, cls._status = code, status

    def __init__(self, message: str, **fields: str) -> None:
        super().__init__(self._code, message, self._status, **fields)


class SerializationError(NamedError, code="SerializationException"):
    """The body, or a member of it, cannot be read."""


class InvalidRequestContentError(NamedError, code="InvalidRequestContentException"):
    """Lambda: the body, or the client context, is not JSON."""


class InvalidRequestError(NamedError, code="InvalidRequestException"):
    """X-Ray: the request is missing required parameters or has parameters that are not valid."""


class InvalidParameterError(NamedError, code="InvalidParameterException"):
    """Logs: the request is not valid."""


class InvalidParameterValueError(NamedError, code="InvalidParameterValueException"):
    """Lambda: one of the parameters in the request is not valid."""


class ValidationError(NamedError, code="ValidationException"):
    """FIS, Step Functions: the request is not valid."""


class NotFoundError(NamedError, code="ResourceNotFoundException", status=404):
    """What the request names does not exist."""


class ExistsError(NamedError, code="ResourceAlreadyExistsException"):
    """There is one of that name."""


class ConflictError(NamedError, code="ConflictException", status=409):
    """The request does not go with the present state."""


class QuotaError(NamedError, code="ServiceQuotaExceededException", status=402):
    """A quota would be exceeded."""


class FunctionNotFoundError(NotFoundError):
    """The function, version or alias does not exist."""

    def __init__(self, arn: str) -> None:
        super().__init__(f"Function not found: {arn}")


class ThrottledError(AwsError):
    """The function's reserved concurrency, or the account's, is used up."""

    def __init__(self, reason: str) -> None:
        super().__init__("TooManyRequestsException", "Rate Exceeded.", 429, Reason=reason)


def wire_form(service: str, error: AwsError) -> bytes:
    """Return the body of an error as the clients of a service expect it; the code may also go in a header.

    Lambda spells its member `message` for throttling, else `Message`.
    """
    message = error.message
    match service:
        case "xray":
            members = {"Message": message, **error.fields}
        case "lambda":
            key = "message" if error.status == 429 else "Message"
            members = {"Type": "User" if error.status < 500 else "Service", key: message, **error.fields}
        case "fis":
            members = {"message": message}
        case _:
            members = {"__type": error.code, "message": message}
    return json.dumps(members).encode()


JSON, QUERY, XML = range(3)


def protocol(call: Call) -> int:
    """Return in which form a call expects an error: `JSON`, `QUERY` or `XML`."""
    if call.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return QUERY
    return XML if call.service in _XML_SERVICES else JSON


def error(call: Call, status: int, code: str, message: str) -> Response:
    """Build the answer: XML for the query and REST-XML protocols, JSON for all others.

    JSON clients read the code from `x-amzn-ErrorType` (REST) or from `__type`.
    """
    headers = {"x-amzn-ErrorType": code, "x-amzn-RequestId": RandomIds().request_id()}
    form = protocol(call)
    if form == JSON:
        body = json.dumps({"__type": code, "message": message})
        return Response(body, status, headers, media_type="application/json")
    inner = f"<Error><Code>{escape(code)}</Code><Message>{escape(message)}</Message></Error>"
    # S3's errors have no envelope.
    text = inner if form == XML else f"<ErrorResponse>{inner}</ErrorResponse>"
    return Response(f'<?xml version="1.0" encoding="UTF-8"?>{text}', status, headers, media_type="text/xml")
