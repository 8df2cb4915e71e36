"""Which rule decides, and what a month of traces costs."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from embedded_aws.aws import interfaces
from embedded_aws.xray.sampling_rules import Rule as StoredRule
from waterfall.cli import main
from waterfall.sampling.cost import MONTH, Prices, estimate
from waterfall.sampling.rules import Rule, SamplingRequest, assumed_service, decide, matches, statistics_of

if TYPE_CHECKING:
    from tests.waterfall.conftest import Api

RULES = [
    Rule("critical", 1, 0, 1.0, service="shop/dev", method="POST", path="*/checkout*"),
    Rule("gold", 2, 5, 0.1, service="shop/dev", headers={"X-Tenant": "g*"}),
    Rule("all", 3, 1, 0.05, service="shop/dev"),
    Rule("Default", 10_000, 1, 0.05),
]
PRICES = Prices(recorded=5.0, read=0.5, free_recorded=100_000, free_read=1_000_000, source="test")


@pytest.mark.parametrize(
    ("request_", "rule"),
    [
        (SamplingRequest("POST", "/checkout", "shop/dev"), "critical"),
        (SamplingRequest("post", "/CHECKOUT/1", "SHOP/dev"), "critical"),
        (SamplingRequest("GET", "/checkout", "shop/dev"), "all"),
        (SamplingRequest("GET", "/", "shop/dev", headers={"x-tenant": "gold"}), "gold"),
        (SamplingRequest("GET", "/", "other/dev"), "Default"),
        (SamplingRequest("GET", "/"), "all"),
    ],
)
def test_the_first_rule_that_matches_decides(request_: SamplingRequest, rule: str) -> None:
    """By priority; case does not matter, an unknown service matches, a missing header does not."""
    found = decide(RULES, request_)
    assert found is not None
    assert found.name == rule


def test_every_example_is_matched_by_its_rule() -> None:
    """The table's examples are requests that the rules are for."""
    for rule in RULES:
        method, _, path = rule.example.partition(",")[0].partition(" ")
        headers = {name: value.replace("*", "any") for name, value in rule.headers.items()}
        assert rule.matches(SamplingRequest(method, path, headers=headers))


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [("*", "", True), ("a?c", "abc", True), ("a?c", "ac", False), ("A*", "abc", True), ("a.c", "abc", False)],
)
def test_wildcards(pattern: str, text: str, found: bool) -> None:  # noqa: FBT001 - a table's column
    """`*` is any text, `?` one character, everything else itself."""
    assert matches(pattern, text) is found


def test_wildcards_do_not_backtrack() -> None:
    """A rule of many stars is compared with a long path; a backtracking matcher would need a lifetime."""
    assert not matches("*a" * 30 + "b", "a" * 5000)
    assert matches("/[a]*?", "/[a]b")


def test_the_only_named_service_is_assumed() -> None:
    """Of two nobody knows which is meant."""
    assert assumed_service(RULES) == "shop/dev"
    assert assumed_service([*RULES, Rule("x", 4, 0, 0.0, service="x/prod")]) is None


def test_statistics_add_up_over_their_windows() -> None:
    """Three windows of ten seconds, one of them without requests of the rule."""
    at = [datetime.fromtimestamp(second, UTC) for second in (1000, 1010, 1020)]
    answer = [
        {"RuleName": "a", "Timestamp": at[0], "RequestCount": 60, "SampledCount": 6},
        {"RuleName": "a", "Timestamp": at[2], "RequestCount": 30, "SampledCount": 3},
    ]
    (found,) = statistics_of(answer)
    assert (found.requests, found.sampled, found.seconds, found.per_second) == (90, 9, 30.0, 3.0)
    assert statistics_of([]) == []


@pytest.mark.parametrize(("per_second", "traced"), [(0.5, 0.5), (1.0, 1.0), (101.0, 6.0)])
def test_the_reservoir_comes_before_the_rate(per_second: float, traced: float) -> None:
    """One per second, then 5 % of the rest."""
    assert RULES[2].traced(per_second) == pytest.approx(traced)


def test_a_month_is_priced_by_rule() -> None:
    """Recorded and read traces, less what is free for the account."""
    found = estimate(RULES, {"all": 101.0, "critical": 2.0}, reads=2.0, prices=PRICES)
    assert [line.rule for line in found.lines] == ["critical", "all"]
    line = found.lines[1]
    assert (line.recorded, line.read) == pytest.approx((6 * MONTH, 12 * MONTH))
    assert line.dollars == pytest.approx(6 * MONTH * (5 + 2 * 0.5) / 1e6)
    assert found.free == pytest.approx(1.0)
    assert found.dollars == pytest.approx(8 * MONTH * 6 / 1e6 - 1.0)


def test_little_traffic_is_free() -> None:
    """The free tier takes off no more than there is."""
    found = estimate(RULES, {"all": 0.01}, prices=PRICES)
    assert found.dollars == 0.0
    assert found.free == pytest.approx(found.lines[0].dollars)


def test_kept_failures_cost_too() -> None:
    """Their share of what is not traced."""
    assert estimate(RULES, {"all": 101.0}, kept=0.01).lines[0].traced == pytest.approx(6.95)


@pytest.fixture
def shop(api: Api) -> Api:
    """An X-Ray with a rule, and with four decided requests."""
    client = boto3.client(
        "xray",
        endpoint_url=api.endpoint,
        region_name="us-east-1",
        aws_access_key_id="x",
        aws_secret_access_key="x",
    )
    rule: dict[str, Any] = {
        "RuleName": "shop-critical",
        "Priority": 5,
        "FixedRate": 1.0,
        "ReservoirSize": 0,
        "ServiceName": "shop/dev",
        "ServiceType": "AWS::ApiGateway::Stage",
        "Host": "*",
        "HTTPMethod": "POST",
        "URLPath": "*/checkout",
        "ResourceARN": "*",
        "Version": 1,
    }
    client.create_sampling_rule(SamplingRule=rule)
    for _ in range(4):
        stage = interfaces.SamplingRequest("shop/dev", "AWS::ApiGateway::Stage", "h", "POST", "/dev/checkout")
        api.sampling.decide(stage)
    client.close()
    return api


def run(api: Api, *arguments: str) -> int:
    return main([*arguments, "--endpoint", api.endpoint])


def test_explain_shows_the_rules_and_the_decision(shop: Api, capsys: pytest.CaptureFixture[str]) -> None:
    """The deciding rule is marked and put into words."""
    assert run(shop, "sampling", "explain", "post", "/checkout") == 0
    told = capsys.readouterr().out
    assert "→     5 shop-critical" in told
    assert "POST /checkout to shop/dev: shop-critical decides, every request is traced" in told
    assert "10000 Default" in told


def test_explain_agrees_with_x_ray(shop: Api, capsys: pytest.CaptureFixture[str]) -> None:
    """What the viewer says is what the embedded X-Ray decides."""
    for method, path in (("POST", "/checkout"), ("GET", "/checkout"), ("POST", "/checkout/1")):
        run(shop, "sampling", "explain", method, path, "--json")
        stage = interfaces.SamplingRequest("shop/dev", "AWS::ApiGateway::Stage", "h", method, f"/dev{path}")
        assert json.loads(capsys.readouterr().out)["decides"] == shop.sampling.decide(stage).rule_name


def for_stage(api: Api, resource: str) -> None:
    """Put a rule for one stage's ARN before all others."""
    api.sampling.create(
        StoredRule(name="one-stage", priority=1, fixed_rate=0.0, reservoir_size=0, resource_arn=resource)
    )


def test_explain_asks_which_stage_a_rule_is_for(shop: Api, capsys: pytest.CaptureFixture[str]) -> None:
    """A rule with the ARN of another API's stage does not decide, one with the API's own does."""
    items = [{"id": "abc", "name": "shop"}, {"id": "xyz", "name": "bank"}]
    body = json.dumps({"item": items}).encode()
    shop.replies["/restapis"] = lambda: (200, {"Content-Type": "application/json"}, body)
    for_stage(shop, "arn:aws:apigateway:*::/restapis/xyz/stages/dev")
    decided = {}
    for api in ("shop", "bank"):
        run(shop, "sampling", "explain", "POST", "/checkout", "--service", f"{api}/dev", "--json")
        decided[api] = json.loads(capsys.readouterr().out)["decides"]
    assert decided == {"shop": "shop-critical", "bank": "one-stage"}


def test_explain_says_that_a_stage_s_arn_is_not_known(shop: Api, capsys: pytest.CaptureFixture[str]) -> None:
    """Where API Gateway may not be asked, or has no such API, the rule may decide or not."""
    for_stage(shop, "arn:aws:apigateway:*::/restapis/xyz/stages/dev")
    run(shop, "sampling", "explain", "POST", "/checkout")
    told = " ".join(capsys.readouterr().out.split())
    assert "; if it is for arn:aws:apigateway:*::/restapis/xyz/stages/dev, which is not known" in told


def test_explain_is_a_dry_run(shop: Api, capsys: pytest.CaptureFixture[str]) -> None:
    """It counts no request."""
    before = [summary.requests for summary in shop.sampling.summaries()]
    run(shop, "sampling", "explain", "POST", "/checkout")
    assert capsys.readouterr().out
    assert [summary.requests for summary in shop.sampling.summaries()] == before


def test_cost_takes_the_traffic_that_there_was(shop: Api, capsys: pytest.CaptureFixture[str]) -> None:
    """Four requests in a window of ten seconds are 0.4 per second."""
    assert run(shop, "cost") == 0
    told = capsys.readouterr().out
    assert "0.4" in told
    assert "requests of the last 10 s" in told


def test_cost_takes_given_traffic(shop: Api, capsys: pytest.CaptureFixture[str]) -> None:
    """By rule; a bare number is for the last rule before Default."""
    assert run(shop, "cost", "--rps", "3", "--rps", "Default=10", "--json") == 0
    lines = json.loads(capsys.readouterr().out)["lines"]
    assert [(line["rule"], line["per_second"]) for line in lines] == [
        ("shop-critical", 3.0),
        ("Default", 10.0),
    ]


def test_cost_without_traffic_says_what_to_do(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    """Send requests, or give their number."""
    assert run(api, "cost") == 1
    assert (
        "no request has asked the sampling rules lately: send some, or give --rps N"
        in capsys.readouterr().err
    )


def test_an_unknown_rule_is_named(shop: Api, capsys: pytest.CaptureFixture[str]) -> None:
    """With those that exist."""
    assert run(shop, "cost", "--rps", "nosuch=1") == 1
    assert "no sampling rule nosuch; there are shop-critical, Default" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["sampling", "explain", "GET"], "takes a method and a path, such as GET /checkout"),
        (["sampling", "explain", "GET", "checkout"], "takes a method and a path"),
        (["sampling", "explain", "GET", "/a", "--header", "x"], "'x' is not a header: give NAME=VALUE"),
        (["cost", "--rps", "a=b"], "'b' is not a number of 0 or more"),
        (["cost", "--kept", "5"], "'5' is not a share: give 0 to 1"),
    ],
)
def test_wrong_usage_is_status_2(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """One line says what is allowed."""
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("width", ["60", "80", "140"])
def test_tables_fit_the_screen(
    shop: Api, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, width: str
) -> None:
    """However narrow; what does not fit is cut and marked."""
    monkeypatch.setenv("COLUMNS", width)
    run(shop, "cost", "--rps", "3")
    run(shop, "sampling", "explain", "POST", "/checkout")
    assert max(map(len, capsys.readouterr().out.splitlines())) <= int(width)
