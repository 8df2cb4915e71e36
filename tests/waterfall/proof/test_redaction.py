"""What recordings must not hold."""

from __future__ import annotations

from typing import Any

import pytest

from waterfall.proof.redaction import REDACTED as R
from waterfall.proof.redaction import redaction


@pytest.mark.parametrize(
    ("value", "redacted"),
    [
        ({"headers": {"authorization": "x", "A": "a"}}, {"headers": {"authorization": R, "A": "a"}}),
        ({"X-API-Key": "k"}, {"X-API-Key": R}),
        ({"user": {"Password": "p", "name": "ada"}}, {"user": {"Password": R, "name": "ada"}}),
        ({"items": [{"access_token": "t"}]}, {"items": [{"access_token": "<redacted>"}]}),
        ('{"password": "p", "n": 1}', '{"password": "<redacted>", "n": 1}'),
        ("https://a.example/x?token=abc&page=2", "https://a.example/x?token=<redacted>&page=2"),
        ("sent Bearer abcdefgh12345678", "sent <redacted>"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2ln", "<redacted>"),
        ("key AKIAABCDEFGHIJKLMNOP", "key <redacted>"),
        ({"key": "messages/1.json", "n": 1, "ok": True}, {"key": "messages/1.json", "n": 1, "ok": True}),
    ],
)  # fmt: skip
def test_secrets_are_redacted_by_default(value: Any, redacted: Any) -> None:
    """By the names of keys, whatever their case, and by what tokens look like; the rest stays."""
    assert redaction()(value) == redacted


def test_the_file_adds_names() -> None:
    """Those of headers and bodies in objects, those of queries in URLs and objects."""
    redact = redaction({"headers": ["X-Tenant"], "query": ["session"], "body": ["salary"]})
    assert redact({"x-tenant": "t", "salary": 1, "session": "s", "password": "p"}) == dict.fromkeys(
        ("x-tenant", "salary", "session", "password"), "<redacted>"
    )
    assert redact("/a?session=1&x=2") == "/a?session=<redacted>&x=2"
