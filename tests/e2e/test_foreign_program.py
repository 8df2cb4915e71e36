"""Another Pulumi program, of plain resources, whose functions use other people's tracing unmodified."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.stack import REPOSITORY, Stack, running
from tests.e2e.traces import whole_trace
from tests.waterfall.agents.client import call, over_stdio

PROGRAM = REPOSITORY / "tests" / "e2e" / "programs" / "foreign"
PACKAGES = REPOSITORY / ".build" / "foreign"
OWN_SPANS = {
    "adot": [],
    "xray-sdk": ["check stock"],
    "powertools": ["## handler", "## powertools.check_stock"],
}


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Deploy the program with every request sampled."""
    assert PACKAGES.is_dir(), f"{PACKAGES.name} is missing; `make test` installs it"
    data = tmp_path_factory.mktemp("data")
    with running(data, "-C", str(PROGRAM), "--config", f"packages={PACKAGES}") as stack:
        rule = {"RuleName": "Default", "FixedRate": 1.0}
        stack.client("xray").update_sampling_rule(SamplingRuleUpdate=rule)
        yield stack


@pytest.mark.parametrize("name", OWN_SPANS)
def test_the_waterfall_of_foreign_tracing_is_complete(stack: Stack, name: str) -> None:
    """One root, and the DynamoDB call once below the function, whatever SDK sent it."""
    answer = stack.request(f"{stack.status['outputs']['url']}/{name}")
    assert answer.status == 201, answer.body
    spans = ("dynamodb", *OWN_SPANS[name])
    trace = whole_trace(
        stack, answer.trace_id, lambda found: found.ran(name) and found.has(*spans), "the function's segments"
    )
    assert [root.name for root in trace.roots] == ["orders/live"], str(trace)
    function = trace.only(name, origin="AWS::Lambda::Function")
    for span in spans:
        assert trace.only(span, below=function)


@pytest.mark.parametrize("name", OWN_SPANS)
def test_an_agent_asks_and_is_told_what_took_the_time(stack: Stack, name: str) -> None:
    """Of a program of plain resources, too, whatever traces it."""
    server = over_stdio(stack.status["endpoint"])
    calls = (("request", {"request": f"GET /{name}"}), ("explain", {"trace": f"/{name}"}))
    sent, told = call(server, *calls)
    assert "answered 201" in sent.text
    assert not told.is_error
    assert f"{name}" in told.text
    assert "the answer waited for, longest first:" in told.text
