"""Traces to an OTLP backend, as they come in."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from tests.waterfall import samples
from tests.waterfall.files.test_kept import forget
from tests.waterfall.files.test_otlp import sent, spans_of
from tests.waterfall.samples import T0, TRACE_ID, segment
from waterfall.compare.difference import compare
from waterfall.files.forwarding import (
    LONGEST,
    QUIET,
    Forwarder,
    ForwardError,
    RefusedError,
    backend,
    forwarding,
    poster,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.waterfall.conftest import Api


class Backend:
    """What was sent; it takes nothing while there is a `problem`."""

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []
        self.problem = ""

    def post(self, request: dict[str, Any]) -> None:
        if self.problem:
            raise ForwardError(self.problem)
        self.requests.append(request)

    def names(self) -> list[list[str]]:
        """Return the names of each request's spans."""
        return [[span["name"] for span in spans_of(request)] for request in self.requests]


def test_a_trace_is_sent_whole_and_once(api: Api) -> None:
    """Gateway and Lambda are in it: another X-Ray that gets it shows the same trace."""
    taker = Backend()
    forwarder = Forwarder(api.reader(), taker.post, T0 - 1)
    api.put(samples.request())
    assert [forwarder.look(T0 + 3 + step) for step in range(4)] == [0, 1, 0, 0]
    (given,) = api.reader().get([TRACE_ID])
    forget(api)
    assert sent(api, taker.requests[0]) == {}
    (found,) = api.reader().get([TRACE_ID])
    assert compare(given, found).findings == ()


def test_a_trace_that_still_grows_waits(api: Api) -> None:
    """It goes when nothing was added between two looks, and what is added afterwards goes alone."""
    taker = Backend()
    forwarder = Forwarder(api.reader(), taker.post, T0 - 1)
    first, second, third = (samples.segment(f"part-{n}", f"a00000000000000{n}", n, n + 1) for n in (1, 2, 3))
    api.put([first])
    assert forwarder.look(T0 + 3) == 0
    api.put([second])
    assert forwarder.look(T0 + 4) == 0
    assert forwarder.look(T0 + 5) == 1
    api.put([third])
    assert [forwarder.look(T0 + 6), forwarder.look(T0 + 7)] == [0, 1]
    assert taker.names() == [["part-1", "part-2"], ["part-3"]]


def test_parts_of_a_function_wait_for_its_segment(api: Api) -> None:
    """Without it nobody knows whose they are; at the end, and after half a minute, they go as they are."""
    service = segment("front", "a000000000000001", 0, 2, origin="AWS::Lambda::Function")
    part = samples.alone(samples.subsegment("work", "a000000000000002", 0, 1), "a000000000000001")
    for after, ending in ((QUIET + 1, False), (1, True)):
        forget(api)
        taker = Backend()
        forwarder = Forwarder(api.reader(), taker.post, T0 - 1)
        api.put([part])
        assert [forwarder.look(T0 + 2), forwarder.look(T0 + 3)] == [0, 0]
        forwarder.is_ending = ending
        assert forwarder.look(T0 + 3 + after) == 1
    forget(api)
    taker = Backend()
    forwarder = Forwarder(api.reader(), taker.post, T0 - 1)
    api.put([part])
    assert [forwarder.look(T0 + 2), forwarder.look(T0 + 3)] == [0, 0]
    api.put([service])
    assert [forwarder.look(T0 + 4), forwarder.look(T0 + 5)] == [0, 1]
    (of,) = taker.requests[0]["resourceSpans"]
    assert of["resource"]["attributes"][0]["value"] == {"stringValue": "front"}


def test_what_still_runs_is_sent_when_it_has_ended(api: Api) -> None:
    """However long it runs: a backend keeps a span as it came first."""
    taker = Backend()
    forwarder = Forwarder(api.reader(), taker.post, T0 - 1)
    api.put([samples.segment("open", "a000000000000001", 0, None)])
    assert [forwarder.look(T0 + second) for second in (1, 2, 3, 300, 600)] == [0] * 5
    api.put([samples.segment("open", "a000000000000001", 0, 700)])
    assert [forwarder.look(T0 + 701), forwarder.look(T0 + 702)] == [0, 1]
    assert taker.names() == [["open"]]


def test_a_trace_that_never_ends_is_given_up(api: Api) -> None:
    """Nobody asks for it for ever; no function runs for so long."""
    forwarder = Forwarder(api.reader(), Backend().post, T0 - 1)
    api.put([samples.segment("open", "a000000000000001", 0, None)])
    forwarder.look(T0 + 1)
    api.requests.clear()
    forwarder.look(T0 + 2 + LONGEST)
    assert "/Traces" not in [path for path, _ in api.requests]


def test_traces_of_before_are_left_alone(api: Api) -> None:
    """Only what begins from now on goes out."""
    taker = Backend()
    api.put(samples.request())
    forwarder = Forwarder(api.reader(), taker.post, T0 + 10)
    assert [forwarder.look(T0 + 11), forwarder.look(T0 + 12)] == [0, 0]
    assert taker.requests == []


def test_a_backend_that_was_away_misses_nothing(api: Api) -> None:
    """What it did not take is sent again, and the reason is told once."""
    taker = Backend()
    taker.problem = "it is down"
    forwarder = Forwarder(api.reader(), taker.post, T0 - 1)
    api.put(samples.request())
    times = iter(T0 + 3 + step for step in range(100))
    looks = iter(range(100))

    def pause() -> bool:
        look = next(looks)
        if look == 5:
            taker.problem = ""
        return look == 8

    assert forwarder.look(T0 + 2) == 0
    assert list(forwarding(forwarder, lambda: next(times), pause)) == ["it is down", 1]
    assert len(taker.requests) == 1


@contextmanager
def answering(status: int, told: list[tuple[str, Any, bytes]], **headers: str) -> Iterator[str]:
    """Serve a backend that answers so; what it is sent goes into `told`."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            told.append((self.path, dict(self.headers), body))
            self.send_response(status)
            for name, value in {"Content-Length": "2", **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            """Keep the tests' output clean."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_requests_go_to_the_backend_in_json(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its base URL is enough, headers of the user's go along, and no proxy stands before this machine."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    told: list[tuple[str, Any, bytes]] = []
    with answering(200, told) as url:
        poster(backend(url), {"Authorization": "Bearer x"})({"resourceSpans": []})
    ((path, headers, body),) = told
    assert path == "/v1/traces"
    assert headers["Content-Type"] == "application/json"
    assert headers["Authorization"] == "Bearer x"
    assert body == b'{"resourceSpans":[]}'


def test_a_refusal_says_who_refused_and_why() -> None:
    """Status and text of the answer are in the message; so is a backend that is not there."""
    with answering(401, []) as url, pytest.raises(ForwardError, match=r"/v1/traces refused traces: 401 \{\}"):
        poster(backend(url), {})({})
    with pytest.raises(ForwardError, match="cannot be reached"):
        poster(backend(url), {})({})


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("http://localhost:4318", "http://localhost:4318/v1/traces"),
        ("http://localhost:4318/", "http://localhost:4318/v1/traces"),
        ("http://localhost:4318?key=a", "http://localhost:4318/v1/traces?key=a"),
        ("https://otlp.example/api/otlp/v1/traces", "https://otlp.example/api/otlp/v1/traces"),
    ],
)
def test_a_base_url_leads_to_traces(given: str, meant: str) -> None:
    """As OpenTelemetry's own variable `OTEL_EXPORTER_OTLP_ENDPOINT` is read."""
    assert backend(given) == meant


@pytest.mark.parametrize("given", ["localhost:4318", "ftp://host", "http://"])
def test_what_is_no_backend_is_refused(given: str) -> None:
    """The message shows what to give."""
    with pytest.raises(ValueError, match="give a URL such as http://localhost:4318"):
        backend(given)


def test_what_was_sent_is_neither_kept_nor_sent_again(api: Api) -> None:
    """A forwarder that runs for days remembers the last minutes alone."""
    taker = Backend()
    forwarder = Forwarder(api.reader(), taker.post, T0 - 1)
    api.put(samples.request())
    sent_at = [second for second in range(3, 200) if forwarder.look(T0 + second)]
    assert sent_at == [4]
    api.requests.clear()
    forwarder.look(T0 + 200)
    assert "/Traces" not in [path for path, _ in api.requests]


def test_a_trace_that_is_refused_for_good_keeps_no_other_from_going(api: Api) -> None:
    """The refusal is told, and the trace is not sent again; what the backend cannot take now is."""
    sent: list[dict[str, Any]] = []

    def post(request: dict[str, Any]) -> None:
        if not sent:
            sent.append({})
            raise RefusedError("too large")
        sent.append(request)

    forwarder = Forwarder(api.reader(), post, T0 - 1)
    api.put([*samples.request(), *samples.consumer()])
    forwarder.look(T0 + 5)
    with pytest.raises(RefusedError):
        forwarder.look(T0 + 6)
    assert (forwarder.look(T0 + 7), len(sent)) == (0, 2)


def test_a_refusal_whose_text_does_not_come_is_one_all_the_same() -> None:
    """A connection that breaks within it ends no forwarding; here, what comes is no chunk."""
    with (
        answering(503, [], **{"Transfer-Encoding": "chunked"}) as url,
        pytest.raises(ForwardError, match=r"refused traces: 503$"),
    ):
        poster(backend(url), {})({})


def test_a_redirect_is_told_and_not_followed() -> None:
    """The credentials are for who was named, and a redirected POST would be a GET without traces."""
    told: list[tuple[str, Any, bytes]] = []
    with answering(200, told) as other, answering(302, [], Location=f"{other}/elsewhere") as url:
        with pytest.raises(ForwardError, match=rf"refused traces: 302 to {other}/elsewhere: give the URL"):
            poster(backend(url), {"Authorization": "Bearer x"})({})
        assert told == []


@pytest.mark.parametrize(("status", "kind"), [(400, RefusedError), (413, RefusedError), (503, ForwardError)])
def test_a_status_tells_whether_it_is_worth_to_send_again(status: int, kind: type[Exception]) -> None:
    """https://opentelemetry.io/docs/specs/otlp/#failures-1."""
    with answering(status, []) as url, pytest.raises(ForwardError) as told:
        poster(backend(url), {})({})
    assert type(told.value) is kind
