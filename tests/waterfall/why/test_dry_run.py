from __future__ import annotations

import pytest

from tests.waterfall.why.facts import function
from waterfall.sampling.rules import Rule
from waterfall.why.dry_run import DryRun, Stage, explain_dry_run
from waterfall.why.facts import Function

RULES = [
    Rule("critical", 1, 0, 1.0, service="shop/dev", method="POST", path="*/checkout"),
    Rule("ignored", 2, 0, 0.0, service="shop/dev", path="*/health"),
    Rule("all", 3, 1, 0.05, service="shop/dev"),
    Rule("Default", 10_000, 1, 0.05),
]


def verdict(method: str, path: str, *, tracing: bool = True) -> str:
    stage = Stage("shop", "dev", tracing, function())
    return explain_dry_run(DryRun(method, path, stage, RULES, "remembered")).verdict


@pytest.mark.parametrize(
    ("method", "path", "told"),
    [
        ("POST", "/checkout", "Such a request is traced: every request"),
        ("GET", "/hello", "Such a request is traced: 1 per second, then 5 % of the rest by chance"),
        ("GET", "/health", "No trace: rule ignored samples no GET /health"),
    ],
)
def test_the_rule_that_decides_is_the_verdict(method: str, path: str, told: str) -> None:
    """As `sampling explain` finds it, with the stage's name before the path."""
    assert verdict(method, path) == told


def test_a_stage_without_tracing_asks_no_rule() -> None:
    """The verdict is the stage, whatever the rules say."""
    assert verdict("POST", "/checkout", tracing=False) == "No trace: tracing is off for the stage shop/dev"


def test_no_stage() -> None:
    """A URL that nothing is deployed at."""
    told = explain_dry_run(DryRun("GET", "/", None, RULES, "remembered"))
    assert told.verdict == "No trace: no stage is deployed at this URL"
    assert told.reasons[0].text == "remembered"


@pytest.mark.parametrize(
    ("called", "state", "words"),
    [
        (function(), "ok", "It calls front, whose Lambda tracing mode is Active."),
        (function(mode="PassThrough"), "gap", "whose tracing mode is PassThrough"),
        (function(TRACING_MODE="off"), "gap", "Its own tracing is set to TRACING_MODE=off."),
        (None, "info", "GET /hello calls no function"),
    ],
)
def test_the_function_on_the_route(called: Function | None, state: str, words: str) -> None:
    """Its modes are told, and what would be missing for them."""
    stage = Stage("shop", "dev", tracing=True, function=called)
    reasons = explain_dry_run(DryRun("GET", "/hello", stage, RULES, "remembered")).reasons
    assert [reason.state for reason in reasons if words in reason.text] == [state]
