"""CloudWatch Logs through boto3."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.embedded_aws.logs.conftest import Running
from tests.embedded_aws.raw import exchange, request, signed

Find = Callable[..., list[str]]


def code(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


def test_what_lambda_writes_is_there_at_once(running: Running, group: str, found: Find) -> None:
    """Group and stream are made by the first event, which the next read finds."""
    running.write(group, "s", (0, "hello"))
    assert found() == ["hello"]


def test_streams_are_interleaved_by_time(running: Running, group: str, found: Find) -> None:
    """Events come oldest first, whichever stream they are in; those of one time as they were written."""
    running.write(group, "a", (0, "1"), (20, "4"))
    running.write(group, "b", (10, "2"), (10, "3"))
    assert found() == ["1", "2", "3", "4"]


def test_an_event_is_shown_with_its_stream(running: Running, group: str) -> None:
    """Times are in milliseconds, and ids differ."""
    running.write(group, "s", (-5, "a"), (0, "b"))
    events = running.client().filter_log_events(logGroupName=group)["events"]
    assert events[0]["logStreamName"] == "s"
    assert events[0]["timestamp"] == running.now - 5
    assert events[0]["ingestionTime"] == running.now
    assert len({event["eventId"] for event in events}) == 2


def test_a_time_range_includes_both_ends(running: Running, group: str, found: Find) -> None:
    """FilterLogEvents takes events from the start to the end, both of them too."""
    running.write(group, "s", *((offset, str(offset)) for offset in range(5)))
    assert found(startTime=running.now + 1, endTime=running.now + 3) == ["1", "2", "3"]


def test_streams_are_chosen_by_name_or_prefix(running: Running, group: str, found: Find) -> None:
    """Names and a prefix select; both together are refused."""
    for stream in ("2026/a", "2026/b", "2025/c"):
        running.write(group, stream, (0, stream))
    assert found(logStreamNames=["2026/a", "2025/c"]) == ["2026/a", "2025/c"]
    assert found(logStreamNamePrefix="2026/") == ["2026/a", "2026/b"]
    with pytest.raises(ClientError) as error:
        found(logStreamNames=["2026/a"], logStreamNamePrefix="2026/")
    assert code(error) == "InvalidParameterException"


def test_a_page_leads_to_the_next(running: Running, group: str) -> None:
    """Pages together have every event once, filtered ones too."""
    running.write(group, "s", *((n // 3, f"{'odd' if n % 2 else 'even'} {n}") for n in range(25)))
    pages = (
        running.client()
        .get_paginator("filter_log_events")
        .paginate(logGroupName=group, filterPattern="odd", limit=4)
    )
    assert [event["message"] for page in pages for event in page["events"]] == [
        f"odd {n}" for n in range(1, 25, 2)
    ]


def test_following_sees_each_event_once(running: Running, group: str) -> None:
    """`aws logs tail --follow` asks again from the last event's time, and knows events by their id."""
    client, seen, start = running.client(), dict[str, str](), 0
    for number in range(4):
        running.write(group, f"s{number % 2}", (number, f"{number}a"), (number, f"{number}b"))
        answer = client.filter_log_events(logGroupName=group, interleaved=True, startTime=start)
        for event in answer["events"]:
            seen[event["eventId"]] = event["message"]
            start = event["timestamp"]
    assert list(seen.values()) == [f"{number}{part}" for number in range(4) for part in "ab"]


def test_a_stream_is_read_from_either_end(running: Running, group: str) -> None:
    """GetLogEvents begins at the newest events or at the oldest; tokens lead on in both directions."""
    running.write(group, "s", *((n, str(n)) for n in range(6)))
    running.write(group, "other", (0, "no"))
    client = running.client()

    def read(**given: Any) -> tuple[list[str], str, str]:
        page = client.get_log_events(logGroupName=group, logStreamName="s", limit=2, **given)
        messages = [event["message"] for event in page["events"]]
        return messages, page["nextBackwardToken"], page["nextForwardToken"]

    messages, back, forward = read()
    assert messages == ["4", "5"]
    assert read(nextToken=forward)[0] == []
    assert read(nextToken=forward)[2] == forward
    messages, back, _ = read(nextToken=back)
    assert messages == ["2", "3"]
    messages, _, forward = read(startFromHead=True)
    assert messages == ["0", "1"]
    assert read(nextToken=forward)[0] == ["2", "3"]


def test_getting_events_ends_before_the_end(running: Running, group: str) -> None:
    """The end of GetLogEvents is not part of the range."""
    running.write(group, "s", (0, "0"), (1, "1"))
    given = {"logGroupName": group, "logStreamName": "s", "endTime": running.now + 1}
    assert [event["message"] for event in running.client().get_log_events(**given)["events"]] == ["0"]


def test_streams_are_described(running: Running, group: str) -> None:
    """By name or by the time of the last event, with times and size."""
    running.write(group, "a", (0, "xyz"), (9, "z"))
    running.write(group, "b", (5, "y"))
    client = running.client()
    first, second = client.describe_log_streams(logGroupName=group)["logStreams"]
    assert (first["logStreamName"], second["logStreamName"]) == ("a", "b")
    assert (first["firstEventTimestamp"], first["lastEventTimestamp"]) == (running.now, running.now + 9)
    assert first["storedBytes"] == 2 * 26 + 4
    newest = client.describe_log_streams(
        logGroupName=group, orderBy="LastEventTime", descending=True, limit=1
    )
    assert [stream["logStreamName"] for stream in newest["logStreams"]] == ["a"]
    rest = client.describe_log_streams(
        logGroupName=group, orderBy="LastEventTime", descending=True, nextToken=newest["nextToken"]
    )
    assert [stream["logStreamName"] for stream in rest["logStreams"]] == ["b"]


def test_groups_of_both_kinds_are_described(running: Running, group: str) -> None:
    """Those that were created keep their settings; those that Lambda made are there too."""
    client = running.client()
    client.create_log_group(logGroupName=f"{group}-created")
    client.put_retention_policy(logGroupName=f"{group}-created", retentionInDays=7)
    running.write(f"{group}-created", "s", (0, "hello"))
    running.write(f"{group}-made", "s", (0, "hello"))
    created, made = client.describe_log_groups(logGroupNamePrefix=group)["logGroups"]
    assert (created["logGroupName"], created["retentionInDays"]) == (f"{group}-created", 7)
    assert (made["logGroupName"], made["storedBytes"]) == (f"{group}-made", 31)
    assert made["arn"] == f"arn:aws:logs:us-east-1:123456789012:log-group:{group}-made:*"
    by_part = client.describe_log_groups(logGroupNamePattern=group[-8:])["logGroups"]
    assert len(by_part) == 2
    by_arn = client.describe_log_groups(logGroupIdentifiers=[made["logGroupArn"]])["logGroups"]
    assert [each["logGroupName"] for each in by_arn] == [f"{group}-made"]


def test_a_group_may_be_named_by_its_arn(running: Running, group: str) -> None:
    """`logGroupIdentifier` takes a name and an ARN."""
    running.write(group, "s", (0, "hello"))
    for identifier in (group, f"arn:aws:logs:us-east-1:123456789012:log-group:{group}"):
        answer = running.client().filter_log_events(logGroupIdentifier=identifier)
        assert [event["message"] for event in answer["events"]] == ["hello"]


def test_a_program_may_create_the_group_of_an_earlier_run(running: Running, group: str, found: Find) -> None:
    """What was logged stays, and CreateLogGroup succeeds once."""
    running.write(group, "s", (0, "earlier"))
    running.client().create_log_group(logGroupName=group)
    assert found() == ["earlier"]
    with pytest.raises(ClientError) as error:
        running.client().create_log_group(logGroupName=group)
    assert code(error) == "ResourceAlreadyExistsException"


@pytest.mark.parametrize("created", [True, False])
def test_a_deleted_group_is_gone(running: Running, group: str, found: Find, *, created: bool) -> None:
    """With its streams and events, whoever made it; a second time there is none."""
    client = running.client()
    if created:
        client.create_log_group(logGroupName=group)
    running.write(group, "s", (0, "hello"))
    client.delete_log_group(logGroupName=group)
    for call in (found, lambda: client.delete_log_group(logGroupName=group)):
        with pytest.raises(ClientError) as error:
            call()
        assert code(error) == "ResourceNotFoundException"


def test_clients_write_too(running: Running, group: str, found: Find) -> None:
    """A stream is created, written, and deleted."""
    client, stream = running.client(), {"logGroupName": group, "logStreamName": "mine"}
    client.create_log_group(logGroupName=group)
    client.create_log_stream(**stream)
    with pytest.raises(ClientError) as error:
        client.create_log_stream(**stream)
    assert code(error) == "ResourceAlreadyExistsException"
    client.put_log_events(**stream, logEvents=[{"timestamp": running.now, "message": "mine"}])
    assert found() == ["mine"]
    client.delete_log_stream(**stream)
    assert found() == []


def test_events_of_other_times_are_rejected(running: Running, group: str, found: Find) -> None:
    """Those over 14 days old or 2 hours ahead are counted, the others kept."""
    client, stream = running.client(), {"logGroupName": group, "logStreamName": "s"}
    running.write(group, "s", (0, "now"))
    day = 24 * 3600 * 1000
    times = (running.now - 15 * day, running.now, running.now + day)
    events = [{"timestamp": time, "message": str(time)} for time in times]
    answer = client.put_log_events(**stream, logEvents=events)
    assert answer["rejectedLogEventsInfo"] == {"tooOldLogEventEndIndex": 1, "tooNewLogEventStartIndex": 2}
    assert found() == ["now", str(running.now)]
    with pytest.raises(ClientError, match="chronological"):
        client.put_log_events(**stream, logEvents=events[::-1])


def test_odd_text_is_kept(running: Running, group: str, found: Find) -> None:
    """Half of a surrogate pair, a NUL and lines in one message harm nothing."""
    running.write(group, "s", (0, "half \ud800"), (1, "nul \0 x"), (2, "two\nlines"))
    assert found() == ["half ?", "nul \0 x", "two\nlines"]


def test_bounds_may_be_far_away(running: Running, group: str, found: Find) -> None:
    """A range to the end of time, as some clients ask for."""
    running.write(group, "s", (0, "x"))
    assert found(startTime=0, endTime=2**63 - 1) == ["x"]


def test_regions_are_apart(running: Running, group: str) -> None:
    """A group is known in its region alone."""
    running.write(group, "s", (0, "hello"))
    with pytest.raises(ClientError) as error:
        running.client("eu-west-1").filter_log_events(logGroupName=group)
    assert code(error) == "ResourceNotFoundException"


@pytest.mark.parametrize(
    ("call", "given", "named"),
    [
        ("filter_log_events", {"limit": 10_001}, "limit is 10001; it must have at most 10000"),
        ("filter_log_events", {"nextToken": "no"}, "nextToken is invalid"),
        ("filter_log_events", {"nextToken": f"f/1/{10**30}"}, "nextToken is invalid"),
        ("filter_log_events", {"filterPattern": "{" + "(" * 1000}, "too many parentheses"),
        ("filter_log_events", {"filterPattern": '"open'}, "a quotation mark is not closed"),
        ("get_log_events", {"logStreamName": "s", "nextToken": "x/1/1"}, "nextToken is invalid"),
        ("describe_log_streams", {"orderBy": "LastEventTime", "logStreamNamePrefix": "a"}, "Cannot order by"),
        ("describe_log_streams", {"nextToken": "no"}, "nextToken is invalid"),
    ],
)
def test_bad_input_is_refused(
    running: Running, group: str, call: str, given: dict[str, Any], named: str
) -> None:
    """The error names what is wrong."""
    running.write(group, "s", (0, "hello"))
    with pytest.raises(ClientError, match=named) as error:
        getattr(running.client(), call)(logGroupName=group, **given)
    assert code(error) == "InvalidParameterException"


def test_what_is_not_emulated_says_so(running: Running, group: str) -> None:
    """Queries of Logs Insights are refused rather than answered with nothing."""
    running.write(group, "s", (0, "hello"))
    with pytest.raises(ClientError) as error:
        running.client().start_query(
            logGroupName=group, startTime=0, endTime=1, queryString="fields @message"
        )
    assert code(error) == "NotImplemented"


@pytest.mark.parametrize(
    "body", [b"[" * 100_000, b"\xff", b'{"limit":' + b"9" * 5000 + b"}", b"[]", b'{"limit":NaN}']
)
@pytest.mark.parametrize(
    "name", ["PutLogEvents", "DescribeLogGroups", "DeleteLogGroup", "PutRetentionPolicy"]
)
def test_a_body_that_is_not_json_is_refused(running: Running, name: str, body: bytes) -> None:
    """Operations here and in moto have one error for it."""
    target = {**signed("logs"), "X-Amz-Target": f"Logs_20140328.{name}"}
    answer = exchange(running.url, request("POST /", target, body))
    assert (answer.status, answer.json()["__type"]) == (400, "SerializationException")


@pytest.mark.parametrize("token", ["9" * 5000, "x", "\u0663"])
def test_a_token_that_is_none_is_refused(running: Running, token: str) -> None:
    """Tokens are short numbers."""
    with pytest.raises(ClientError) as error:
        running.client().describe_log_groups(nextToken=token)
    assert code(error) == "InvalidParameterException"


def test_a_region_that_is_none_is_refused(running: Running) -> None:
    """The region of a signature may be anything: the answer is the one of all other services."""
    target = {**signed("logs", "nowhere-9"), "X-Amz-Target": "Logs_20140328.DescribeLogGroups"}
    answer = exchange(running.url, request("POST /", target, b"{}"))
    told = 'Credential should be scoped to a valid region, not "nowhere-9".'
    assert answer.json() == {"__type": "InvalidSignatureException", "message": told}
