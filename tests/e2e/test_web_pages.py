"""What a web page that the developer visits can do to a running stack: nothing, in a real browser."""

from __future__ import annotations

import json
import os
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from tests.e2e.stack import Stack, running
from tests.waterfall.web.browser import Browser, Page, browsing

if TYPE_CHECKING:
    from collections.abc import Iterator

EXPLOIT = Path(__file__).with_name("exploit.html").read_bytes()
FRONT_END = "front.localhost"
MANY = 200
"""Fewer than these would mean that the page did not try what it can."""
RULE = {
    "RuleName": "kept",
    "Priority": 9000,
    "FixedRate": 1.0,
    "ReservoirSize": 1,
    "Version": 1,
    **dict.fromkeys(("ServiceName", "ServiceType", "Host", "HTTPMethod", "URLPath", "ResourceARN"), "*"),
}


@pytest.fixture(scope="module")
def site() -> Iterator[int]:
    """The port of a web server; it shows the same page under every name of this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(EXPLOIT)))
            self.end_headers()
            self.wfile.write(EXPLOIT)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def stack(site: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The demo program, with a bucket and a sampling rule to lose, and one front end that is admitted."""
    front = f"http://{FRONT_END}:{site}"
    with running(
        tmp_path_factory.mktemp("data"), "--config", "workSeconds=0", "--allow-origin", front
    ) as found:
        found.client("s3").create_bucket(Bucket="kept")
        found.client("s3").put_object(Bucket="kept", Key="kept", Body=b"kept")
        found.client("xray").create_sampling_rule(SamplingRule=RULE)
        yield found


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with browsing(("*.example", "localhost", "*.localhost")) as found:
        yield found


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    opened = browser.page()
    yield opened
    opened.close()


def ports(stack: Stack) -> dict[str, int]:
    status = stack.status
    urls = {
        "aws": status["endpoint"],
        "console": status["console"],
        "daemon": f"http://{status['daemon']}",
        "otlp": status["otlp"],
    }
    return {name: urlsplit(url).port or 80 for name, url in urls.items()}


def state(stack: Stack) -> dict[str, Any]:
    """Return what a page could have changed."""
    rules = stack.client("xray").get_sampling_rules()["SamplingRuleRecords"]
    return {
        "functions": {one["FunctionName"] for one in stack.client("lambda").list_functions()["Functions"]},
        "queues": set(stack.client("sqs").list_queues().get("QueueUrls", [])),
        "buckets": {one["Name"] for one in stack.client("s3").list_buckets()["Buckets"]},
        "objects": {one["Key"] for one in stack.client("s3").list_objects_v2(Bucket="kept")["Contents"]},
        "tables": set(stack.client("dynamodb").list_tables()["TableNames"]),
        "rules": {one["SamplingRule"]["RuleName"] for one in rules},
        "apis": json.loads(stack.request(f"{stack.status['endpoint']}/_local/status").body)["apis"],
    }


@pytest.mark.parametrize("name", ["evil.example", "127.0.0.1", "evil.localhost"])
def test_the_exploit_page_gets_nothing_through(stack: Stack, site: int, page: Page, name: str) -> None:
    """From another site, from another port of this machine and from a name below localhost.

    It reads nothing, every listener refuses all that it sends, and nothing has changed.
    """
    before = state(stack)
    trace = f"{int(time.time()):08x}{os.urandom(12).hex()}"
    page.open(f"http://{name}:{site}/")
    tried = page.run(f"attack({json.dumps(ports(stack))}, {json.dumps(trace)})")
    assert len(tried) > MANY
    harmless = {"blocked", "failed", "sent", "shown"}
    assert [one for one in tried if one[2] not in harmless] == []
    own = {str(port) for port in ports(stack).values()}
    answers = [one for one in page.answers() if urlsplit(one[0]).netloc.rpartition(":")[2] in own]
    assert len(answers) > MANY
    assert {status for _, status in answers} == {403}
    assert state(stack) == before
    stored = stack.client("xray").batch_get_traces(TraceIds=[f"1-{trace[:8]}-{trace[8:]}"])
    assert stored["Traces"] == []


def test_a_name_that_was_pointed_at_loopback_reads_nothing(stack: Stack, page: Page) -> None:
    """DNS rebinding: the page is of the very origin that it asks."""
    for port in ports(stack).values():
        page.open(f"http://rebound.example:{port}/")
        for path in ("/_local/status", "/api/source", "/GetSamplingRules", "/v1/traces", "/moto-api/reset"):
            asked = f"fetch('{path}', {{ method: 'POST', body: '{{}}' }}).then((answer) => answer.status)"
            assert page.run(asked) == 403
            assert page.run(asked.replace("'POST', body: '{}'", "'GET'")) == 403


def test_a_link_leads_to_the_console_and_nowhere_else(stack: Stack, site: int, page: Page) -> None:
    """Nothing happens by looking at it, and the page that linked there cannot read it."""
    for target, shown in (("console", True), ("endpoint", False), ("otlp", False)):
        page.open(f"http://evil.example:{site}/")
        page.run(f"void (location.href = '{stack.status[target]}/')")
        page.wait(f"location.href === '{stack.status[target]}/' && document.readyState === 'complete'")
        assert [status for url, status in page.answers() if url == f"{stack.status[target]}/"] == [
            200 if shown else 403
        ]


def test_a_deployed_api_answers_every_page(stack: Stack, site: int, page: Page) -> None:
    """By its path and by its host; without CORS headers of its own the page cannot read the answer."""
    path = urlsplit(stack.status["outputs"]["url"]).path
    port = ports(stack)["aws"]
    _, _, api, rest = path.split("/", 3)
    page.open(f"http://evil.example:{site}/")
    for url in (f"http://127.0.0.1:{port}{path}", f"http://{api}.execute-api.localhost:{port}/{rest}"):
        assert page.run(f"read('{url}', {{ mode: 'no-cors' }})") == "sent"
        assert page.run(f"read('{url}')") == "blocked"
        assert [status for asked, status in page.answers() if asked == url] == [200, 200]


def test_an_admitted_front_end_uploads_and_shows(stack: Stack, site: int, page: Page) -> None:
    """With URLs that were signed for it: a PUT, the answer's headers, an image; other AWS calls too."""
    s3 = stack.client("s3")
    s3.create_bucket(Bucket="uploads")
    put, get = (
        s3.generate_presigned_url(name, Params={"Bucket": "uploads", "Key": "dot.svg"})
        for name in ("put_object", "get_object")
    )
    picture = '<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>'
    page.open(f"http://{FRONT_END}:{site}/")
    sent = {"method": "PUT", "body": picture, "headers": {"Content-Type": "image/svg+xml"}}
    etag = page.run(
        f"fetch({json.dumps(put)}, {json.dumps(sent)}).then((answer) => answer.headers.get('etag'))"
    )
    assert etag == s3.head_object(Bucket="uploads", Key="dot.svg")["ETag"]
    assert page.run(f"element('img', {{ src: {json.dumps(get)} }})") == "LOADED"
    status = f"fetch('{stack.status['endpoint']}/_local/status').then((answer) => answer.json())"
    assert page.run(status)["status"] == "ready"
    assert page.run(f"read('{stack.status['console']}/api/source')") == "blocked"
