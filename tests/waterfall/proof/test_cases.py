"""The files beside recordings."""

from __future__ import annotations

from pathlib import Path

import pytest

from waterfall.proof.cases import Invocation, read_cases, read_expected, read_redaction
from waterfall.stack.requests import Request
from waterfall.traces.client import ReadError

REQUESTS = """
hello: GET /hello
order:
  request: POST /orders
  body: {sku: 1}
  headers: {Accept: text/plain}
  api: shop
  runs: 5
  budgets: [p95 <= 300ms, no errors]
nightly: {invoke: report, event: {day: 1}}
from-file: {invoke: report, event: event.json}
"""


def test_requests_are_read(tmp_path: Path) -> None:
    """Short and long, with what `waterfall request` and `invoke` take."""
    (tmp_path / "requests.yaml").write_text(REQUESTS)
    (tmp_path / "event.json").write_text('{"day": 2}')
    hello, order, nightly, from_file = read_cases(tmp_path)
    assert (hello.name, hello.asked, hello.runs) == ("hello", Request("GET", "/hello", {}, None), 3)
    headers = {"Accept": "text/plain", "Content-Type": "application/json"}
    assert order.asked == Request("POST", "/orders", headers, b'{"sku": 1}')
    assert (order.api, order.runs, [each.text for each in order.budgets]) == (
        "shop",
        5,
        ["p95 <= 300ms", "no errors"],
    )
    assert nightly.asked == Invocation("report", b'{"day": 1}')
    assert from_file.asked == Invocation("report", b'{"day": 2}')


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "give a name for each request"),
        ("[GET /]", "give a name for each request"),
        ("a/b: GET /", "'a/b' names a file"),
        ("a: hello", "a: 'hello' is not a request"),
        ("a: 1", "a: give a request"),
        ("a: {request: GET /, times: 3}", "'times' is unknown: allowed are api, body, budgets"),
        ("a: {invoke: f, body: x}", "'body' is unknown: allowed are budgets, event, invoke, runs"),
        ("a: {event: {}}", "a: give `request` or `invoke`"),
        ("a: {invoke: f, event: none.json}", "none.json is not a file with JSON"),
        ("a: {request: GET /, runs: 0}", "runs: 0 is not a number from 1 to 1000"),
        ("a: {request: GET /, budgets: [fast]}", "a: 'fast' is not a budget"),
        ("a: {request: GET /, budgets: fast}", "budgets: give a list"),
        ("a: {request: GET /, headers: [x]}", "headers: give names and values"),
        ("a: [", "cannot be read"),
    ],
)
def test_a_wrong_request_is_named(tmp_path: Path, text: str, message: str) -> None:
    """With its file, its name, and what is allowed."""
    (tmp_path / "requests.yaml").write_text(text)
    with pytest.raises(ReadError) as error:
        read_cases(tmp_path)
    assert str(error.value).startswith(str(tmp_path / "requests.yaml"))
    assert message in str(error.value)


def test_no_requests_are_an_error_that_says_what_to_write(tmp_path: Path) -> None:
    """The file has to be there."""
    with pytest.raises(ReadError, match="name the requests there, such as `hello: GET /hello`"):
        read_cases(tmp_path)


def test_expected_differences_have_a_reason(tmp_path: Path) -> None:
    """An entry covers what its patterns fit."""
    file = tmp_path / "expected.yaml"
    assert read_expected(tmp_path) == []
    file.write_text("- {request: he*, change: added, span: '*.handler', reason: the handler's own span}")
    [entry] = read_expected(tmp_path)
    assert entry.covers("hello", "added", ("shop", "front.handler"), "")
    assert not entry.covers("hello", "removed", ("shop", "front.handler"), "")
    assert not entry.covers("order", "added", ("shop", "front.handler"), "")
    for text, message in (
        ("- {span: a}", "entry 1: give a `reason`"),
        ("- {reason: r, path: a}", "'path' is unknown"),
        ("a: b", "give a list"),
    ):
        file.write_text(text)
        with pytest.raises(ReadError, match=message):
            read_expected(tmp_path)


def test_redacted_keys_are_read(tmp_path: Path) -> None:
    """Beside the defaults; a section that there is not is refused."""
    (tmp_path / "redact.yaml").write_text("body: [salary]\n")
    assert read_redaction(tmp_path)({"salary": 1, "password": "p"}) == dict.fromkeys(
        ("salary", "password"), "<redacted>"
    )
    (tmp_path / "redact.yaml").write_text("cookies: [a]\n")
    with pytest.raises(ReadError, match="'cookies': give lists of names under headers, query, body"):
        read_redaction(tmp_path)
