"""The shortest way to moto: calls of DynamoDB and SQS go to the class that answers them.

moto's server takes each request through Flask, which costs twice as much as what moto then does for it, and
looks in it for forms, for the keys of S3 and for permissions, none of which these calls have.
"""

from __future__ import annotations

import os
import sys
from base64 import b32encode
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from moto.core.request import Request
from moto.sqs.models import sqs_backends
from moto.utilities.utils import get_partition
from werkzeug.exceptions import HTTPException

from embedded_aws.aws.moto_tables import TURN
from embedded_aws.aws.parsing import read_object

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from embedded_aws.aws.wsgi import Environ, StartResponse, WsgiApp

_TARGETS = {"DynamoDB_20120810": "dynamodb", "AmazonSQS": "sqs"}
_ITEMS = {f"DynamoDB_20120810.{name}Item" for name in ("Delete", "Get", "Put", "Update")}
_MESSAGES = {f"AmazonSQS.{name}" for name in ("DeleteMessage", "GetQueueUrl", "SendMessage")}
_RECEIVE = "AmazonSQS.ReceiveMessage"
_ID_BYTES, _ID_LETTERS = 33, 52


def is_short(environ: Environ) -> bool:
    """Tell whether a call is about one item, or messages, and never waits: no thread is worth its while."""
    target = environ.get("HTTP_X_AMZ_TARGET")
    if target == _RECEIVE:
        return not _may_wait(environ["wsgi.input"].getvalue())
    return target in _MESSAGES or (target in _ITEMS and not TURN.locked())


def _may_wait(body: bytes) -> bool:
    """Tell whether messages are waited for: as long as the call says, else as long as its queue says."""
    given = read_object(body)
    if "WaitTimeSeconds" in given:
        return bool(given["WaitTimeSeconds"])
    name = str(given.get("QueueUrl")).rpartition("/")[2]
    used = [backend for regions in list(_open(sqs_backends).values()) for backend in list(regions.values())]
    queues = [backend.queues.get(name) for backend in used]
    return any(queue and queue.receive_message_wait_time_seconds for queue in queues)


class DirectCalls:
    """A WSGI application in front of moto's: `handler_of` readies a service, and returns its `handler`."""

    def __init__(self, others: WsgiApp, handler_of: Callable[[str], Any]) -> None:
        self._others = others
        self._handler_of = handler_of

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request; raises what moto raises."""
        service = _service(environ)
        if service is None:
            return self._others(environ, start_response)
        request, handler = _Request(environ), self._handler_of(service)
        try:
            status, headers, content = handler.dispatch(request, request.raw_url, request.headers)
        except HTTPException as problem:
            return problem.get_response(environ)(environ, start_response)
        body = content.encode() if isinstance(content, str) else content
        fields = {name: str(value) for name, value in dict(headers).items()}
        start_response(str(status), [*fields.items(), ("Content-Length", str(len(body)))])
        return [body]


def _service(environ: Environ) -> str | None:
    """Return the service that a call as SDKs make it is for: JSON, and not compressed."""
    is_plain = environ["PATH_INFO"] == "/" and "HTTP_CONTENT_ENCODING" not in environ
    if not is_plain or not environ.get("CONTENT_TYPE", "").startswith("application/x-amz-json-"):
        return None
    return _TARGETS.get(environ.get("HTTP_X_AMZ_TARGET", "").partition(".")[0])


class _Request(Request):
    from_wsgi_server = True
    values = None  # type: ignore[assignment] # which only forms have

    @property
    def data(self) -> bytes:  # theirs looks for a form first
        body: bytes = self.environ["wsgi.input"].getvalue()
        return body

    @property
    def raw_url(self) -> str:
        host = self.environ.get("HTTP_HOST") or self.environ["SERVER_NAME"]
        return f"{self.environ['wsgi.url_scheme']}://{host}{self.environ['RAW_URI']}"


class _JsonCall:
    """What a call in JSON needs of what moto's `BaseResponse` does around each call."""

    def setup_class(self: Any, request: _Request, full_url: str, headers: Any) -> None:
        """Take what the operations look at."""
        self.normalized_request, self.headers, self.method = request, headers, request.method
        self.is_werkzeug_request = True
        self.raw_body = request.data
        self.body = self.raw_body.decode()
        nothing: dict[str, Any] = {}
        self.querystring = self.data = self.form_data = self.uri_match = nothing
        self.uri, self.parsed_url = full_url, urlsplit(full_url)
        self.path = self.raw_path = self.parsed_url.path
        self.region = self.get_region_from_url(request, full_url)
        self.partition = get_partition(self.region)
        self.response_headers = {"server": "amazon.com"}
        self.parse_parameters(request)
        self.access_key, self.current_account = self.get_access_key(), self.get_current_account()
        # Without IAM, which takes long to import, there is no key that could have been used.
        iam = sys.modules.get("moto.iam.models")
        if hasattr(iam, "iam_backends"):
            _open(iam).mark_account_as_visited(
                account_id=self.current_account,
                access_key=self.access_key,
                service=self.service_name,
                region=self.region,
            )

    def _get_action(self: Any) -> str:
        action: str = self.normalized_request.environ["HTTP_X_AMZ_TARGET"].rpartition(".")[2]
        return action

    def _determine_resource(self) -> str:
        return "*"

    def _authenticate_and_authorize_normal_action(self, resource: str = "*") -> None:
        """Let everybody do everything, as everywhere here."""

    @staticmethod
    def _enrich_response(headers: dict[str, Any], body: Any) -> tuple[dict[str, str], Any]:
        request_id = b32encode(os.urandom(_ID_BYTES)).decode()[:_ID_LETTERS]
        added = {"status": str(headers["status"])} if "status" in headers else {}
        return {**headers, **added, "x-amzn-requestid": request_id}, body


def _open(of_moto: Any) -> Any:
    return of_moto


def handler(service: str) -> Any:
    """Import and return the class of moto that answers a service's calls."""
    if service == "sqs":
        from moto.sqs.responses import SQSResponse  # noqa: PLC0415 - a slow import

        return type("SQSResponse", (_JsonCall, SQSResponse), {})
    from moto.dynamodb.responses import DynamoHandler  # noqa: PLC0415 - a slow import

    return type("DynamoHandler", (_JsonCall, DynamoHandler), {})
