"""CloudWatch Logs of an embedded AWS, read as of any account."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest

from tests.waterfall import samples
from tests.waterfall.logs.writing import OTHER_ID, Stream, request_id
from tests.waterfall.samples import function, service
from waterfall.logs.client import DAY, Logs
from waterfall.logs.following import follow
from waterfall.traces.client import ReadError

if TYPE_CHECKING:
    from tests.waterfall.cloud import Cloud
    from tests.waterfall.conftest import Api
    from waterfall.logs.invocations import InvocationLogs
    from waterfall.logs.lines import Line


def documents() -> list[dict[str, object]]:
    """An invocation of `front`, from 0.01 s to 1 s."""
    return [
        service("front", "b000000000000001", None, 0, 1.1, aws={"request_id": request_id(1)}),
        function("front", "b000000000000002", "b000000000000001", 0.01, 1.0),
    ]


def said(lines: tuple[Line, ...] | list[Line]) -> list[str]:
    return [line.message for line in lines if line.kind == "log"]


def of_trace(cloud: Cloud, days_later: float = 0.0) -> list[InvocationLogs]:
    (trace,) = cloud.reader.get([cloud.trace_id])
    return Logs(cloud.source, lambda: time.time() + days_later * DAY).of_trace(trace)


@pytest.mark.parametrize("write", [Stream.run, Stream.run_in_text])
def test_a_traces_lines_are_read_from_its_functions_streams(cloud: Cloud, write: object) -> None:
    """Of all streams of the log group only the run of the trace's request is taken, prints and all."""
    assert callable(write)
    own, other = Stream(), Stream(name="2023/11/14/[$LATEST]another")
    write(own, -1, -0.5, 8, "earlier", traced=OTHER_ID)
    write(own, 0.01, 1, 1, "mine", "too")
    write(own, 1.5, 1.6, 9, "later", traced=OTHER_ID)
    write(other, 0.02, 0.9, 7, "at the same time", traced=OTHER_ID)
    cloud.write(Stream(name="x").write(-2, "old"), own, other)
    cloud.put(documents())
    assert [said(logs.lines) for logs in of_trace(cloud)] == [["mine", "too"]]


def test_every_function_of_a_trace_is_read(cloud: Cloud) -> None:
    """The whole program's trace has the lines of front and of worker, each with its own."""
    traced = samples.request()
    for document, number in ((traced[1], 1), (traced[3], 2)):
        document["aws"] = {"request_id": request_id(number)}
    cloud.put(traced)
    cloud.write(
        Stream().run(0.176, 2.379, 1, "calling"), Stream("worker").run_in_text(0.311, 2.366, 2, "working")
    )
    assert [(logs.invocation.function, said(logs.lines)) for logs in of_trace(cloud)] == [
        ("front", ["calling"]),
        ("worker", ["working"]),
    ]


def test_a_missing_log_group_is_told(cloud: Cloud) -> None:
    """Who never wrote has no group."""
    cloud.put(documents())
    (found,) = of_trace(cloud)
    assert found.lines == ()
    assert found.missing
    assert found.missing.startswith("no log group /aws/lambda/front")


def test_lines_that_have_expired_are_told(cloud: Cloud) -> None:
    """A group that keeps its lines for a day has none of the day before yesterday."""
    cloud.group("/aws/lambda/front", days=1)
    cloud.put(documents())
    assert [logs.missing for logs in of_trace(cloud, days_later=2)] == [
        "expired: /aws/lambda/front keeps lines for 1 days"
    ]
    (today,) = of_trace(cloud)
    assert today.missing
    assert today.missing.startswith("nothing in /aws/lambda/front at that time")


def test_a_refused_invocation_says_that_it_did_not_run(cloud: Cloud) -> None:
    """A throttled function wrote nothing, and that is why."""
    cloud.group("/aws/lambda/front")
    cloud.put(samples.throttled())
    assert [logs.missing for logs in of_trace(cloud)] == [
        "Lambda refused this invocation: the function did not run"
    ]


def test_missing_permission_is_told(api: Api) -> None:
    """Who may read traces but no logs gets the reason that AWS gives."""
    body = {"__type": "AccessDeniedException", "message": "not authorized to perform: logs:FilterLogEvents"}
    api.replies["/"] = lambda: (400, {}, json.dumps(body).encode())
    api.put(documents())
    (trace,) = api.reader().get([samples.TRACE_ID])
    (found,) = Logs(api.source).of_trace(trace)
    assert found.missing == (
        "no permission to read /aws/lambda/front: not authorized to perform: logs:FilterLogEvents"
    )


def test_another_refusal_is_an_error(api: Api) -> None:
    """What is no property of one group stops the reading, with CloudWatch Logs' own words."""
    body = {"__type": "InvalidParameterException", "message": "no"}
    api.replies["/"] = lambda: (400, {}, json.dumps(body).encode())
    api.put(documents())
    (trace,) = api.reader().get([samples.TRACE_ID])
    with pytest.raises(
        ReadError, match="CloudWatch Logs refused FilterLogEvents: InvalidParameterException: no"
    ):
        Logs(api.source).of_trace(trace)


def test_a_trace_that_xray_lacks_is_found_by_its_id(cloud: Cloud) -> None:
    """Lines carry the id of a request that was not sampled, too; the id tells when to look."""
    cloud.write(Stream().run(0.01, 1, 1, "mine"), Stream("worker").run(0.2, 0.4, 2, "also"))
    cloud.write(Stream("other").run(0.2, 0.4, 3, "not", traced=OTHER_ID))
    found = Logs(cloud.source).of_id(cloud.trace_id)
    assert [(logs.invocation.function, said(logs.lines)) for logs in found] == [
        ("front", ["mine"]),
        ("worker", ["also"]),
    ]


def test_the_latest_lines_come_in_the_order_of_time(cloud: Cloud) -> None:
    """Of all functions, the newest last; a prefix chooses functions, a number how many."""
    cloud.write(Stream().write(0, "one").write(2, "three"), Stream("worker").write(1, "two"))
    logs, (start, end) = Logs(cloud.source), (cloud.start - 600, cloud.start + 60)
    assert said(logs.latest((), start, end, 10)) == ["one", "two", "three"]
    assert said(logs.latest((), start, end, 2)) == ["two", "three"]
    assert said(logs.latest(("work",), start, end, 10)) == ["two"]
    assert said(logs.latest(("/aws/lambda/front",), start, end, 10)) == ["one", "three"]
    assert logs.groups(("nobody",)) == []


def test_following_gives_each_line_once(cloud: Cloud) -> None:
    """What is there at first, then what has come in, also when it is late."""
    cloud.write(Stream().write(0, "one"))

    def more() -> None:
        cloud.write(Stream("worker", f"{next(names)}").write(-1 if late else 1, "late" if late else "two"))

    names = iter("abc")
    late = False
    lines = follow(Logs(cloud.source), (), cloud.start - 60, lambda: cloud.start + 2, more)
    assert said(next(lines)) == ["one"]
    assert said(next(lines)) == ["two"]
    late = True
    assert said(next(lines)) == ["late"]
