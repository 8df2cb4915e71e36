"""HTTP requests as people type them."""

from __future__ import annotations

import pytest

from waterfall.stack.requests import Request, read_request

JSON = {"Content-Type": "application/json"}
TEXT = {"Content-Type": "text/plain; charset=utf-8"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/hello", Request("GET", "/hello", {}, None)),
        ("delete /orders/1?force=1", Request("DELETE", "/orders/1?force=1", {}, None)),
        ('POST /orders {"sku": 1}', Request("POST", "/orders", JSON, b'{"sku": 1}')),
        ('/orders {"sku": 1}', Request("POST", "/orders", JSON, b'{"sku": 1}')),
        ("PUT /notes two words", Request("PUT", "/notes", TEXT, b"two words")),
        ("GET https://api.test/dev/a", Request("GET", "https://api.test/dev/a", {}, None)),
        ("POST  /orders   ", Request("POST", "/orders", {}, None)),
    ],
)
def test_requests_are_read(text: str, expected: Request) -> None:
    """Method, path or URL, and body; a body that is JSON says so."""
    assert read_request(text) == expected


def test_headers_are_taken_as_they_are() -> None:
    """Also one that says what the body is."""
    found = read_request("POST /a {}", ["Content-type: application/x-own", "X-Time: 10:30"])
    assert found.headers == {"Content-type": "application/x-own", "X-Time": "10:30"}


@pytest.mark.parametrize(
    ("text", "headers", "named"),
    [("", [], "''"), ("GET", [], "'GET'"), ("POST orders {}", [], "'POST orders {}'"), ("/", ["x"], "'x'")],
)
def test_what_is_no_request_is_told(text: str, headers: list[str], named: str) -> None:
    """The message has what was typed, and how it is written."""
    with pytest.raises(ValueError, match=r"give .* such as") as told:
        read_request(text, headers)
    assert named in str(told.value)
