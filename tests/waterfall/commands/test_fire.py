"""`waterfall fire`: a rule or schedule, now."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.waterfall.cloud import Cloud
from waterfall.cli import main


def test_a_schedule_is_fired_before_its_time(cloud: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
    """The target gets the event that the schedule would send, and its line says so."""
    url = cloud.rule("hourly-0a1b2c3")
    assert main(["fire", "hourly", "--endpoint", cloud.endpoint]) == 0
    name, line = capsys.readouterr().out.splitlines()
    assert (name, line.split()[-1]) == (
        "hourly-0a1b2c3",
        "arn:aws:sqs:us-east-1:123456789012:hourly-0a1b2c3",
    )
    (message,) = cloud.client("sqs").receive_message(QueueUrl=url, WaitTimeSeconds=20)["Messages"]
    assert json.loads(message["Body"])["detail-type"] == "Scheduled Event"


def test_an_event_of_ones_own(cloud: Cloud, tmp_path: Path) -> None:
    """With an event the rule's targets get it, completed by the fields that every event has."""
    url = cloud.rule("with-event")
    event = tmp_path / "event.json"
    event.write_text('{"source": "shop", "detail": {"n": 1}}')
    assert main(["fire", "with-event", str(event), "--endpoint", cloud.endpoint]) == 0
    (message,) = cloud.client("sqs").receive_message(QueueUrl=url, WaitTimeSeconds=20)["Messages"]
    sent = json.loads(message["Body"])
    assert (sent["source"], sent["detail"], sent["version"]) == ("shop", {"n": 1}, "0")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["none"], "the rule or schedule none does not exist; there are"),
        (["by-event"], "has no schedule, events fire it: give it one"),
        (["by-event", "missing.json"], "the event cannot be read"),
        (["by-event", __file__], "the event is not a JSON object"),
    ],
)
def test_what_cannot_be_fired(
    cloud: Cloud, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    """A name or an event that is wrong is one line that says why."""
    cloud.client("events").put_rule(Name="by-event", EventPattern='{"source": ["shop"]}')
    assert main(["fire", *arguments, "--endpoint", cloud.endpoint]) == 1
    assert message in capsys.readouterr().err


def test_a_target_that_fails_is_told_of(cloud: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
    """A target that does not take the event is shown with its answer, and the command fails."""
    events = cloud.client("events")
    events.put_rule(Name="to-nobody", ScheduleExpression="rate(1 day)")
    gone = "arn:aws:lambda:us-east-1:123456789012:function:gone"
    events.put_targets(Rule="to-nobody", Targets=[{"Id": "1", "Arn": gone}])
    assert main(["fire", "to-nobody", "--endpoint", cloud.endpoint]) == 1
    assert "ResourceNotFoundException: Function not found" in capsys.readouterr().out


def test_an_account_fires_by_itself(capsys: pytest.CaptureFixture[str]) -> None:
    """With --aws there is nothing to fire: AWS has no operation for it."""
    with pytest.raises(SystemExit):
        main(["fire", "nightly", "--aws"])
    assert "fire works on the embedded AWS alone" in capsys.readouterr().err
