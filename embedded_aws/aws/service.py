"""What an AWS service is here: its model in botocore, and a function for each operation.

The model says which request is which operation, by path in REST and by target in JSON, and what its input
must be. An operation takes its checked input and returns its output, or raises `AwsError`.

What runs where: operations on what is in memory run on the event loop, which is their lock, and never wait;
operations on a database run in a thread of their own, because a query may take seconds, and lock themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from embedded_aws.aws import errors
from embedded_aws.aws.errors import AwsError, wire_form
from embedded_aws.aws.http import Request, Response, read_request, run_in_thread
from embedded_aws.aws.ids import RandomIds
from embedded_aws.aws.model import Found, ShapeError, check_types, checked, model, rest_operation
from embedded_aws.aws.parsing import ParseError, encode, read_integer, read_object

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

Input = dict[str, Any]
Operation = Callable[[Input], Mapping[str, Any]]
_IDS = RandomIds()


@dataclass(frozen=True)
class _Refusals:
    """What a service answers to a body that is no JSON object, and to a member that is not as it must be."""

    title: str
    unreadable: Callable[[str], AwsError]
    invalid: Callable[[str], AwsError]
    reason: str = "The body is not a JSON object"


_REFUSALS = {
    "xray": _Refusals("X-Ray", errors.SerializationError, errors.InvalidRequestError),
    "fis": _Refusals("FIS", errors.ValidationError, errors.ValidationError),
    "stepfunctions": _Refusals("Step Functions", errors.SerializationError, errors.ValidationError),
    "logs": _Refusals("Logs", errors.SerializationError, errors.InvalidParameterError),
    "lambda": _Refusals(
        "Lambda",
        errors.InvalidRequestContentError,
        errors.SerializationError,
        "Could not parse request body into json",
    ),
}


class Wire:
    """How requests and answers of one service look; `name` is botocore's."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._refusals = _REFUSALS[name]
        self._model = model(name)
        self._is_json = self._model.metadata["protocol"] == "json"
        version = self._model.metadata.get("jsonVersion")
        self._media_type = f"application/x-amz-json-{version}" if self._is_json else "application/json"

    def find(self, request: Request) -> Found | None:
        """Return the operation that a request is for, `None` when the service has no such one."""
        if not self._is_json:
            return rest_operation(self._model, request.method, request.path)
        name = request.headers.get("x-amz-target", "").rpartition(".")[2]
        return Found(self._model.operation_model(name), {}) if name in self._model.operation_names else None

    def read(self, body: bytes) -> Input:
        """Read a request's JSON object; raises `AwsError`."""
        try:
            return read_object(body)
        except ParseError as error:
            raise self._refusals.unreadable(f"{self._refusals.reason}: {error}") from error

    def check(self, name: str, given: Input) -> Input:
        """Return an operation's input without what its model does not have; raises `AwsError`."""
        shape = self._model.operation_model(name).input_shape
        try:
            return checked(shape, given) if shape else {}
        except ShapeError as error:
            raise self._refusals.invalid(str(error)) from error

    def check_types(self, found: Found, body: bytes) -> None:
        """Check no more than the types of a body that moto reads; raises `AwsError`."""
        if found.operation.input_shape is None:
            return
        try:
            check_types(found.operation.input_shape, self.read(body))
        except ShapeError as error:
            raise self._refusals.invalid(str(error)) from error

    def query(self, found: Found, text: str) -> Input:
        """Return the members that the model has in the query; raises `AwsError` for a number that is none."""
        given, shape = parse_qs(text), found.operation.input_shape
        values: Input = {}
        for name, member in shape.members.items() if shape else ():
            texts = given.get(member.serialization.get("name", name))
            if not texts or member.serialization.get("location") != "querystring":
                continue
            values[name] = texts if member.type_name == "list" else texts[0]
            if member.type_name == "integer":
                try:
                    values[name] = read_integer(texts[0], 0, 2**31 - 1)
                except ParseError as error:
                    raise self._refusals.invalid(f"The value of {name} is not valid: {error}") from error
        return values

    def answered(self, output: Mapping[str, Any], status: int = 200) -> Response:
        """Return the answer of an operation that went well."""
        return Response(status, encode(output).encode(), self._headers())

    def refused(self, error: AwsError) -> Response:
        """Return an error in the form of the protocol: JSON has its code in the body, REST in a header.

        https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html#operation-error-serialization
        """
        status = 400 if self._is_json and error.status < 500 else error.status
        code = {} if self._is_json else {"x-amzn-errortype": error.code}
        return Response(status, wire_form(self.name, error), {**self._headers(), **code})

    def _headers(self) -> dict[str, str]:
        """Return what all answers have: also an id, which SDKs give to programs and put into traces."""
        return {"content-type": self._media_type, "x-amzn-requestid": _IDS.request_id()}


class Service(Wire):
    """An ASGI application for the operations of one service, by their name.

    Those of `unchecked` get their input as it was sent. `on_loop` tells where they run, all of them.
    """

    def __init__(
        self,
        name: str,
        operations: Mapping[str, Operation],
        *,
        on_loop: bool = False,
        unchecked: Collection[str] = (),
    ) -> None:
        super().__init__(name)
        self._operations = operations
        self._on_loop = on_loop
        self._unchecked = unchecked

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        response = await self.respond(await read_request(scope, receive))
        await response(scope, receive, send)

    async def respond(self, request: Request) -> Response:
        """Answer one request, where the operations run."""
        return self.answer(request) if self._on_loop else await run_in_thread(lambda: self.answer(request))

    def answer(self, request: Request) -> Response:
        """Answer one request, here and now."""
        try:
            found = self.find(request)
            if found is None:
                raise self._missing(request, "")
            name = found.operation.name
            given = {**self.read(request.body), **found.labels, **self.query(found, request.query)}
            if name not in self._operations:
                raise self._missing(request, name)
            return self.answered(self.call(name, given))
        except AwsError as error:
            return self.refused(error)

    def call(self, name: str, given: Input) -> Mapping[str, Any]:
        """Return the output of an operation for an input, which is checked before; raises `AwsError`."""
        return self._operations[name](given if name in self._unchecked else self.check(name, given))

    def _missing(self, request: Request, name: str) -> AwsError:
        title = self._refusals.title
        if self.name == "xray":
            message = f"There is no operation of {title} at {request.path} here"
            return AwsError("UnknownOperationException", message, 404)
        if not name:
            return errors.NotFoundError(f"{title} has no operation {request.method} {request.path}.")
        return AwsError("NotImplemented", f"The embedded AWS does not emulate {name} of {title}.", 501)
