"""The real SDK in front of X-Ray's operations, over HTTP."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import boto3
from botocore.config import Config

from embedded_aws.aws.service import Operation
from embedded_aws.xray.api.traces import service
from tests.embedded_aws.serving import serving


@contextmanager
def client_of(table: Mapping[str, Operation]) -> Iterator[Any]:
    """Yield a client that sends what it is given: X-Ray has to check it."""
    with serving(service(table)) as url:
        client = boto3.client(
            "xray",
            region_name="us-east-1",
            endpoint_url=url,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"max_attempts": 0}, parameter_validation=False),
        )
        yield client
        client.close()
