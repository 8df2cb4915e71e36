"""The console's API, asked as its pages ask it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.waterfall import samples
from tests.waterfall.web.many import requests
from waterfall.traces.client import Source
from waterfall.traces.shapes import map_shape, trace_shape
from waterfall.web.app import PAGES
from waterfall.web.listener import bind
from waterfall.web.server import serving
from waterfall.web.shapes import source_shape

if TYPE_CHECKING:
    from tests.waterfall.conftest import Api


def test_a_trace_is_what_show_prints_as_json_and_more(api: Api, client: httpx.Client) -> None:
    """Every field of `waterfall show --json` is there, equal."""
    api.put(samples.request())
    answer = client.get(f"/api/traces/{samples.TRACE_ID}").json()
    shown = json.loads(json.dumps(trace_shape(api.reader().get([samples.TRACE_ID])[0])))
    assert {key: answer[key] for key in shown if key != "nodes"} == {
        key: value for key, value in shown.items() if key != "nodes"
    }
    for node, expected in zip(answer["nodes"], shown["nodes"], strict=True):
        assert {key: node[key] for key in expected} == expected


def test_a_trace_leads_to_those_of_its_messages_consumers(api: Api, client: httpx.Client) -> None:
    """As far as they have come; a consumer's own trace leads back."""
    api.put(samples.request())
    assert client.get(f"/api/traces/{samples.TRACE_ID}/linked").json() == {"traces": [], "senders": []}
    api.put(samples.consumer())
    (linked,) = client.get(f"/api/traces/{samples.TRACE_ID}/linked").json()["traces"]
    assert linked["id"] == samples.CONSUMER_ID
    back = client.get(f"/api/traces/{samples.CONSUMER_ID}/linked").json()
    assert (back["traces"], [one["id"] for one in back["senders"]]) == ([], [samples.TRACE_ID])


def test_a_trace_may_be_asked_for_by_its_w3c_id(api: Api, client: httpx.Client) -> None:
    """32 hex digits are as good as X-Ray's own form."""
    api.put(samples.request())
    answer = client.get(f"/api/traces/{samples.TRACE_ID.replace('-', '')[1:]}")
    assert answer.json()["id"] == samples.TRACE_ID


def test_traces_come_newest_first_and_say_when_there_are_more(api: Api, client: httpx.Client) -> None:
    """`limit` cuts the list, and `more` tells that it did."""
    api.put(requests(3))
    answer = client.get("/api/traces", params={"limit": "2", "since": "3600"}).json()
    assert [trace["url"].rpartition("/")[2] for trace in answer["traces"]] == ["2", "1"]
    assert answer["more"] is True
    assert client.get("/api/traces", params={"limit": "3"}).json()["more"] is False


def test_the_map_is_what_map_prints_as_json(api: Api, client: httpx.Client) -> None:
    """The map of a time, and of one trace, in the form of `waterfall map --json`."""
    api.put(samples.request())
    answer = client.get("/api/map", params={"start": samples.T0 - 60, "end": samples.T0 + 60}).json()
    graph = api.reader().service_map(samples.T0 - 60, samples.T0 + 60)
    assert answer == json.loads(json.dumps(map_shape(graph)))
    of_one = client.get("/api/map", params={"trace": samples.TRACE_ID}).json()
    assert {service["name"] for service in of_one["services"]} >= {"front", "worker"}


def test_a_document_is_raw_but_for_its_subsegments(api: Api, client: httpx.Client) -> None:
    """A node's document as it was sent; what is nested in it has documents of its own."""
    api.put(samples.request())
    answer = client.get(f"/api/traces/{samples.TRACE_ID}/documents/0").json()
    assert answer["aws"]["api_gateway"]["stage"] == "dev"
    assert answer["subsegments"] == "(1 of their own)"


def test_two_traces_are_compared(api: Api, client: httpx.Client) -> None:
    """A trace equals itself."""
    api.put(samples.request())
    answer = client.get("/api/compare", params={"a": samples.TRACE_ID, "b": samples.TRACE_ID}).json()
    assert answer["findings"] == 0
    assert answer["pairs"][0]["left"]["label"] == "traced-api/dev"


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/api/traces?since=soon", "since=soon is not a number of seconds"),
        ("/api/traces?since=-1", "since=-1 is not a time back: give seconds above 0"),
        ("/api/traces?start=5&end=3", "start=5 is not before end=3: give a start before the end"),
        ("/api/traces?end=nan", "end=nan is not a number of seconds"),
        ("/api/traces?limit=0", "limit=0 is not a number of traces: give 1 to 1000"),
        ("/api/traces?limit=" + "9" * 5000, "is not a number of traces: give 1 to 1000"),
        ("/api/map?since=1e99", "since=1e99 is not a number of seconds"),
        ("/api/compare?a=x&b=y", "'x' is not a trace id"),
    ],
)
def test_a_wrong_parameter_is_named(client: httpx.Client, path: str, message: str) -> None:
    """400, with the parameter, its value and what is allowed."""
    answer = client.get(path)
    assert answer.status_code == 400
    assert message in answer.json()["error"]


def test_what_is_not_there_is_404(api: Api, client: httpx.Client) -> None:
    """A trace that X-Ray does not have, and a node that a trace does not have."""
    api.put(requests(1))
    assert client.get(f"/api/traces/{samples.CONSUMER_ID}").status_code == 404
    id_ = requests(1)[0]["trace_id"]
    assert client.get(f"/api/traces/{id_}/documents/7").json()["error"] == f"trace {id_} has no node 7"


def test_a_refused_filter_carries_x_ray_s_own_words(api: Api, client: httpx.Client) -> None:
    """InvalidRequestException becomes 400, with X-Ray's message alone."""
    body = json.dumps({"__type": "InvalidRequestException", "message": "expected a value at 5"}).encode()
    api.replies["/_local/traces"] = lambda: (404, {}, b"")
    api.replies["/TraceSummaries"] = lambda: (400, {"x-amzn-errortype": "InvalidRequestException"}, body)
    answer = client.get("/api/traces", params={"filter": "fault ="})
    assert answer.status_code == 400
    assert answer.json() == {"error": "expected a value at 5", "code": "InvalidRequestException"}


def test_a_stack_that_is_gone_is_502_and_says_what_to_do() -> None:
    """When nothing answers at the endpoint, the sentence names `waterfall up`."""
    with bind(0) as free:
        source = Source(f"http://127.0.0.1:{free.getsockname()[1]}")
    with serving(source, bind(0)) as address:
        answer = httpx.get(f"{address}/api/traces", trust_env=False)
    assert answer.status_code == 502
    assert "waterfall up" in answer.json()["error"]


def test_the_source_of_an_account_names_no_endpoint() -> None:
    """With `--aws` profile and region are told, not the local default endpoint."""
    source = Source(aws=True, profile="dev", region="eu-west-1")
    told = {"endpoint": None, "aws": True, "profile": "dev", "region": "eu-west-1", "indexed_only": False}
    assert source_shape(source) == told


def test_an_account_with_transaction_search_says_that_its_lists_are_a_share(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page shows it beside the account, above every list."""
    keys = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}
    for name, value in {**keys, "AWS_ENDPOINT_URL_XRAY": api.endpoint}.items():
        monkeypatch.setenv(name, value)
    api.reader()._xray.update_trace_segment_destination(Destination="CloudWatchLogs")
    with serving(Source(aws=True, region="us-east-1"), bind(0)) as address:
        assert httpx.get(f"{address}/api/source", trust_env=False).json()["indexed_only"] is True


@pytest.mark.parametrize("path", [path.replace("{id}", "1-2-3") for path in PAGES])
def test_every_view_s_address_answers_the_page(client: httpx.Client, path: str) -> None:
    """A deep link loads the same document, whose scripts read the address."""
    answer = client.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize("path", ["/static/../app.py", "/static/%2e%2e/app.py", "/static/..%2fapp.py"])
def test_nothing_outside_the_static_files_is_served(client: httpx.Client, path: str) -> None:
    """A path that climbs out of the folder is not found."""
    assert client.get(path).status_code == 404
