"""Reading through boto3: the embedded X-Ray's real answers, AWS's limits, and everything that can fail."""

from __future__ import annotations

import itertools
import socket
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zlib import crc32

import boto3
import pytest
from botocore.stub import Stubber

from tests.waterfall import samples
from tests.waterfall.samples import T0, TRACE_ID
from waterfall.shell import typed
from waterfall.traces.client import (
    LONGEST_LISTING,
    LONGEST_MAP,
    Reader,
    ReadError,
    Source,
    client,
    connect,
    windows,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.waterfall.conftest import Api


def ids(count: int) -> list[str]:
    return [f"1-6553f100-{number:024x}" for number in range(count)]


def stubbed(*, aws: bool = True) -> tuple[Reader, Stubber]:
    xray = boto3.client("xray", region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="x")
    return Reader(Source(aws=aws), xray), Stubber(xray)


def one_segment(trace_id: str, start: float = 0) -> dict[str, Any]:
    return {**samples.segment("top", "a000000000000001", start, start + 1), "trace_id": trace_id}


def test_trace_is_read_as_it_was_sent(api: Api) -> None:
    """A trace that was sent as segments comes back as the same tree, inferred services included."""
    api.put(samples.request())
    [found] = api.reader().get([TRACE_ID])
    sent = samples.trace(samples.request())
    assert [(node.depth, node.id, node.type) for node in found.nodes if not node.type] == [
        (node.depth, node.id, node.type) for node in sent.nodes if not node.type
    ]
    assert (found.warnings, len(found.nodes), found.duration) == ((), len(sent.nodes), sent.duration)


def test_unknown_trace_is_left_out(api: Api) -> None:
    """Of several ids those that exist are returned, in the order asked for."""
    known = ids(3)
    api.put(one_segment(id_) for id_ in known)
    asked = [known[2], "1-6553f100-ffffffffffffffffffffffff", known[0]]
    assert [trace.id for trace in api.reader().get(asked)] == [known[2], known[0]]


def test_five_ids_are_asked_at_a_time(api: Api) -> None:
    """X-Ray takes at most five ids per call."""
    api.put(one_segment(id_) for id_ in ids(12))
    assert len(api.reader().get(ids(12))) == 12
    assert [len(body["TraceIds"]) for path, body in api.requests if path == "/Traces"] == [5, 5, 2]


def test_summaries_are_newest_first(api: Api) -> None:
    """All pages of all windows are read and put in order."""
    wanted = [f"1-{int(T0) + number % 90:08x}-{number:024x}" for number in range(250)]
    api.put(one_segment(id_, number % 90) for number, id_ in enumerate(wanted))
    found = api.reader().summaries(T0 - 10, T0 + 100)
    assert {summary.id for summary in found} == set(wanted)
    assert [summary.start for summary in found] == sorted((s.start or 0 for s in found), reverse=True)


def test_limit_reads_only_the_newest_windows(api: Api) -> None:
    """A small limit is answered from the youngest window that holds enough."""
    api.put([one_segment(f"1-{int(T0) + 95:08x}-{1:024x}", 95)])
    assert len(api.reader().summaries(T0 - 80_000, T0 + 100, limit=1)) == 1
    assert [path for path, _ in api.requests] == ["/TraceSummaries"]


def test_all_times_of_the_embedded_aws_are_a_few_calls(api: Api) -> None:
    """A page may ask from 1970 on: its windows grow without end, as there is no longest one."""
    api.put([one_segment(TRACE_ID, 0)])
    assert [found.id for found in api.reader().summaries(0, T0 + 100)] == [TRACE_ID]
    assert len(api.requests) < 15


def many(second: float, first: int, count: int) -> list[dict[str, Any]]:
    """Traces of one second after T0."""
    return [
        one_segment(f"1-{int(T0 + second):08x}-{number:024x}", second)
        for number in range(first, first + count)
    ]


def test_a_limit_reads_no_more_pages_than_it_needs(api: Api) -> None:
    """Fifty traces cost one page, whatever lies behind them in the same second."""
    api.put(many(90, 0, 1000))
    api.put(many(95, 1000, 30))
    found = api.reader().summaries(T0 - 80_000, T0 + 100, limit=50)
    assert [summary.start for summary in found] == [T0 + 95] * 30 + [T0 + 90] * 20
    assert len(api.requests) == 1


def test_the_latest_trace_reads_one_page(api: Api) -> None:
    """It is among the newest, however many there are."""
    api.put(many(90, 0, 1000))
    latest = api.reader().latest(T0 - 80_000, T0 + 100)
    assert latest is not None
    assert latest.start == T0 + 90
    assert len(api.requests) == 1


class Account:
    """GetTraceSummaries of an account: 100 a page, in no order, times in whole seconds."""

    def __init__(self, summaries: list[dict[str, Any]]) -> None:
        self.summaries = summaries
        self.pages = 0

    def get_paginator(self, _: str) -> Account:
        return self

    def paginate(self, StartTime: Any, EndTime: Any) -> Iterator[dict[str, Any]]:  # noqa: N803 - boto3's
        start, end = int(StartTime.timestamp()), int(EndTime.timestamp())
        assert start < end
        found = [summary for summary in self.summaries if start <= summary["StartTime"].timestamp() < end]
        for first in range(0, max(1, len(found)), 100):
            self.pages += 1
            more = {"NextToken": "more"} if first + 100 < len(found) else {}
            yield {"TraceSummaries": found[first : first + 100], **more}


def account(*seconds: float) -> Account:
    """Hold a trace at each of these seconds after T0."""
    times = [
        (f"1-{int(T0 + second):08x}-{number:024x}", T0 + second) for number, second in enumerate(seconds)
    ]
    summaries = [{"Id": id_, "StartTime": datetime.fromtimestamp(time, UTC)} for id_, time in times]
    return Account(sorted(summaries, key=lambda summary: crc32(str(summary["Id"]).encode())))


def test_the_newest_are_found_where_pages_have_no_order() -> None:
    """X-Ray promises no order within a window: what is listed is the newest nevertheless."""
    xray = account(*(number / 10 for number in range(2_000)))
    found = Reader(Source(aws=True), xray).summaries(T0 - 3600, T0 + 200.5, limit=50)
    newest = [T0 + number / 10 for number in range(1999, 1949, -1)]
    assert [summary.start for summary in found] == pytest.approx(newest)


def test_a_window_with_too_many_traces_is_not_read_to_its_end() -> None:
    """In an account, the younger half of a window is read instead, and so on."""
    xray = account(*(number / 1000 for number in range(60_000)))
    found = Reader(Source(aws=True), xray).summaries(T0 - 3600, T0 + 60, limit=50)
    assert min(summary.start or 0.0 for summary in found) > T0 + 59.9
    assert xray.pages < 40


def test_a_window_of_few_traces_is_read_once() -> None:
    """Where a window holds less than is wanted, all of it is."""
    xray = account(*range(55))
    assert len(Reader(Source(aws=True), xray).summaries(T0, T0 + 60, limit=80)) == 55
    assert xray.pages == 1


def test_filter_is_passed_through() -> None:
    """A filter expression reaches X-Ray as it was given."""
    reader, stub = stubbed()
    expected = {"StartTime": any_time(), "EndTime": any_time(), "FilterExpression": "fault = true"}
    stub.add_response("get_trace_summaries", {"TraceSummaries": []}, expected)
    with stub:
        assert reader.summaries(T0, T0 + 30, expression="fault = true") == []
    stub.assert_no_pending_responses()


def any_time() -> Any:
    from botocore.stub import ANY  # noqa: PLC0415 - named for what it stands for here

    return ANY


def test_windows_grow_and_touch() -> None:
    """A time is cut without gaps, newest first, into windows of at most 24 hours."""
    cut = list(windows(0, 3 * 86_400))
    assert cut[0] == (3 * 86_400 - 60, 3 * 86_400)
    assert cut[-1][0] == 0
    assert all(later[0] == earlier[1] for later, earlier in itertools.pairwise(cut))
    assert max(end - start for start, end in cut) == LONGEST_LISTING


def test_latest_is_the_newest_request(api: Api) -> None:
    """A consumer's trace that came after the request does not hide it."""
    api.put([*samples.request(), *samples.consumer()])
    latest = api.reader().latest(T0 - 10, T0 + 50)
    assert latest is not None
    assert latest.id == TRACE_ID


def test_latest_is_any_trace_where_there_is_no_request(api: Api) -> None:
    """Without a request the newest trace of any kind is the latest."""
    api.put(samples.consumer())
    latest = api.reader().latest(T0 - 10, T0 + 50)
    assert latest is not None
    assert latest.id == samples.CONSUMER_ID


def test_latest_of_nothing_is_none(api: Api) -> None:
    """An empty X-Ray has no latest trace."""
    assert api.reader().latest(T0 - 10, T0 + 50) is None


def test_map_has_services_and_their_connections(api: Api) -> None:
    """The service map names who called whom, callers first."""
    api.put(samples.request())
    graph = api.reader().service_map(T0 - 10, T0 + 50)
    assert [(service.name, service.type) for service in graph.services][:4] == [
        ("traced-api/dev", "client"),
        ("traced-api/dev", "AWS::ApiGateway::Stage"),
        ("front", "AWS::Lambda"),
        ("front", "AWS::Lambda::Function"),
    ]
    assert {service.type for service in graph.services if service.is_inferred} >= {"AWS::DynamoDB::Table"}
    stage = graph.services[1]
    assert (stage.counts.total, stage.counts.ok, len(stage.edges)) == (1, 1, 1)


def test_map_of_one_trace_is_its_graph(api: Api) -> None:
    """The map of a trace holds that trace's services only."""
    api.put([*samples.request(), one_segment("1-6553f100-ffffffffffffffffffffffff")])
    reader = api.reader()
    [trace] = reader.get([TRACE_ID])
    assert "top" not in {service.name for service in reader.map_of(trace).services}


def test_no_server_says_how_to_start_one() -> None:
    """When nothing listens the message names the endpoint and the ways on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{probe.getsockname()[1]}"
    with pytest.raises(
        ReadError, match=f"nothing answers at {endpoint}: start a local stack with `{typed('up')}`"
    ):
        connect(Source(endpoint)).get([TRACE_ID])


def test_server_that_is_no_aws_is_told(api: Api) -> None:
    """An endpoint that answers something else than AWS does is one line."""
    api.replies["/Traces"] = lambda: (404, {"Content-Type": "text/html"}, b"<h1>no</h1>")
    with pytest.raises(ReadError, match="X-Ray refused BatchGetTraces: 404"):
        api.reader().get([TRACE_ID])


def test_refusal_is_told_with_its_code() -> None:
    """What X-Ray refuses is told with its code and message."""
    reader, stub = stubbed()
    stub.add_client_error("get_trace_summaries", "InvalidRequestException", "Invalid filter", 400)
    with stub, pytest.raises(ReadError, match="GetTraceSummaries: InvalidRequestException: Invalid filter"):
        reader.summaries(T0, T0 + 30)


def test_throttling_is_retried_in_an_account() -> None:
    """A real account throttles: its client tries eight times, in the standard mode."""
    source = Source(aws=True, region="eu-west-1")
    assert client(source, "xray").meta.config.retries == {"mode": "standard", "total_max_attempts": 9}


@pytest.mark.parametrize(
    ("exported", "asked"),
    [
        ("http://127.0.0.1:4566", "https://xray.eu-west-1.amazonaws.com"),
        ("http://localhost:4566/", "https://xray.eu-west-1.amazonaws.com"),
        ("https://vpce-1.example", "https://vpce-1.example"),
        ("http://proxy.example:8000", "http://proxy.example:8000"),
    ],
)
def test_an_account_is_not_looked_for_on_this_machine(
    monkeypatch: pytest.MonkeyPatch, exported: str, asked: str
) -> None:
    """What sends a shell's SDKs to a local stack does not send `--aws` there; other endpoints count."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", exported)
    assert client(Source(aws=True, region="eu-west-1"), "xray").meta.endpoint_url == asked


def test_proxies_are_not_used_for_a_local_stack(monkeypatch: pytest.MonkeyPatch, api: Api) -> None:
    """A proxy in the environment does not stand between the viewer and this machine."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    assert api.reader().get([TRACE_ID]) == []


def test_local_stack_needs_no_account(monkeypatch: pytest.MonkeyPatch, api: Api) -> None:
    """A local stack is read without credentials, region or the user's profile."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_PROFILE", "gone")
    assert api.reader().get([TRACE_ID]) == []


@pytest.fixture
def no_account(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in (
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_DEFAULT_REGION",
        "AWS_PROFILE",
        "AWS_REGION",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))


@pytest.mark.usefixtures("no_account")
def test_missing_credentials_are_told() -> None:
    """An account without credentials says how to give some."""
    reader = connect(Source(aws=True, region="eu-west-1"))
    with pytest.raises(ReadError, match="no AWS credentials found"):
        reader.get([TRACE_ID])


@pytest.mark.usefixtures("no_account")
def test_missing_region_is_told() -> None:
    """An account without a region says how to name one."""
    with pytest.raises(ReadError, match="--region"):
        connect(Source(aws=True))


@pytest.mark.usefixtures("no_account")
def test_missing_profile_is_told() -> None:
    """A profile that does not exist is named."""
    with pytest.raises(ReadError, match="gone"):
        connect(Source(aws=True, profile="gone", region="eu-west-1"))


def test_a_map_of_six_hours_is_asked_for_six_hours(api: Api) -> None:
    """Wherever in their seconds its ends lie, since X-Ray refuses a second more."""
    for moment in (T0, T0 + 0.2, T0 + 0.9):
        api.reader().service_map(moment - LONGEST_MAP, moment)
    spans = [body for path, body in api.requests if path == "/ServiceGraph"]
    assert max(int(body["EndTime"]) - int(body["StartTime"]) for body in spans) == LONGEST_MAP


@pytest.mark.parametrize(("destination", "on"), [("CloudWatchLogs", True), ("XRay", False)])
def test_transaction_search_is_seen(destination: str, on: bool) -> None:  # noqa: FBT001 - a table's column
    """Where an account's segments go tells whether Transaction Search is on."""
    reader, stub = stubbed()
    stub.add_response("get_trace_segment_destination", {"Destination": destination, "Status": "ACTIVE"})
    with stub:
        assert reader.keeps_all_in_logs() is on


def test_transaction_search_without_permission_is_off() -> None:
    """A reader that may not ask gets no hint, and no error."""
    reader, stub = stubbed()
    stub.add_client_error("get_trace_segment_destination", "AccessDeniedException")
    with stub:
        assert reader.keeps_all_in_logs() is False
