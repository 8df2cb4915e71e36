"""What every documented filter expression selects."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedded_aws.aws.parsing import decode
from embedded_aws.xray.query.filters.parser import parse
from embedded_aws.xray.query.filters.syntax import And, Has, Keyword, Not, Or
from embedded_aws.xray.service import Query, XRay
from tests.embedded_aws.xray.builders import NOW, Api, inner, segment, trace_id

FUNCTION = "AWS::Lambda::Function"
TABLE = "AWS::DynamoDB::Table"
DENIED = {"exceptions": [{"id": "e" * 16, "type": "AccessDenied", "message": "denied"}]}


def web(url: str, method: str = "GET", status: int = 200) -> dict[str, Any]:
    request = {"method": method, "url": url, "user_agent": "curl/8", "client_ip": "10.0.0.1"}
    return {"request": request, "response": {"status": status}}


def call(short: str, name: str = "DynamoDB", table: str = "t", **fields: Any) -> dict[str, Any]:
    return inner(short, name=name, namespace="aws", aws={"table_name": table}, **fields)


TRACES: dict[str, list[dict[str, Any]]] = {
    # A quick success that passes an API and a back-end, in one zone.
    "quick": [
        segment(
            "a1",
            name="api",
            takes=0.5,
            http=web("http://api/v2/items"),
            user="alice",
            annotations={"age": 30, "aws.local.operation": "GET /x", "account": "12345", "paid": True},
            subsegments=[inner("a2", name="backend", namespace="remote", takes=0.3)],
        ),
        segment(
            "a3",
            "a2",
            name="backend",
            takes=0.25,
            aws={"account_id": "123", "ec2": {"instance_id": "i-1", "availability_zone": "z-1"}},
            resource_arn="arn:aws:ec2:r:123:instance/i-1",
        ),
    ],
    # The API answers, but its call of the back-end was refused, and the back-end says that it failed.
    "swallowed": [
        segment(
            "b1",
            name="api",
            takes=3.0,
            http=web("http://api/v1/items", "POST", 201),
            annotations={"age": 20},
            subsegments=[inner("b2", name="backend", namespace="remote", takes=1.0, error=True)],
        ),
        segment("b3", "b2", name="backend", takes=1.0, fault=True, user="bob"),
    ],
    # A function that failed because a table, which has no segment of its own, denied the call.
    "denied": [
        segment(
            "c1",
            name="fn",
            origin=FUNCTION,
            takes=6.0,
            fault=True,
            http=web("http://fn/", status=502),
            user="alice",
            subsegments=[
                inner(
                    "c2",
                    name="work",
                    takes=5.5,
                    fault=True,
                    subsegments=[call("c3", takes=5.4, fault=True, cause=DENIED)],
                )
            ],
        )
    ],
    # A function that was refused, and throttled somewhere.
    "throttled": [
        segment(
            "d1",
            name="fn",
            origin=FUNCTION,
            takes=7.0,
            error=True,
            http=web("http://fn/", status=400),
            subsegments=[call("d2", takes=6.0, error=True, throttle=True, cause=DENIED)],
        )
    ],
    # A request that has not ended.
    "open": [segment("e1", name="x", takes=None, http=web("http://x/"))],
}
NAMES = {trace_id(number): name for number, name in enumerate(TRACES)}

EXPRESSIONS = {
    # Flags
    "ok": "quick swallowed",
    "error": "throttled",
    "throttle": "throttled",
    "fault": "denied",
    "partial": "open",
    "inferred": "denied throttled",
    "ok = false": "denied throttled open",
    "ok != false": "quick swallowed",
    "ok !partial duration <3": "quick",
    "!ok": "denied throttled open",
    # Numbers
    "responsetime > 5": "denied throttled",
    "responsetime": "quick swallowed denied throttled",
    "responsetime = 0.5": "quick",
    "responsetime != 0.5": "swallowed denied throttled",
    "duration >= 5 AND duration <= 8": "denied throttled",
    "duration < 3": "quick open",
    "http.status = 502": "denied",
    "http.status >= 400": "denied throttled",
    "http.status": "quick swallowed denied throttled open",
    # Text
    'http.url BEGINSWITH "http://api/" AND http.url CONTAINS "/v2/" AND !service("fn")': "quick",
    "http.url AND responseTime > 2": "swallowed denied throttled",
    'http.url ENDSWITH "items"': "quick swallowed",
    'http.url != "http://fn/"': "quick swallowed open",
    'http.method = "POST"': "swallowed",
    'http.useragent BEGINSWITH "curl"': "quick swallowed denied throttled open",
    'http.clientip = "10.0.0.1" AND fault': "denied",
    'http.clientip = "10.0.0.2"': "",
    'user = "alice"': "quick denied",
    'user CONTAINS ""': "quick swallowed denied",
    'user ENDSWITH "ob"': "swallowed",
    "user": "quick swallowed denied",
    'user = "ALICE"': "",
    'availabilityzone = "z-1"': "quick",
    'instance.id = "i-1"': "quick",
    'resource.arn CONTAINS "instance"': "quick",
    "resource.arn": "quick",
    # Annotations
    "annotation.age > 29": "quick",
    "annotation.age <= 29": "swallowed",
    "annotation.age": "quick swallowed",
    "!annotation.age": "denied throttled open",
    'annotation.age = "30"': "",
    'annotation.account = "12345"': "quick",
    'annotation.account BEGINSWITH "12"': "quick",
    'annotation.account != "1"': "quick",
    "annotation.paid = true": "quick",
    "annotation.paid = false": "",
    'annotation[aws.local.operation] = "GET /x"': "quick",
    'Annotation[aws.local.operation] CONTAINS "GET"': "quick",
    "annotation.nobody": "",
    # Services
    'service("api")': "quick swallowed",
    'service("backend") { fault }': "swallowed",
    'service("api") { fault }': "",
    "service() { fault }": "swallowed denied",
    "service()": "quick swallowed denied throttled open",
    f'service(id(name: "fn", type: "{FUNCTION}")) {{ error }}': "throttled",
    f'service(id(type: "{TABLE}"))': "denied throttled",
    'service(id(account.id: "123"))': "quick",
    'service(id(name: "backend", account.id: "124"))': "",
    'service("fn") {root = true and fault = true}': "denied",
    'service("backend") { root }': "",
    'service("api") { fault = true OR responsetime > 2.5 } AND annotation.age = 20': "swallowed",
    "service() { inferred }": "denied throttled",
    'service() { name BEGINSWITH "back" }': "quick swallowed",
    f'service() {{ type = "{TABLE}" AND throttle }}': "throttled",
    'service() { user = "bob" }': "swallowed",
    "service() { annotation[account] }": "quick",
    'service("backend") { availabilityzone = "z-1" AND duration < 1 }': "quick",
    "service(){partial}": "open",
    # Calls
    'edge("api", "backend")': "quick swallowed",
    'edge("api", "backend") { error }': "swallowed",
    'edge("api", "backend") { fault }': "",
    'edge("backend", "api")': "",
    f'edge("fn", id(type: "{TABLE}")) {{ throttle AND responsetime > 5 }}': "throttled",
    'edge(id(type: "client"), "fn") { fault }': "denied",
    # Root causes
    f'rootcause.fault.service {{ inferred and name = "t" and type = "{TABLE}" }}': "denied",
    "rootcause.error.service { inferred }": "throttled",
    'rootcause.fault.service { first and name = "fn" }': "denied",
    'rootcause.fault.service { index = 1 and name = "t" }': "denied",
    'rootcause.fault.entity { name = "work" AND !remote }': "denied",
    "rootcause.fault.entity { remote }": "swallowed denied",
    "rootcause.responsetime.entity { last and coverage > 0.8 }": "swallowed denied throttled",
    "rootcause.responsetime.entity { coverage < 0.6 }": "quick",
    "rootcause.responsetime.service { name = traces }": "",
    'rootcause.fault.exception { last and message = "denied" }': "denied",
    'rootcause.error.exception { name = "AccessDenied" }': "throttled",
    'rootcause.json = #[{"Services": [{"Name": "fn"}, {"Inferred": true}]}]': "denied throttled",
    'rootcause.json = #[{"Services": [{"EntityPath": [{}, {"Name": "work"}, {}]}, {}]}]': "denied",
    'rootcause.json = #[{"Services": [{"Name": "fn"}]}]': "",
    'rootcause.json = #[{"ClientImpacting": true, "Nothing": 1}, {"Services": 5}]': "",
    # Combined
    'user = "alice" OR user = "bob" AND partial': "quick denied",
    '(user = "alice" OR user = "bob") AND ok': "quick swallowed",
    "!(fault OR error) !partial": "quick swallowed",
}


@pytest.fixture(scope="module")
def traces() -> Iterator[Api]:
    """All traces above."""
    xray = XRay(None, clock=lambda: NOW + 5)
    api = Api(xray)
    for number, documents in enumerate(TRACES.values()):
        api.put(*({**document, "trace_id": trace_id(number)} for document in documents))
    yield api
    xray.close()


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_expression_selects(traces: Api, expression: str) -> None:
    """An expression selects the traces for which AWS's guide says that it holds."""
    found = [NAMES[name] for name in traces.ids(expression)]
    assert sorted(found) == sorted(EXPRESSIONS[expression].split())


@given(st.permutations(["ok", "partial", "user", "http.status", "inferred"]))
def test_logic_is_that_of_sets(traces: Api, names: list[str]) -> None:
    """AND narrows, OR widens, ! turns around, and De Morgan's laws hold."""
    first, second, *_ = (Has(Keyword(name)) for name in names)

    def chosen(expression: Any) -> set[str]:
        query = Query(NOW - 10, NOW + 60, expression=expression)
        return {
            decode(found)["Id"] for found in traces.xray.summaries(query, before=None, limit=100).summaries
        }

    one, two = chosen(first), chosen(second)
    assert chosen(And((first, second))) == one & two
    assert chosen(Or((first, second))) == one | two
    assert chosen(Not(first)) == set(NAMES) - one
    assert chosen(Not(Or((first, second)))) == chosen(And((Not(first), Not(second))))


def test_trace_is_asked_anew_when_it_changed(api: Api) -> None:
    """A segment that comes later changes what selects the trace, in every table."""
    api.put(segment("a", name="api", takes=None, annotations={"k": 1}))
    assert api.ids("partial AND annotation.k = 1 AND service(){partial}") == [trace_id(0)]
    api.put(segment("a", name="api", fault=True, annotations={"j": 1}))
    assert api.ids("partial OR annotation.k OR service(){partial}") == []
    assert api.ids(
        'fault AND annotation.j = 1 AND service("api") { fault } AND rootcause.fault.service {last}'
    )


def test_pages_hold_every_match_once(api: Api) -> None:
    """Matches that are many or far apart come on as many pages as they need, newest first."""
    for number in range(250):
        flags: dict[str, Any] = {"fault": True} if number % 2 else {}
        api.put(segment("a", at=number / 1000, trace_id=trace_id(number), **flags))
    assert api.ids("fault") == [trace_id(number) for number in range(249, 0, -2)]
    answer = api.ask("/TraceSummaries", StartTime=NOW, EndTime=NOW + 10, FilterExpression="fault")
    assert (len(answer["TraceSummaries"]), answer["TracesProcessedCount"]) == (100, 199)


@pytest.mark.parametrize("by", ["TraceId", "Event", "Service"])
def test_every_sort_of_time_can_be_filtered(api: Api, by: str) -> None:
    """The expression narrows a range of any kind."""
    api.put(segment("a", fault=True), segment("a", trace_id=trace_id(1)))
    assert api.ids("fault", TimeRangeType=by) == [trace_id(0)]


def test_page_ends_when_much_had_to_be_read(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page may be empty and still have a next one, as X-Ray's; following them finds the match."""
    monkeypatch.setattr("embedded_aws.xray.service._FIRST_LOOK", 100)
    monkeypatch.setattr("embedded_aws.xray.service._FRESH", 50)
    api.put(*(segment("a", at=n / 1000, trace_id=trace_id(n), error=n == 0) for n in range(300)))
    window = {"StartTime": NOW, "EndTime": NOW + 60, "FilterExpression": "error"}
    answer = api.ask("/TraceSummaries", **window)
    assert (answer["TraceSummaries"], answer["TracesProcessedCount"]) == ([], 100)
    assert api.ids("error") == [trace_id(0)]


def test_sample_is_a_subset(api: Api) -> None:
    """A fixed rate takes that share of the traces, a partial scan the end of the range."""
    api.put(*(segment("a", at=n / 100, trace_id=trace_id(n, NOW + n / 100)) for n in range(1000)))
    tenth = {"Name": "FixedRate", "Value": 0.1}
    some = api.ids("ok", Sampling=True, SamplingStrategy=tenth)
    assert 50 <= len(some) <= 150
    assert some == api.ids("ok", Sampling=True, SamplingStrategy=tenth)
    window = {"StartTime": NOW, "EndTime": NOW + 10, "Sampling": True}
    answer = api.ask("/TraceSummaries", **window, SamplingStrategy={"Name": "PartialScan", "Value": 0.05})
    assert len(answer["TraceSummaries"]) == 50
    assert len(api.ids("ok", SamplingStrategy=tenth)) == 1000


def test_only_indexed_annotations_are_found(api: Api) -> None:
    """The 51st annotation of a trace is in its document and not in its index."""
    api.put(segment("a", annotations={f"k{number:02}": number for number in range(51)}))
    assert api.ids("annotation.k49 = 49") == [trace_id(0)]
    assert api.ids("annotation.k50") == []


def test_every_keyword_is_evaluated(traces: Api) -> None:
    """No keyword that the parser takes is unknown to the tables."""
    from embedded_aws.xray.query.filters import keywords  # noqa: PLC0415

    blocks = {"trace": "{}", "service": "service() {{ {} }}", "edge": 'edge("a", "b") {{ {} }}'}
    for place, names in keywords.PLACES.items():
        for name in names:
            test = "annotation.a" if name == "annotation" else name
            for kind in ("fault", "responsetime"):
                block = blocks.get(place, f"rootcause.{kind}.{place.rpartition(' ')[2]} {{{{ {{}} }}}}")
                if block.startswith("rootcause.responsetime.exception"):
                    continue
                assert isinstance(traces.ids(block.format(test)), list)
                assert str(parse(block.format(test)))


def test_expression_of_any_length_is_answered(traces: Api) -> None:
    """A thousand terms are as good as one."""
    text = " OR ".join(f"annotation.age = {number}" for number in range(1000))
    assert [NAMES[name] for name in traces.ids(text)] == ["swallowed", "quick"]
    assert json.dumps(text)
