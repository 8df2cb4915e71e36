from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import boto3
import pytest
from botocore.config import Config

from embedded_aws.aws import moto as moto_aws
from embedded_aws.aws.interfaces import LogEvent, LogStream
from embedded_aws.logs.api import LogsApi
from embedded_aws.logs.operations import Operations, moto_groups
from embedded_aws.logs.service import Logs
from embedded_aws.logs.store import Store
from tests.embedded_aws.serving import serving

REGION = "us-east-1"


@dataclass
class Running:
    """CloudWatch Logs behind a port, in front of moto; `now` is its time in milliseconds."""

    url: str
    logs: Logs
    now: int

    def client(self, region: str = REGION) -> Any:
        return boto3.client(
            "logs",
            endpoint_url=self.url,
            region_name=region,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"total_max_attempts": 1}),
        )

    def write(self, group: str, stream: str, *events: tuple[int, str]) -> None:
        """Write as Lambda does; times are relative to `now`."""
        found = [LogEvent(self.now + offset, message) for offset, message in events]
        self.logs.write(LogStream(REGION, group, stream), found)


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    moto = moto_aws.MotoAws()
    now = time.time()
    logs = Logs(Store(None), lambda: now)
    with serving(LogsApi(Operations(logs, partial(moto_groups, moto)), moto, REGION)) as url:
        yield Running(url, logs, int(now * 1000))
    logs.close()


@pytest.fixture
def group() -> str:
    """A name that no other test uses."""
    return f"/aws/lambda/{uuid.uuid4().hex[:12]}"


@pytest.fixture
def found(running: Running, group: str) -> Callable[..., list[str]]:
    """The messages that FilterLogEvents finds in the group."""

    def find(**given: Any) -> list[str]:
        events = running.client().filter_log_events(logGroupName=group, **given)["events"]
        return [event["message"] for event in events]

    return find
