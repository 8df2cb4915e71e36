"""`waterfall request`, `invoke` and `show`, typed beside a stack that runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.e2e.conftest import Demo
from tests.e2e.stack import Stack
from waterfall import cli


@pytest.fixture(params=["otel-xray", "native"])
def stack(request: pytest.FixtureRequest, demo: Demo) -> Stack:
    """The demo in both modes."""
    return demo(request.param)


def typed(stack: Stack, capsys: pytest.CaptureFixture[str], command: str, *words: str) -> tuple[int, str]:
    status = cli.main([command, "--endpoint", stack.status["endpoint"], *words])
    return status, capsys.readouterr().out


def test_a_request_shows_its_answer_its_waterfall_and_the_linked_trace(
    stack: Stack, capsys: pytest.CaptureFixture[str]
) -> None:
    """The method, a header and a body are sent; the way back and forward between both traces is shown."""
    status, text = typed(stack, capsys, "request", "GET", "/hello?name=ada", "-H", "X-Mine: 1")
    assert status == 0
    assert f"GET {stack.status['api']}/hello?name=ada → 200" in text
    for name in ("CallSecondLambda", "DynamoDB PutItem", "SQS SendMessage"):
        assert name in text
    producer = text.partition("Trace ")[2].split()[0]
    consumer = text.partition("of the message's consumer: ")[2].split()[0]
    assert f"linked to trace {producer}" in typed(stack, capsys, "show", consumer)[1]
    assert f"of the message's consumer: {consumer}" in typed(stack, capsys, "show", producer)[1]


def test_a_request_that_is_refused_fails(stack: Stack, capsys: pytest.CaptureFixture[str]) -> None:
    """The exit status is 1, and what API Gateway answered is shown."""
    status, text = typed(stack, capsys, "request", "POST /nowhere {}")
    assert status == 1
    assert "→ 403" in text


def test_an_invocation_shows_its_answer_and_its_waterfall(
    stack: Stack, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """The function is called by its name in the program, the event is in a file."""
    event = tmp_path / "event.json"
    event.write_text(json.dumps({"name": "ada"}))
    status, text = typed(stack, capsys, "invoke", "worker", str(event))
    assert status == 0
    assert '"statusCode": 200' in text
    assert "worker.handler" in text
    assert "DynamoDB PutItem" in text


def test_an_unknown_function_is_told_with_those_that_there_are(
    demo: Demo, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is invoked."""
    assert cli.main(["invoke", "--endpoint", demo("native").status["endpoint"], "nobody"]) == 1
    told = capsys.readouterr().err
    assert "there is no function 'nobody': there are consumer-" in told


def test_an_event_that_is_no_json_is_wrong_usage(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Before anything is asked of a stack, whatever the event has in it."""
    deep = tmp_path / "deep.json"
    deep.write_text("[" * 300_000)
    for event, told in (("{sku: 1}", "{sku: 1}"), ("\x1b[2J", r"\x1b[2J"), (str(deep), "deep.json")):
        with pytest.raises(SystemExit, match="2"):
            cli.main(["invoke", "worker", event])
        refused = capsys.readouterr().err
        assert f"{told}' is neither a file with JSON nor JSON" in refused
        assert "\x1b" not in refused
