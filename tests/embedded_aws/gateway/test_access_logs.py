from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from embedded_aws.gateway.access_log import GroupAccessLogs
from embedded_aws.gateway.model import AccessLog
from embedded_aws.logs.service import Logs
from embedded_aws.logs.store import EventRange, Store
from tests.embedded_aws.gateway.fakes import stage


@pytest.fixture
def logs() -> Iterator[Logs]:
    running = Logs(Store(None), time.time)
    yield running
    running.close()


def test_lines_reach_the_log_group(logs: Logs, caplog: pytest.LogCaptureFixture) -> None:
    """Lines go to the stage's log group; a missing one is reported once."""
    groups: set[tuple[str, str]] = set()
    access = GroupAccessLogs(logs, lambda region, name: (region, name) in groups)
    arn = "arn:aws:logs:eu-west-1:123456789012:log-group:access"
    logged = stage(access_log=AccessLog(arn, "$context.status"))
    for _ in range(2):
        access.write(logged, "lost", at=0)
    assert [record.getMessage() for record in caplog.records] == [
        f"no access log for shop/dev at {arn}: the log group does not exist"
    ]
    groups.add(("eu-west-1", "access"))
    access.write(logged, "kept", at=time.time())
    logs.flush()
    events = logs.store.events("eu-west-1", "access", EventRange(), 10)
    assert [event.message for event in events] == ["kept"]


def test_other_destinations_are_not_emulated(logs: Logs, caplog: pytest.LogCaptureFixture) -> None:
    """A delivery stream is reported, and nothing is written."""
    access = GroupAccessLogs(logs, lambda region, name: True)
    arn = "arn:aws:firehose:us-east-1:123456789012:deliverystream/amazon-apigateway-x"
    access.write(stage(access_log=AccessLog(arn, "x")), "lost", at=0)
    assert "only CloudWatch log groups are emulated" in caplog.text
