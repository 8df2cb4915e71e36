"""Why moto failed on a request: what AWS would have said to it, told by the service's model.

moto takes what it is sent, and fails somewhere inside where it is wrong: on a text that is no number, on a
name that it has nothing of, on what is missing. AWS refuses each of these.
https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from io import BytesIO
from pathlib import Path
from traceback import walk_tb
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes
from xml.parsers.expat import ExpatError

from botocore.exceptions import UnknownServiceError
from botocore.model import OperationNotFoundError

from embedded_aws.aws.errors import JSON, AwsError, protocol
from embedded_aws.aws.model import ShapeError, checked, model, said
from embedded_aws.aws.parsing import ParseError, read_object, shown

if TYPE_CHECKING:
    from botocore.model import OperationModel, ServiceModel

    from embedded_aws.aws.call import Call

_NAMES = {
    "email": "ses",
    "monitoring": "cloudwatch",
    "states": "stepfunctions",
    "tagging": "resourcegroupstaggingapi",
}
"""Services that sign with another name than the one of their model."""
_NO_NUMBER = re.compile(
    r"(?:invalid literal for int\(\) with base 10|could not convert string to float): '(?P<text>.*)'",
    re.DOTALL,
)
_NOT_FOUND = re.compile(r"NotFound|NoSuch|DoesNotExist|NonExistent")
_REGIONS = "core/base_backend.py"
"""Where moto looks for its state of a region."""


class UnansweredError(ValueError):
    """moto failed on a request: AWS would have refused it, or moto is wrong. The message says where."""


class UnknownOperationError(ValueError):
    """The service has no such operation."""


def refusal(call: Call, query: bytes, body: bytes, problem: Exception) -> Exception:
    """Return why a request that moto failed on is refused: what is wrong with it, if that can be told."""
    if isinstance(problem, OperationNotFoundError):
        return UnknownOperationError(f"{call.service} has no operation {problem}")
    *_, (frame, line) = walk_tb(problem.__traceback__)
    where = f"{'/'.join(Path(frame.f_code.co_filename).parts[-3:])}:{line}"
    if isinstance(problem, KeyError) and _REGIONS in where:
        return unknown_region(problem.args[0], call)
    try:
        asked = _read(call, query, body)
    except (ParseError, ShapeError, UnknownOperationError) as error:
        return error
    if asked and (told := _blamed(*asked, problem)):
        return told
    text = " ".join(f"{type(problem).__name__}: {problem}".split())
    return UnansweredError(f"moto cannot answer this request: {text[:200]} ({where})")


def operation(call: Call) -> OperationModel | None:
    """Return the operation that the target of a call names, `None` when it names none."""
    service = model_of(call)
    name = call.headers.get("x-amz-target", "").rpartition(".")[2]
    return service.operation_model(name) if service and name in service.operation_names else None


def model_of(call: Call) -> ServiceModel | None:
    """Return the model of the service that a call is for, `None` when there is none."""
    name = _NAMES.get(call.service or "", call.service or "")
    if name == "apigateway" and call.path.startswith("/v2/"):
        name = "apigatewayv2"
    if name == "dynamodb" and call.headers.get("x-amz-target", "").startswith("DynamoDBStreams"):
        name = "dynamodbstreams"
    try:
        return model(name)
    except (UnknownServiceError, ValueError):
        return None


def unknown_region(region: str, call: Call | None = None) -> AwsError:
    """Return what AWS says where the signature names a region that the service is not in."""
    code = "SignatureDoesNotMatch" if call and protocol(call) != JSON else "InvalidSignatureException"
    message = f"Credential should be scoped to a valid region, not {shown(region)}."
    return AwsError(code, message, 400 if call and call.headers.get("x-amz-target") else 403)


def _read(call: Call, query: bytes, body: bytes) -> tuple[OperationModel, dict[str, Any]] | None:
    """Return the operation and its input, as the model has it; raises what is wrong with it."""
    service = model_of(call)
    if service is None:
        return None
    if call.headers.get("x-amz-target"):
        asked = operation(call)
        given = read_object(body)
    else:
        from moto.core.parse import RequestParserError  # noqa: PLC0415 - moto is imported when it fails

        try:
            asked, given = _parsed(service, call, query, body)
        except RequestParserError as error:
            raise ParseError(" ".join(str(error).split())[:200]) from error
    if asked is None:
        raise UnknownOperationError(f"{service.service_name} has no operation for this request")
    return asked, checked(asked.input_shape, given) if asked.input_shape else {}


def _parsed(
    service: ServiceModel, call: Call, query: bytes, body: bytes
) -> tuple[OperationModel | None, dict[str, Any]]:
    """Read a request in the query protocol, or of a REST service, as moto does."""
    from moto.core.request import Request  # noqa: PLC0415 - as above
    from moto.core.routing import get_service_router  # noqa: PLC0415
    from moto.core.utils import get_service_model  # noqa: PLC0415
    from werkzeug.exceptions import NotFound  # noqa: PLC0415

    environ = {f"HTTP_{key.upper().replace('-', '_')}": value for key, value in call.headers.items()}
    request = Request(
        {
            **environ,
            "CONTENT_LENGTH": str(len(body)),
            "CONTENT_TYPE": call.headers.get("content-type", ""),
            "PATH_INFO": unquote_to_bytes(call.path).decode("latin-1"),
            "QUERY_STRING": query.decode("latin-1"),
            "RAW_URI": call.path,
            "REQUEST_METHOD": call.method,
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
            "wsgi.input": BytesIO(body),
            "wsgi.url_scheme": "http",
        }
    )
    kind, labels = service.metadata["protocol"], dict[str, Any]()
    if kind.startswith("rest"):
        try:
            found, labels = get_service_router(service.service_name).match(request)
        except (NotFound, NotImplementedError):
            return None, {}
        name = found.name
    else:
        kind, name = "query", request.values.get("Action", "")
    if name not in service.operation_names:
        return None, {}
    asked: Any = get_service_model(service.service_name).operation_model(name)
    sent = {
        "method": call.method,
        "values": request.values,
        "headers": request.headers,
        "body": body,
        "url_path": request.path,
        "url_params": labels,
    }
    return asked, _parser(kind)(asked, _seconds, str).parse(sent)


def _seconds(text: Any) -> float:
    from moto.core.parse import default_timestamp_parser  # noqa: PLC0415 - as above

    moment = default_timestamp_parser(text)
    return (moment - type(moment)(1970, 1, 1)).total_seconds()


@cache
def _parser(protocol: str) -> Any:
    """Return moto's parser of a protocol, made to name the member that it cannot read."""
    from moto.core.parse import PROTOCOL_PARSERS, RequestParserError  # noqa: PLC0415 - as above

    of_moto: Any = PROTOCOL_PARSERS[protocol]

    class Naming(of_moto):  # type: ignore[misc] # moto's parsers have no types
        def _parse_shape(self, shape: Any, node: Any, *prefix: str) -> Any:
            try:
                return super()._parse_shape(shape, node, *prefix)
            except (ShapeError, RequestParserError):
                raise
            except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
                name = prefix[0] if prefix else shape.serialization.get("name", shape.name)
                value = node.get(name) if prefix else getattr(node, "text", node)
                if not isinstance(value, str | int | float):
                    value = f"a {type(value).__name__}"
                raise ShapeError(f"{name} is {shown(value)}; it must be {said(shape.type_name)}") from error

    return Naming


def _blamed(asked: OperationModel, given: dict[str, Any], problem: Exception) -> Exception | None:
    """Return what is wrong with the member that moto failed on, if the exception has its value."""
    if isinstance(problem, KeyError) and problem.args:
        key = problem.args[0]
        for name, value in _texts(given):
            if value == key:
                return _not_found(asked, name, value)
        if asked.input_shape and key in _members(asked.input_shape):
            return ShapeError(f"{key} is missing")
    if isinstance(problem, RecursionError):
        return ShapeError("an expression or a document in the request has too many levels")
    if isinstance(problem, ExpatError):
        return ParseError(f"the body is no XML: {problem}")
    if isinstance(problem, ValueError) and (found := _NO_NUMBER.fullmatch(str(problem))):
        for name, value in _texts(given):
            if value == found["text"]:
                return ShapeError(f"{name} is {shown(value)}; it must be a number")
    return None


def _not_found(asked: OperationModel, name: str, value: str) -> Exception:
    """Return the operation's error for what does not exist; if it has none, the value is not valid."""
    for shape in asked.error_shapes:
        if _NOT_FOUND.search(shape.name):
            status = shape.metadata.get("error", {}).get("httpStatusCode", 400)
            return AwsError(shape.error_code or shape.name, f"There is no {shown(value)} ({name})", status)
    return ShapeError(f"{name} is {shown(value)}; it must be one that exists")


def _members(shape: Any, seen: frozenset[str] = frozenset()) -> set[str]:
    """Return the names of all members that an input may have."""
    if shape.name in seen:
        return set()
    seen |= {shape.name}
    if shape.type_name == "structure":
        return set(shape.members).union(*(_members(member, seen) for member in shape.members.values()))
    inner = {"list": "member", "map": "value"}.get(shape.type_name)
    return _members(getattr(shape, inner), seen) if inner else set()


def _texts(value: Any, where: str = "") -> Iterator[tuple[str, str]]:
    """Yield the texts of an input with the place of each."""
    if isinstance(value, str):
        yield where, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _texts(item, f"{where}.{key}" if where else str(key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _texts(item, f"{where}[{index}]")
