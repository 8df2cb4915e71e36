"""What the reading commands say when there is nothing to show in an account."""

from __future__ import annotations

from typing import TYPE_CHECKING

import boto3
import pytest
from botocore.stub import Stubber

from tests.waterfall import samples
from tests.waterfall.samples import T0, TRACE_ID
from waterfall.commands.context import Context
from waterfall.commands.logs import draw_trace_lines
from waterfall.commands.map import draw_map
from waterfall.commands.show import show_trace
from waterfall.commands.traces import list_traces
from waterfall.logs.client import Logs
from waterfall.terminal.screen import Screen
from waterfall.traces.client import Reader, ReadError, Source

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def account() -> Iterator[tuple[Context, Stubber]]:
    xray = boto3.client("xray", region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="x")
    with Stubber(xray) as stub:
        source = Source(aws=True)
        yield Context(source, Reader(source, xray), Screen(), T0 + 65, json=False), stub
        stub.assert_no_pending_responses()


def search_is_on(stub: Stubber) -> None:
    stub.add_response("get_trace_segment_destination", {"Destination": "CloudWatchLogs", "Status": "ACTIVE"})


def test_trace_of_an_account_is_shown(account: tuple[Context, Stubber]) -> None:
    """An account's trace is drawn by the same code as a local one."""
    context, stub = account
    stub.add_response("batch_get_traces", {"Traces": [samples.api_trace(samples.request())]})
    assert "simulate slow work" in show_trace(context, TRACE_ID)


def test_missing_trace_names_transaction_search(account: tuple[Context, Stubber]) -> None:
    """Where an account keeps spans in CloudWatch Logs, a missing trace says where else to look."""
    context, stub = account
    stub.add_response("batch_get_traces", {"Traces": [], "UnprocessedTraceIds": [TRACE_ID]})
    search_is_on(stub)
    with pytest.raises(ReadError, match=r"Transaction Search is on .* log group aws/spans"):
        show_trace(context, TRACE_ID)


def test_empty_list_names_transaction_search(account: tuple[Context, Stubber]) -> None:
    """An empty list says so too."""
    context, stub = account
    stub.add_response("get_trace_summaries", {"TraceSummaries": []})
    search_is_on(stub)
    text = list_traces(context, context.now - 30, 5, "fault")
    assert text.startswith(
        "no traces that match since then; --since 1d looks further back; Transaction Search"
    )


def test_list_names_transaction_search(account: tuple[Context, Stubber]) -> None:
    """A list that is not empty says that it holds the indexed share only."""
    context, stub = account
    found = {"Id": TRACE_ID, "StartTime": T0, "Duration": 1.0}
    stub.add_response("get_trace_summaries", {"TraceSummaries": [found]})
    search_is_on(stub)
    text = list_traces(context, context.now - 30, 5, None)
    assert TRACE_ID in text
    assert "only indexed traces are found here" in text.replace("\n", " ")


def test_the_groups_of_an_account_are_not_searched_for_a_trace(account: tuple[Context, Stubber]) -> None:
    """Of a trace that X-Ray does not have, the functions have to be named: a search in each group costs."""
    context, stub = account
    stub.add_response("batch_get_traces", {"Traces": [], "UnprocessedTraceIds": [TRACE_ID]})
    with pytest.raises(ReadError, match="name functions, to search their logs for its id"):
        draw_trace_lines(context, Logs(context.source), TRACE_ID, [])


def test_empty_map_names_transaction_search(account: tuple[Context, Stubber]) -> None:
    """An empty map says so too."""
    context, stub = account
    stub.add_response(
        "get_service_graph",
        {"Services": [], "StartTime": T0, "EndTime": T0, "ContainsOldGroupVersions": False},
    )
    search_is_on(stub)
    assert "aws/spans" in draw_map(context, context.now - 30)
