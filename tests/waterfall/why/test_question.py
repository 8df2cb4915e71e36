from __future__ import annotations

import pytest

from tests.waterfall.why.facts import TRACE, invocation, request
from waterfall.why.question import Question, Url, question

LOCAL = "http://127.0.0.1:4566/execute-api/abc/dev"
AWS = "https://abc.execute-api.us-east-1.amazonaws.com/dev"


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ([], Question()),
        (["latest"], Question()),
        ([TRACE], Question(trace_id=TRACE)),
        ([f"Root={TRACE};Sampled=0"], Question(trace_id=TRACE)),
        (["3ca79ca0"], Question(request_id="3ca79ca0")),
        (
            ["28cd349b-8e70-40ae-a688-d0f8c70cac2d"],
            Question(request_id="28cd349b-8e70-40ae-a688-d0f8c70cac2d"),
        ),
        (["rule", "orders"], Question(rule="orders")),
        (["schedule", "nightly"], Question(rule="nightly")),
        (["machine", "orders"], Question(machine="orders")),
        (["get", "/hello"], Question(url=Url("/hello", "GET"))),
        ([f"{LOCAL}/hello?a=1"], Question(url=Url("/hello", None, "abc", "dev"))),
        (["POST", f"{AWS}/orders/1"], Question(url=Url("/orders/1", "POST", "abc", "dev"))),
        ([AWS], Question(url=Url("/", None, "abc", "dev"))),
        (["https://shop.example/cart"], Question(url=Url("/cart"))),
    ],
)
def test_forms(words: list[str], found: Question) -> None:
    """The last request, ids, URLs of both worlds, or a path."""
    assert question(words) == found


@pytest.mark.parametrize(
    "words", [["a b"], ["<script>"], ["GET", "hello"], ["GET", "/a", "/b"], ["http://[x"], [""]]
)
def test_senseless_ones(words: list[str]) -> None:
    """The error says what can be given."""
    with pytest.raises(ValueError, match="give "):
        question(words)


@pytest.mark.parametrize(
    ("url", "matches"),
    [
        (Url("/hello"), True),
        (Url("/dev/hello"), True),
        (Url("/hello", "GET", "abc", "dev"), True),
        (Url("/hello", "POST"), False),
        (Url("/hello", None, "other", "dev"), False),
        (Url("/hello", None, "abc", "prod"), False),
        (Url("/hell"), False),
    ],
)
def test_which_requests_are_meant(url: Url, matches: bool) -> None:  # noqa: FBT001 - a table's column
    """Method, API and stage where given; the query does not matter, and a path may leave the stage out."""
    assert url.matches(request(url="/dev/hello?a=1")) is matches
    assert url.matches(invocation()) is False
