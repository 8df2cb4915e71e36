from __future__ import annotations

from typing import Any

import pytest
from opentelemetry.trace import SpanKind

from embedded_aws.xray.intake.translation import http_data
from tests.embedded_aws.xray.sdk_spans import document


def request_of(attributes: dict[str, Any], kind: SpanKind = SpanKind.CLIENT) -> dict[str, Any]:
    found: dict[str, Any] = document(attributes, kind=kind)["http"].get("request", {})
    return found


@pytest.mark.parametrize(
    "attributes",
    [
        {"http.method": "GET"},
        {"http.request.method": "GET"},
        {"http.client_ip": "10.0.0.1"},
        {"http.user_agent": "curl"},
        {"user_agent.original": "curl"},
        {"http.status_code": 200},
        {"http.response.status_code": 200},
        {"http.url": "http://a/"},
        {"url.full": "http://a/"},
        {"http.scheme": "https"},
        {"url.scheme": "https"},
        {"http.host": "a"},
        {"http.target": "/x"},
        {"http.server_name": "a"},
        {"net.host.port": 80},
        {"url.path": "/x"},
        {"url.query": "x=1"},
    ],
)
def test_one_telling_attribute_makes_an_http_object(attributes: dict[str, Any]) -> None:
    """Each of them alone is enough."""
    assert "http" in document(attributes)


@pytest.mark.parametrize(
    "attributes",
    [
        {},
        {"net.peer.name": "a"},
        {"net.peer.ip": "10.0.0.1"},
        {"server.address": "a", "server.port": 80},
        {"client.address": "10.0.0.1"},
        {"host.name": "a"},
        {"net.host.name": "a"},
        {"network.peer.address": "10.0.0.1"},
    ],
)
def test_an_address_alone_makes_no_http_object(attributes: dict[str, Any]) -> None:
    """Any network span has these."""
    assert "http" not in document(attributes)


def test_every_http_attribute_is_consumed() -> None:
    """None of them reaches metadata, also without an http object."""
    found = document(dict.fromkeys(http_data.CONSUMED, "x"))
    assert "metadata" not in found
    assert "metadata" not in document({"server.address": "a", "client.address": "not an ip"})


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({"http.url": "http://a/b?c=d", "http.host": "x"}, "http://a/b?c=d"),
        ({"url.full": "http://a/b"}, "http://a/b"),
        ({"http.method": "GET", "http.host": "a:8080", "http.target": "/t"}, "http://a:8080/t"),
        ({"http.method": "GET", "http.host": "a", "net.peer.port": 8080}, "http://a/"),
        ({"http.method": "GET", "http.scheme": "https", "net.peer.name": "a"}, "https://a/"),
        ({"http.method": "GET", "net.peer.name": "a", "net.peer.port": 8080}, "http://a:8080/"),
        ({"http.method": "GET", "net.peer.name": "a", "net.peer.port": "8080"}, "http://a:8080/"),
        ({"http.method": "GET", "net.peer.name": "a", "net.peer.port": 80}, "http://a/"),
        ({"http.method": "GET", "url.scheme": "https", "net.peer.ip": "1.2.3.4", "net.peer.port": 443},
         "https://1.2.3.4/"),
        ({"http.method": "GET", "url.scheme": "https", "net.peer.name": "a", "net.peer.port": 80}, "https://a:80/"),
        ({"http.method": "GET", "server.address": "a", "server.port": 8443}, "http://a:8443/"),
        ({"http.method": "GET", "server.address": "::1", "server.port": 8443}, "http://[::1]:8443/"),
        ({"http.method": "GET", "server.address": "a", "url.path": "/p", "url.query": "q=1"}, "http://a/p?q=1"),
        ({"http.method": "GET", "server.address": "a", "url.query": "?q=1"}, "http://a/?q=1"),
        ({"http.method": "GET", "network.peer.address": "10.0.0.1"}, "http:///"),
        ({"http.status_code": 200, "net.peer.name": "dynamodb.eu-west-1.amazonaws.com"},
         "http://dynamodb.eu-west-1.amazonaws.com/"),
        ({"http.method": "GET"}, None),
        ({"http.method": "GET", "network.peer.address": "a.example"}, None),
        ({"http.method": "GET", "http.target": "/x", "http.scheme": "https"}, None),
    ],
)  # fmt: skip
def test_a_clients_url_is_taken_or_put_together(attributes: dict[str, Any], expected: str | None) -> None:
    """The full URL wins; else scheme, host, port and target, if anything says where."""
    assert request_of(attributes).get("url") == expected


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({"http.host": "a", "http.server_name": "b", "net.host.port": 99, "http.target": "/t"}, "http://a/t"),
        ({"http.server_name": "b", "net.host.name": "c", "net.host.port": 8080}, "http://b:8080/"),
        ({"http.method": "GET", "net.host.name": "c", "host.name": "d"}, "http://c/"),
        ({"http.method": "GET", "host.name": "d", "server.address": "e"}, "http://d/"),
        ({"url.scheme": "https", "server.address": "e", "server.port": 8443, "url.path": "/p"}, "https://e:8443/p"),
        ({"url.scheme": "https", "server.address": "e", "server.port": 443}, "https://e/"),
    ],
)  # fmt: skip
def test_a_servers_url_is_put_together_from_its_own_names(attributes: dict[str, Any], expected: str) -> None:
    """A server is at its host's name and port, not at the peer's."""
    assert request_of(attributes, SpanKind.SERVER)["url"] == expected


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({"http.client_ip": "1.1.1.1", "net.peer.ip": "2.2.2.2"}, ("1.1.1.1", True)),
        ({"net.peer.ip": "2.2.2.2"}, ("2.2.2.2", None)),
        ({"network.peer.address": "::1"}, ("::1", None)),
        ({"network.peer.address": "a.example"}, (None, None)),
        ({"client.address": "3.3.3.3", "net.peer.ip": "2.2.2.2"}, ("3.3.3.3", None)),
        ({"client.address": "3.3.3.3"}, ("3.3.3.3", True)),
        ({"client.address": "a.example"}, (None, None)),
    ],
)
def test_the_clients_address_is_an_ip(
    attributes: dict[str, Any], expected: tuple[str | None, bool | None]
) -> None:
    """Forwarded addresses are marked, host names are passed over."""
    found = request_of({"http.method": "GET", **attributes}, SpanKind.SERVER)
    assert (found.get("client_ip"), found.get("x_forwarded_for")) == expected


def test_method_and_user_agent_are_copied() -> None:
    """Old and new names alike."""
    old = request_of({"http.method": "PUT", "http.user_agent": "curl"})
    assert old == {"method": "PUT", "user_agent": "curl"}
    assert request_of({"http.request.method": "PUT", "user_agent.original": "curl"}) == old


@pytest.mark.parametrize("key", ["http.status_code", "http.response.status_code"])
def test_the_status_is_a_number(key: str) -> None:
    """Both names; a status of another type counts as 0."""
    assert document({key: 404})["http"]["response"] == {"status": 404, "content_length": 0}
    assert document({key: "404"})["http"]["response"]["status"] == 0


def test_the_content_length_is_always_written() -> None:
    """It is 0 unless the span says what it received."""
    assert document({"http.method": "GET"})["http"]["response"] == {"content_length": 0}


def test_the_content_length_comes_from_the_span_or_an_event() -> None:
    """Received messages count, sent ones do not."""
    received = {"message.type": "RECEIVED", "messaging.message_payload_size_bytes": 12}
    sent = {"message.type": "SENT", "messaging.message_payload_size_bytes": 99}
    assert document({"http.method": "GET", **received})["http"]["response"]["content_length"] == 12
    from_event = document({"http.method": "GET"}, events=[("message", sent), ("message", received)])
    assert from_event["http"]["response"]["content_length"] == 12
