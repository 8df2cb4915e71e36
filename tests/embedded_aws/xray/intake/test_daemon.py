from __future__ import annotations

import base64
import json
import logging
import socket
import sys
import threading
import urllib.error
import urllib.request
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import pytest
from aws_xray_sdk.core.emitters.udp_emitter import UDPEmitter
from aws_xray_sdk.core.models.segment import Segment

from embedded_aws.aws.http import Response, read_request
from embedded_aws.xray.intake.daemon import Daemon
from embedded_aws.xray.query.store import StoreError
from tests.embedded_aws.xray.sdk_spans import XRAY_TRACE_ID, request

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from starlette.types import Receive, Scope, Send

HEADER = b'{"format":"json","version":1}\n'


class Core:
    """What the daemon hands its documents to."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.answers: list[list[dict[str, Any]]] = []
        self.called = threading.Event()

    def put(self, texts: Sequence[str]) -> list[dict[str, Any]]:
        self.texts += texts
        self.called.set()
        return self.answers.pop(0) if self.answers else []


async def api(scope: Scope, receive: Receive, send: Send) -> None:
    """Echo a request; fail on /fail."""
    asked = await read_request(scope, receive)
    if asked.path == "/fail":
        raise RuntimeError("broken")
    answer = json.dumps({"path": asked.path, "body": asked.body.decode()}).encode()
    await Response(418, answer, {"x-amzn-errortype": "Teapot"})(scope, receive, send)


@contextmanager
def running(core: Core, port: int = 0) -> Iterator[Daemon]:
    daemon = Daemon("127.0.0.1", port, core.put, api)
    daemon.start()
    try:
        yield daemon
    finally:
        daemon.stop()


@pytest.fixture
def core() -> Core:
    return Core()


@pytest.fixture
def daemon(core: Core) -> Iterator[Daemon]:
    with running(core) as started:
        yield started


def address(daemon: Daemon) -> tuple[str, int]:
    host, _, port = daemon.address.partition(":")
    return host, int(port)


def send(daemon: Daemon, *datagrams: bytes) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for datagram in datagrams:
            sender.sendto(datagram, address(daemon))


def post(
    daemon: Daemon, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
) -> tuple[int, dict[str, str], bytes]:
    url = f"http://{daemon.address}{path}"
    call = urllib.request.Request(url, data=body, headers=dict(headers or {}), method="POST")
    try:
        with urllib.request.urlopen(call, timeout=60) as answer:
            return answer.status, dict(answer.headers), answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, dict(error.headers), error.read()


def test_a_document_is_stored_verbatim(core: Core, daemon: Daemon) -> None:
    """The daemon changes nothing, not even spaces."""
    send(daemon, HEADER + b'{ "a" :1 }')
    assert daemon.flush()
    assert core.texts == ['{ "a" :1 }']


def test_a_document_is_stored_without_waiting_for_more(core: Core, daemon: Daemon) -> None:
    """One packet is enough; there is no batch to be filled and no idle second, which each would wait for."""

    def is_stored_at_once() -> bool:
        assert daemon.flush()
        core.called.clear()
        send(daemon, HEADER + b"{}")
        return core.called.wait(0.9)

    assert any(is_stored_at_once() for _ in range(20))


def test_the_emitter_of_the_xray_sdk_is_understood(core: Core, daemon: Daemon) -> None:
    """A segment of the real SDK, sent by its real emitter."""
    segment = Segment("front")
    segment.put_annotation("order", 7)
    segment.close()
    emitter = UDPEmitter(daemon.address)
    emitter.send_entity(segment)
    emitter._socket.close()
    assert daemon.flush()
    (text,) = core.texts
    assert json.loads(text)["annotations"] == {"order": 7}


def test_sampled_spans_are_translated(core: Core, daemon: Daemon) -> None:
    """What the OpenTelemetry distribution sends from Lambda arrives as segment documents."""
    payload = request({"order": 7}).SerializeToString()
    send(daemon, HEADER + b"T1S" + base64.b64encode(payload))
    assert daemon.flush()
    (text,) = core.texts
    assert json.loads(text)["trace_id"] == XRAY_TRACE_ID


@pytest.mark.parametrize(
    ("prefix", "counted"), [(b"T1U", "unsampled spans packets"), (b"M1", "metrics packets")]
)
def test_unsampled_spans_and_metrics_are_only_counted(
    core: Core, daemon: Daemon, prefix: bytes, counted: str
) -> None:
    """They are no part of the trace store."""
    send(daemon, HEADER + prefix + base64.b64encode(request().SerializeToString()))
    assert daemon.flush()
    assert core.texts == []
    assert daemon.counts() == {counted: 1}


def test_malformed_packets_are_dropped_counted_and_logged_once(
    core: Core, daemon: Daemon, caplog: pytest.LogCaptureFixture
) -> None:
    """One line per cause, whatever the number; what follows is stored."""
    send(daemon, b"junk", b"more junk", b"{}\n{}", b"", HEADER + b"T1SAAAA", HEADER + b"{}")
    assert daemon.flush()
    assert core.texts == ["{}"]
    rejected = {name: count for name, count in daemon.counts().items() if name.startswith("rejected")}
    assert rejected == {
        "rejected: no newline after the header": 3,
        "rejected: the header's format is not json": 1,
        "rejected: the payload is not an OTLP trace request in protobuf": 1,
    }
    assert len([record for record in caplog.records if record.levelno == logging.WARNING]) == len(rejected)


def test_bad_spans_are_counted_and_the_others_stored(core: Core, daemon: Daemon) -> None:
    """One span without ids does not cost its packet."""
    message = request()
    message.resource_spans[0].scope_spans[0].spans.add(name="no ids")
    send(daemon, HEADER + b"T1S" + base64.b64encode(message.SerializeToString()))
    assert daemon.flush()
    assert len(core.texts) == 1
    assert daemon.counts()["rejected: a trace id is not 16 bytes, or all zeros"] == 1


def test_documents_that_xray_refuses_are_counted_and_logged_once(
    core: Core, daemon: Daemon, caplog: pytest.LogCaptureFixture
) -> None:
    """As AWS's daemon, this one does not try again."""
    refusal = {"Id": "1", "ErrorCode": "MissingName", "Message": "Invalid segment. ErrorCode: MissingName"}
    core.answers = [[refusal, refusal]]
    send(daemon, HEADER + b"{}")
    assert daemon.flush()
    assert daemon.counts()["rejected: X-Ray answered MissingName"] == 2
    assert caplog.text.count("X-Ray answered MissingName: Invalid segment.") == 1


def test_a_store_that_fails_does_not_stop_the_daemon(core: Core, caplog: pytest.LogCaptureFixture) -> None:
    """The documents are counted as failed, the error is logged, the next packet is taken."""

    def put(texts: Sequence[str]) -> list[dict[str, Any]]:
        if texts == ["1"]:
            raise OSError("disk full")
        return core.put(texts)

    daemon = Daemon("127.0.0.1", 0, put, api)
    daemon.start()
    send(daemon, HEADER + b"1")
    assert daemon.flush()
    send(daemon, HEADER + b"2")
    assert daemon.flush()
    daemon.stop()
    assert core.texts == ["2"]
    assert daemon.counts()["failed documents"] == 1
    assert "disk full" in caplog.text


def test_a_document_that_cannot_be_stored_takes_no_others_with_it(core: Core) -> None:
    """Of the packets that wait together, only the bad one is lost."""
    all_sent = threading.Event()

    def put(texts: Sequence[str]) -> list[dict[str, Any]]:
        assert all_sent.wait(10)
        if "bad" in texts:
            raise OSError("disk full")
        return core.put(texts)

    daemon = Daemon("127.0.0.1", 0, put, api)
    daemon.start()
    for text in (b"first", b"good", b"bad", b"fine"):
        send(daemon, HEADER + text)
    all_sent.set()
    assert daemon.flush()
    daemon.stop()
    assert core.texts == ["first", "good", "fine"]
    assert daemon.counts()["failed documents"] == 1


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells how many datagrams it dropped")
def test_what_the_kernel_drops_is_counted_and_explained(
    core: Core, daemon: Daemon, caplog: pytest.LogCaptureFixture
) -> None:
    """With a tiny receive buffer a burst is lost; the log says so once, and what helps."""
    assert daemon._datagrams is not None
    daemon._datagrams._udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
    while not daemon.counts().get("lost"):
        send(daemon, *[HEADER + b"x" * 2000] * 500)
        assert daemon.flush()
    assert caplog.text.count("net.core.rmem_max") == 1


def test_text_that_is_not_utf8_is_repaired(core: Core, daemon: Daemon) -> None:
    """As AWS's daemon does, so that the X-Ray API can say what is wrong with the document."""
    send(daemon, HEADER + b'{"a":"\xff"}')
    assert daemon.flush()
    assert core.texts == ['{"a":"\N{REPLACEMENT CHARACTER}"}']


def test_the_largest_datagram_arrives(core: Core, daemon: Daemon) -> None:
    """65,507 bytes are what UDP over IPv4 can carry."""
    body = b"x" * (65_507 - len(HEADER))
    send(daemon, HEADER + body)
    assert daemon.flush()
    assert core.texts == [body.decode()]


def test_a_burst_is_stored_completely_and_in_order(core: Core, daemon: Daemon) -> None:
    """2,000 packets back to back while this thread holds the interpreter."""
    send(daemon, *(HEADER + str(number).encode() for number in range(2000)))
    assert daemon.flush(30)
    assert core.texts == [str(number) for number in range(2000)]


def test_stopping_stores_what_has_arrived(core: Core) -> None:
    """Nothing that was sent before is lost."""
    with running(core) as daemon:
        send(daemon, *(HEADER + str(number).encode() for number in range(500)))
    assert len(core.texts) == 500


def test_answering_can_stop_before_storing(core: Core) -> None:
    """A client that sends half a request takes a second at the end, which others can use meanwhile."""
    with running(core) as daemon, socket.create_connection(address(daemon)) as slow:
        slow.sendall(b"POST /GetSamplingRules HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{")
        daemon.stop_answering()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(address(daemon))
        send(daemon, HEADER + b"late")
    assert core.texts == ["late"]


def test_a_second_stop_and_a_late_flush_do_nothing(core: Core) -> None:
    """Both are harmless."""
    with running(core) as daemon:
        assert daemon.flush()
    daemon.stop()
    assert not daemon.flush(0.1)
    assert daemon.counts() == {}


def test_a_daemon_that_was_never_started_can_be_stopped(core: Core) -> None:
    """So that a failed start needs no special care."""
    daemon = Daemon("127.0.0.1", 0, core.put, api)
    daemon.stop()
    assert not daemon.flush(0)


def test_udp_and_tcp_have_the_same_port(daemon: Daemon) -> None:
    """AWS_XRAY_DAEMON_ADDRESS has room for one."""
    assert address(daemon)[1] > 0
    assert post(daemon, "/GetSamplingRules")[0] == 418


@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM])
def test_a_taken_port_fails_at_once_and_leaves_nothing_open(core: Core, kind: socket.SocketKind) -> None:
    """Either protocol's; the port is free for both again when it is released.

    Ten ports, as the other protocol's of the same number may be anybody's on this machine.
    """
    started = []
    for _ in range(10):
        with socket.socket(socket.AF_INET, kind) as taken:
            taken.bind(("127.0.0.1", 0))
            if kind == socket.SOCK_STREAM:
                taken.listen()
            port = taken.getsockname()[1]
            daemon = Daemon("127.0.0.1", port, core.put, api)
            with pytest.raises(OSError, match="in use"):
                daemon.start()
        with suppress(OSError), running(core, port) as second:
            started.append(second.address == f"127.0.0.1:{port}")
            break
    assert started == [True]


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "abc.execute-api.us-east-1.amazonaws.com"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
)
def test_a_web_page_does_not_reach_the_api(daemon: Daemon, headers: dict[str, str]) -> None:
    """Neither by a name that was pointed at loopback, nor from its own origin."""
    status, answered, body = post(daemon, "/GetSamplingRules", b"{}", headers)
    assert (status, answered["x-amzn-errortype"]) == (403, "AccessDeniedException")
    assert "not allowed" in json.loads(body)["Message"]


def test_tcp_requests_reach_the_api_unchanged(daemon: Daemon) -> None:
    """Path, body, status and headers are passed on, without a query string."""
    status, headers, body = post(daemon, "/SamplingTargets?x=1", b'{"a":1}')
    assert status == 418
    assert headers["x-amzn-errortype"] == "Teapot"
    assert json.loads(body) == {"path": "/SamplingTargets", "body": '{"a":1}'}


def test_a_failing_api_answers_500(daemon: Daemon, caplog: pytest.LogCaptureFixture) -> None:
    """The client gets an answer, the log the reason."""
    assert post(daemon, "/fail")[0] == 500
    assert "broken" in caplog.text


def raw(daemon: Daemon, text: bytes) -> bytes:
    with socket.create_connection(address(daemon), 5) as connection:
        connection.sendall(text)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(4096), b""))


@pytest.mark.parametrize("length", [b"x", b"-1", b"99999999999", b"9" * 5000])
def test_a_bad_content_length_is_refused(daemon: Daemon, length: bytes) -> None:
    """It is answered, and does not tie up the daemon."""
    answer = raw(daemon, b"POST / HTTP/1.1\r\nContent-Length: " + length + b"\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 400")


def test_junk_over_tcp_is_refused(daemon: Daemon) -> None:
    """And the next request is served."""
    assert b"400" in raw(daemon, b"\x16\x03\x01\x00\xff\r\n\r\n")
    assert post(daemon, "/GetSamplingRules")[0] == 418


def test_a_store_that_takes_nothing_is_asked_once(caplog: pytest.LogCaptureFixture) -> None:
    """Documents that find the disk full are counted, and not tried or logged one by one."""
    calls: list[int] = []

    def put(texts: Sequence[str]) -> list[dict[str, Any]]:
        calls.append(len(texts))
        raise StoreError("the disk is full")

    daemon = Daemon("127.0.0.1", 0, put, api)
    daemon.start()
    send(daemon, *(HEADER + b"{}" for _ in range(20)))
    assert daemon.flush()
    assert daemon.counts()["failed documents"] == sum(calls) == 20
    assert caplog.records == []
    daemon.stop()
