"""moto, in process: everything of AWS that the embedded AWS does not do itself.

moto's settings are environment variables, partly read at import, and its import takes most of a second:
so it is imported only by `load`, which sets them first.
"""

from __future__ import annotations

import os
import sys
import threading
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from embedded_aws.aws import call as aws_request
from embedded_aws.aws import moto_input, moto_refusals, moto_states
from embedded_aws.aws.errors import AwsError, error
from embedded_aws.aws.http import read_body, replay, run_in_thread
from embedded_aws.aws.interfaces import ACCOUNT_ID
from embedded_aws.aws.moto_refusals import UnknownOperationError
from embedded_aws.aws.parsing import ParseError, unpacked
from embedded_aws.aws.wsgi import Environ, StartResponse, WsgiBridge

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from starlette.types import Receive, Scope, Send

_SETTINGS = {
    # AWS's own policies can be attached by their ARN.
    "MOTO_IAM_LOAD_MANAGED_POLICIES": "true",
    # moto's CORS answers would let every web page read this account.
    "MOTO_DISABLE_GLOBAL_CORS": "true",
}
# It resets everything and writes down what is sent: not for whoever can send a request.
_CONTROL_API = "/moto-api"
_METADATA = b"x-amz-meta-"
# Without Docker, moto keeps functions in a place of their own.
_PACKAGES = {"cognito-idp": "cognitoidp", "lambda": "awslambda_simple"}
_PRESERVED = "moto.preserved_header_names"
# moto's modules import one another in circles: of two threads that import some at once, one can fail.
_IMPORTING = threading.RLock()


class MotoAws:
    """moto as an ASGI application, and its state by service and region; imported when it is first needed."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one AWS request; moto finds the service by signature, host or target.

        Raises `ParseError`, `ShapeError` and the errors of `moto_refusals` for one that is refused, and
        `NotImplementedError` for what moto does not have.
        """
        scope, body = _unpacked(scope, await read_body(receive))
        call = aws_request.parse(scope)
        if scope["path"].startswith(_CONTROL_API):
            told = f"there is no {_CONTROL_API} here: it is no part of AWS"
            await error(call, 404, "ResourceNotFoundException", told)(scope, receive, send)
            return
        body = moto_input.readable(call, body)
        imported = load() if _is_imported() else await run_in_thread(load)
        try:
            await imported.app(scope, replay(body), send)
        except (AwsError, NotImplementedError, ParseError, UnknownOperationError):
            raise
        except Exception as problem:
            raise moto_refusals.refusal(call, scope["query_string"], body, problem) from problem

    def warm(self, services: Iterable[str]) -> None:
        """Import services now, in a thread: the first call of each would wait for its import, up to a second.

        The engine's own imports take as long, so its first calls find most of them done.
        """
        names = list(services)
        threading.Thread(target=lambda: [load().open(name) for name in names], daemon=True).start()

    def backend(self, service: str, region: str) -> Any:
        """Return the state of a service in a region: moto's backend object.

        Raises `AwsError` for a region that does not exist, which only a signature can have named.
        """
        try:
            return load().backends(service)[region]
        except KeyError:
            raise moto_refusals.unknown_region(region) from None

    def used_backends(self, service: str) -> Mapping[str, Any]:
        """Return the state of a service by region, for the regions that were used.

        A service that nobody called is not imported for that: it has none.
        """
        if f"moto.{_PACKAGES.get(service, service)}.models" not in sys.modules:
            return {}
        return dict(load().backends(service))


def _unpacked(scope: Scope, body: bytes) -> tuple[Scope, bytes]:
    """Return a request as if it had come without gzip, which moto would unpack to any length.

    An object of S3 stays as it was sent.
    https://docs.aws.amazon.com/sdkref/latest/guide/feature-compression.html
    """
    call = aws_request.parse(scope)
    if call.headers.get("content-encoding") != "gzip" or call.service in {None, "s3"}:
        return scope, body
    headers = [item for item in scope["headers"] if item[0] != b"content-encoding"]
    return {**scope, "headers": headers}, unpacked(body)


@dataclass(frozen=True)
class Imported:
    """What there is of moto once it is imported; `open` prepares a service for its first call."""

    app: WsgiBridge
    backends: Callable[[str], Mapping[str, Any]]
    open: Callable[[str], object]


def load() -> Imported:
    """Import moto with the settings of the embedded AWS, once for a process; whoever comes then waits."""
    if _is_imported():
        return _import()
    with _IMPORTING:
        return _import()


def _is_imported() -> bool:
    return bool(_import.cache_info().currsize)


@cache
def _import() -> Imported:
    os.environ.update(_SETTINGS)
    from embedded_aws.aws import (  # noqa: PLC0415 - import moto
        moto_deliveries,
        moto_direct,
        moto_operations,
        moto_patches,
    )

    moto_patches.apply()

    def prepare(service: str) -> None:
        _accounts(service)
        moto_deliveries.switch_off(service)
        moto_operations.add(service)

    @cache
    def handler(service: str) -> Any:
        with _IMPORTING:
            prepare(service)
            return moto_direct.handler(service)

    @cache
    def its_server() -> Any:
        with _IMPORTING:
            from embedded_aws.aws.moto_server import server  # noqa: PLC0415 - as slow as all of DynamoDB

            return server(prepare, _IMPORTING)  # the same one for whoever waited

    def others(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        answer: Iterable[bytes] = its_server()(environ, start_response)
        return answer

    def opened(service: str) -> object:
        return its_server().get_application(_any_call(service))

    direct = moto_direct.DirectCalls(others, handler)
    return Imported(WsgiBridge(direct, _metadata_names, moto_direct.is_short), _backends, opened)


@cache
def _backends(service: str) -> Mapping[str, Any]:
    with _IMPORTING:
        return cast("Mapping[str, Any]", _accounts(service)[ACCOUNT_ID])


def _accounts(service: str) -> Any:
    """Return the state of a service by account."""
    if service in {"lambda", "awslambda"}:  # as others call it, and moto
        from moto.awslambda_simple.models import lambda_simple_backends  # noqa: PLC0415 - a slow import

        return lambda_simple_backends
    if service == "stepfunctions":
        moto_states.apply()
        # What is executed is kept apart from what is not.
        from moto.stepfunctions.parser.models import (  # noqa: PLC0415 - a slow import
            stepfunctions_parser_backends,
        )

        return stepfunctions_parser_backends
    from moto.backends import get_backend  # noqa: PLC0415 - after moto's settings

    name: Any = service
    return get_backend(name)


def _any_call(service: str) -> Environ:
    """Return just enough of a signed call for moto to find its service."""
    return {
        "PATH_INFO": "/",
        "HTTP_HOST": "localhost",
        "HTTP_AUTHORIZATION": f"AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/{service}/aws4_request",
        "HTTP_X_AMZ_TARGET": "DynamoDB_20120810.ListTables",
    }


def _metadata_names(scope: Scope) -> Environ:
    """Tell moto which S3 metadata names have underscores: WSGI shows them like dashes."""
    names = [name for name, _ in scope["headers"] if name.startswith(_METADATA) and b"_" in name]
    return {
        _PRESERVED: {
            f"HTTP_{name.decode('latin-1').upper().replace('-', '_')}": name.decode("latin-1")
            for name in names
        }
    }
