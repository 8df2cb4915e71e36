"""Who may talk to a listener: the decision alone."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopback_guard import is_loopback, parse_origin, refusal

HOST = "127.0.0.1:4566"
OWN = f"http://{HOST}"
FRONT_END = "http://localhost:3000"
EVIL = "https://evil.example"


def asked(method: str = "GET", host: str | None = HOST, rules: Any = None, **headers: str) -> str | None:
    """Return the decision; header names are written with underscores."""
    pairs = [(name.replace("_", "-"), value) for name, value in headers.items()]
    return refusal(method, [*([("Host", host)] if host is not None else []), *pairs], **(rules or {}))


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.0.0.1:8080",
        "127.9.9.9",
        "localhost:80",
        "LOCALHOST",
        "[::1]",
        "[::1]:8080",
        "bucket.localhost:4566",
        "123456789012.localhost",
        "a.b-c.s3.localhost",
        "123456789012.127.0.0.1:4566",
    ],
)
def test_names_of_this_machine_are_loopback(host: str) -> None:
    """Any of them, with and without a port."""
    assert is_loopback(host)
    assert asked(host=host) is None


@pytest.mark.parametrize(
    "host",
    [
        None,
        "",
        "example.com",
        "127.0.0.1.example.com",
        "localhost.example.com:8080",
        "evillocalhost",
        ".localhost",
        "localhost.",
        "127.0.0.1.",
        "127.1",
        "evil.127.0.0.1",
        "1234.127.0.0.1",
        "123456789012.192.168.1.2",
        "123456789012.123456789012.127.0.0.1",
        "123456789012.example.com",
        "2130706433",
        "0.0.0.0",  # noqa: S104 - a host to refuse
        "[::]",
        "[::ffff:127.0.0.1]",
        "[127.0.0.1]",
        "::1",
        "[::1",
        "192.168.1.2:8080",
        "169.254.169.254",
        "127.0.0.1:80:80",
        "127.0.0.1:",
        "127.0.0.1:8O",
        "user@localhost",
        "localhost@evil.example",
        "localhost/evil.example",
        "localhost\\.evil.example",
        "evil.example#.localhost",
        "evil.example localhost",
        "localhost, localhost",
        "a-b.execute-api.evil.example",
        "abc.execute-api.us-east-1.amazonaws.com",
    ],
)
def test_other_hosts_are_refused(host: str | None) -> None:
    """Also those that only begin, end or resolve like loopback, and none at all."""
    assert not is_loopback(host or "")
    reason = asked(host=host)
    assert reason is not None
    assert repr(host or "") in reason


def test_a_repeated_host_is_refused() -> None:
    """Whichever of them an application would read."""
    assert refusal("GET", [("Host", HOST), ("host", HOST)]) is not None
    assert refusal("GET", [("Host", HOST), ("Host", "evil.example")]) is not None


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"])
@pytest.mark.parametrize(
    "origin",
    [
        EVIL,
        "null",
        "",
        "http://[",
        "http://127.0.0.1",
        "http://127.0.0.1:3000",
        "http://localhost:4566",
        "https://127.0.0.1:4566",
        "http://evil.localhost:4566",
        "http://127.0.0.1:4566@evil.example",
        "http://127.0.0.1:4566.evil.example",
        "chrome-extension://abcdef",
        "file://",
        f"{OWN}, {OWN}",
    ],
)
def test_a_foreign_origin_is_refused(method: str, origin: str) -> None:
    """Every origin but the listener's own, be it another name or another port of this machine."""
    reason = asked(method, Origin=origin)
    assert reason is not None
    assert repr(origin) in reason


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        (HOST, OWN),
        ("LocalHost:8080", "http://localhost:8080"),
        ("127.0.0.1:80", "http://127.0.0.1"),
        ("127.0.0.1", "http://127.0.0.1"),
        ("[::1]:8080", "http://[::1]:8080"),
        ("bucket.localhost:4566", "http://bucket.localhost:4566"),
    ],
)
def test_the_own_origin_comes_in(host: str, origin: str) -> None:
    """As browsers write it: in lower case, and without port 80."""
    assert asked("POST", host, Origin=origin, Sec_Fetch_Site="same-origin") is None


def test_a_malformed_port_makes_no_origin_equal_to_it() -> None:
    """A host without an origin of its own has no own pages."""
    assert asked("POST", "127.0.0.1:99999", Origin="null") is not None


@pytest.mark.parametrize("site", ["cross-site", "same-site", "", "something-new", "none, cross-site"])
def test_a_page_without_an_origin_is_refused(site: str) -> None:
    """An image, a script, a frame or a link of another page, be it of this machine."""
    assert asked(Sec_Fetch_Site=site, Sec_Fetch_Mode="no-cors") is not None
    assert asked(Sec_Fetch_Site=site, Sec_Fetch_Mode="navigate", Sec_Fetch_Dest="document") is not None


@pytest.mark.parametrize("site", ["none", "same-origin"])
def test_the_user_and_the_own_pages_come_in(site: str) -> None:
    """What is typed into the address bar, and what the listener's own page asks for."""
    assert asked(Sec_Fetch_Site=site) is None


def test_a_program_comes_in() -> None:
    """What is no browser sends none of these headers."""
    assert asked("POST") is None


def test_a_link_leads_to_pages() -> None:
    """Of a listener that serves them, in a tab of its own, and to look only."""
    pages = {"pages": True}
    visit = {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "navigate", "Sec_Fetch_Dest": "document"}
    assert asked(rules=pages, **visit) is None
    assert asked("POST", rules=pages, **visit) is not None
    assert asked("HEAD", rules=pages, **visit) is not None
    assert asked(rules=pages, **visit, Origin=EVIL) is not None
    for other in ({"Sec_Fetch_Dest": "iframe"}, {"Sec_Fetch_Dest": "object"}, {"Sec_Fetch_Mode": "no-cors"}):
        assert asked(rules=pages, **visit | other) is not None
    assert asked(host="evil.example", rules=pages, **visit) is not None


@pytest.mark.parametrize("rule", ["api_host", "api_path"])
def test_a_deployed_api_answers_every_page(rule: str) -> None:
    """As on AWS: whether a page may read the answer is for the API's own CORS headers."""
    for origin in (EVIL, "null"):
        assert asked("OPTIONS", rules={rule: True}, Origin=origin, Sec_Fetch_Site="cross-site") is None


def test_the_host_of_a_deployed_api_is_known() -> None:
    """By its name; a path alone makes no foreign name known."""
    host = "abc.execute-api.us-east-1.amazonaws.com"
    assert asked(host=host, rules={"api_host": True}) is None
    assert asked(host=host, rules={"api_path": True}) is not None


def test_an_admitted_origin_may_do_everything() -> None:
    """Its scripts, and its images and links, which name it as their referrer."""
    rules = {"allowed": {FRONT_END}}
    assert asked("PUT", rules=rules, Origin=FRONT_END, Sec_Fetch_Site="cross-site") is None
    image = {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "no-cors"}
    assert asked(rules=rules, Referer=f"{FRONT_END}/", **image) is None
    assert asked(rules=rules, Referer=f"{FRONT_END}@evil.example/", **image) is not None
    assert asked(rules=rules, Referer=f"{EVIL}/?{FRONT_END}/", **image) is not None
    assert asked("PUT", rules=rules, Origin=EVIL, Referer=f"{FRONT_END}/") is not None
    assert asked("PUT", rules=rules, Origin="http://localhost:3001") is not None
    assert asked("PUT", host="evil.example", rules=rules, Origin=FRONT_END) is not None


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("http://localhost:3000", FRONT_END),
        ("http://localhost:3000/", FRONT_END),
        ("HTTPS://App.Example", "https://app.example"),
        ("https://app.example:443", "https://app.example"),
        ("http://[::1]:5173", "http://[::1]:5173"),
    ],
)
def test_an_origin_is_read_as_browsers_write_it(text: str, origin: str) -> None:
    """In lower case, without a slash and without the scheme's own port."""
    assert parse_origin(text) == origin


@pytest.mark.parametrize(
    "text",
    [
        "",
        "*",
        "null",
        "localhost:3000",
        "http://",
        "http://localhost:3000/app",
        "http://localhost:3000?x",
        "http://user@localhost",
        "http://localhost:99999",
        "http://*.localhost",
        "ftp://localhost",
    ],
)
def test_what_is_no_origin_is_one_clear_error(text: str) -> None:
    """It tells the value and what to give instead."""
    with pytest.raises(ValueError, match="such as http://localhost:3000") as raised:
        parse_origin(text)
    assert str(raised.value).startswith(repr(text))


@given(st.text(), st.text(), st.text(), st.text())
def test_no_header_breaks_the_decision(host: str, origin: str, site: str, referrer: str) -> None:
    """Whatever is sent, there is an answer, and it is short."""
    headers = [("Host", host), ("Origin", origin), ("Sec-Fetch-Site", site), ("Referer", referrer)]
    for rules in ({}, {"pages": True}, {"allowed": {FRONT_END}}):
        assert len(refusal("GET", headers, **rules) or "") < 1000
        assert len(refusal("GET", [("Host", HOST), *headers[1:]], **rules) or "") < 1000
