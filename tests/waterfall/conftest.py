"""The embedded X-Ray's own API on a free port, for tests that read through boto3."""

from __future__ import annotations

import asyncio
import json
import threading
from contextlib import suppress
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from embedded_aws.journal.about import About, is_about
from embedded_aws.journal.answers import Arrivals, RequestAnswers
from embedded_aws.journal.log import RequestLog
from embedded_aws.journal.traces import TraceAnswers
from embedded_aws.xray.api.sampling import operations as sampling_operations
from embedded_aws.xray.api.traces import operations, service
from embedded_aws.xray.sampling import Sampling
from embedded_aws.xray.service import XRay
from tests.embedded_aws.posting import post
from tests.waterfall import samples
from tests.waterfall.cloud import Cloud
from waterfall.traces.client import Reader, Source, connect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from waterfall.why.facts import Function

    Reply = tuple[int, Mapping[str, str], bytes]


def json_reply(body: bytes) -> Reply:
    return 200, {"Content-Type": "application/json"}, body


class Api:
    """A running X-Ray: documents go in as PutTraceSegments takes them; `requests` lists the paths asked.

    `replies` puts other answers before X-Ray: path to status, headers and body. `log` holds the requests that
    the server remembers, `daemon` the daemon's counts, `apis` the deployed ones.
    """

    def __init__(self, endpoint: str, xray: XRay) -> None:
        self.endpoint = endpoint
        self.source = Source(endpoint)
        self.xray = xray
        self.sampling = Sampling(clock=lambda: samples.T0 + 100)
        self.requests: list[tuple[str, Any]] = []
        self.replies: dict[str, Callable[[], Reply]] = {}
        self.log = RequestLog()
        self.daemon: dict[str, int] = {}
        self.apis: dict[str, str] = {}
        arrivals = Arrivals(xray.store.counts, xray.refusals.of, lambda: self.daemon)
        requests = RequestAnswers(self.log, arrivals)
        self.about = About(lambda: {"apis": self.apis}, requests, TraceAnswers(xray))

    def put(self, documents: Iterable[Mapping[str, Any]]) -> None:
        sent = [json.dumps(document) for document in documents if not document.get("inferred")]
        assert self.xray.put(sent) == []

    def functions(self, *functions: Function) -> None:
        """Let Lambda's API know these functions."""
        for function in functions:
            told = {
                "FunctionName": function.name,
                "TracingConfig": {"Mode": function.mode},
                "Environment": {"Variables": dict(function.variables)},
                "Layers": [{"Arn": arn} for arn in function.layers],
            }
            body = json.dumps(told).encode()
            path = f"/2015-03-31/functions/{function.name}/configuration"
            self.replies[path] = partial(json_reply, body)

    def reader(self) -> Reader:
        return connect(self.source)


@pytest.fixture
def api() -> Iterator[Api]:
    xray = XRay(None, clock=lambda: samples.T0 + 100)
    table = {**operations(xray)}

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            running.requests.append((self.path, json.loads(body or b"null")))
            self._reply(lambda: self._dispatched(body))

        def do_GET(self) -> None:
            running.requests.append((self.path, None))
            self._reply(self._told)

        def _told(self) -> Reply:
            path, _, query = self.path.partition("?")
            if not is_about(path):
                return 404, {}, b""
            status, told = asyncio.run(running.about.answer(path, query))
            return status, {"Content-Type": "application/json"}, json.dumps(told).encode()

        def _reply(self, otherwise: Callable[[], Reply]) -> None:
            without_query = running.replies.get(self.path.partition("?")[0], otherwise)
            status, headers, body = running.replies.get(self.path, without_query)()
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            with suppress(ConnectionError):  # a page that was left reads no answer
                self.end_headers()
                self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            """Keep the tests' output clean."""

        def _dispatched(self, body: bytes) -> Reply:
            response = post(service(table), self.path, body)
            return response.status, response.headers, response.body

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    running = Api(f"http://127.0.0.1:{server.server_address[1]}", xray)
    table |= sampling_operations(running.sampling)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield running
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        xray.close()


@pytest.fixture(scope="session")
def _embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    cloud = Cloud(tmp_path_factory.mktemp("cloud"))
    yield cloud
    cloud.close()


@pytest.fixture
def cloud(_embedded: Cloud) -> Iterator[Cloud]:
    """A running embedded AWS, of which tests share all but the time and what they put in."""
    _embedded.renew()
    yield _embedded
    _embedded.clear()
