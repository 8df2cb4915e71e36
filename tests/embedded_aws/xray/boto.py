"""The real SDK in front of X-Ray's operations, over HTTP."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import boto3
from botocore.config import Config

from embedded_aws.xray.api.traces import dispatch
from embedded_aws.xray.api.validation import Operation


@contextmanager
def client_of(table: Mapping[str, Operation]) -> Iterator[Any]:
    """Yield a client that sends what it is given: X-Ray has to check it."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            response = dispatch(table, self.path, self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(response.status)
            for name, value in response.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(response.body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    client = boto3.client(
        "xray",
        region_name="us-east-1",
        endpoint_url=f"http://127.0.0.1:{server.server_port}",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"max_attempts": 0}, parameter_validation=False),
    )
    yield client
    client.close()
    server.shutdown()
    server.server_close()
    thread.join()
