from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from botocore.parsers import create_parser

from embedded_aws.aws.errors import InvalidRequestError
from embedded_aws.aws.model import model
from embedded_aws.xray.api.sampling import operations, sampler_operations
from embedded_aws.xray.api.traces import service
from embedded_aws.xray.sampling import Sampling
from tests.embedded_aws.posting import post

if TYPE_CHECKING:
    from collections.abc import Callable

NOW = 1_700_000_000.5
ARN = "arn:aws:xray:eu-west-1:123456789012:sampling-rule/orders"
CLIENT_ID = "0" * 24

RULE = {
    "RuleName": "orders",
    "Priority": 10,
    "FixedRate": 0.1,
    "ReservoirSize": 5,
    "ServiceName": "*",
    "ServiceType": "*",
    "Host": "*",
    "HTTPMethod": "GET",
    "URLPath": "/orders/*",
    "ResourceARN": "*",
    "Version": 1,
}


@pytest.fixture
def call() -> Callable[..., dict[str, Any]]:
    """Ask an operation by its name, and parse the answer as boto3 does."""
    api = service(operations(Sampling(lambda: NOW, lambda: 0.5), region="eu-west-1"))

    def ask(name: str, **request: Any) -> dict[str, Any]:
        operation = model("xray").operation_model(name)
        answer = api.call(name, request)
        parser = create_parser("rest-json")
        wire = {"status_code": 200, "headers": {}, "body": json.dumps(answer).encode()}
        parsed: dict[str, Any] = parser.parse(wire, operation.output_shape)
        return parsed

    return ask


def test_samplers_are_offered_what_they_ask_for_alone() -> None:
    """The daemon's TCP port reads no trace, and changes no rule."""
    table = sampler_operations(Sampling(lambda: NOW, lambda: 0.5))
    assert post(service(table), "/GetSamplingRules", b"").status == 200
    assert post(service(table), "/SamplingTargets", b'{"SamplingStatisticsDocuments": []}').status == 200
    for path in (
        "/TraceSummaries",
        "/Traces",
        "/TraceSegments",
        "/DeleteSamplingRule",
        "/CreateSamplingRule",
    ):
        assert post(service(table), path, b"{}").status == 404


def test_a_created_rule_is_answered_and_listed(call: Any) -> None:
    """With its ARN, its times and all its fields, before Default."""
    record = call("CreateSamplingRule", SamplingRule={**RULE, "Attributes": {"k": "v"}})["SamplingRuleRecord"]
    assert record["SamplingRule"] == {**RULE, "Attributes": {"k": "v"}, "RuleARN": ARN}
    assert record["CreatedAt"] == record["ModifiedAt"] == datetime.fromtimestamp(NOW, UTC)
    listed = call("GetSamplingRules")["SamplingRuleRecords"]
    assert [item["SamplingRule"]["RuleName"] for item in listed] == ["orders", "Default"]
    assert listed[0] == record


def test_default_has_its_documented_values(call: Any) -> None:
    """As every account has it."""
    (record,) = call("GetSamplingRules")["SamplingRuleRecords"]
    assert record["SamplingRule"] == {
        **dict.fromkeys(["ServiceName", "ServiceType", "Host", "HTTPMethod", "URLPath", "ResourceARN"], "*"),
        "RuleName": "Default",
        "RuleARN": "arn:aws:xray:eu-west-1:123456789012:sampling-rule/Default",
        "Priority": 10_000,
        "FixedRate": 0.05,
        "ReservoirSize": 1,
        "Attributes": {},
        "Version": 1,
    }
    assert record["CreatedAt"] == datetime.fromtimestamp(0, UTC)


def test_a_boost_is_kept_and_given_back(call: Any) -> None:
    """It has no effect here, but a program that sets it sees it again."""
    boost = {"MaxRate": 0.5, "CooldownWindowMinutes": 5}
    record = call("CreateSamplingRule", SamplingRule={**RULE, "SamplingRateBoost": boost})[
        "SamplingRuleRecord"
    ]
    assert record["SamplingRule"]["SamplingRateBoost"] == boost


@pytest.mark.parametrize("key", [{"RuleName": "orders"}, {"RuleARN": ARN}])
def test_a_rule_is_changed_and_deleted_by_name_or_arn(call: Any, key: dict[str, str]) -> None:
    """The update changes only what it names; the deletion answers the deleted rule."""
    call("CreateSamplingRule", SamplingRule=RULE)
    changed = call("UpdateSamplingRule", SamplingRuleUpdate={**key, "FixedRate": 0.9})["SamplingRuleRecord"]
    assert changed["SamplingRule"] == {**RULE, "FixedRate": 0.9, "RuleARN": ARN, "Attributes": {}}
    assert call("DeleteSamplingRule", **key)["SamplingRuleRecord"] == changed
    assert len(call("GetSamplingRules")["SamplingRuleRecords"]) == 1


@pytest.mark.parametrize("missing", sorted(RULE.keys() - {"RuleName"}))
def test_every_field_of_a_new_rule_is_required(call: Any, missing: str) -> None:
    """The error names it."""
    rule = {key: value for key, value in RULE.items() if key != missing}
    with pytest.raises(InvalidRequestError, match=missing):
        call("CreateSamplingRule", SamplingRule=rule)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"RuleName": None}, "either RuleName or RuleARN"),
        ({"RuleARN": ARN}, "either RuleName or RuleARN"),
        ({"RuleName": None, "RuleARN": "arn:x"}, "RuleARN 'arn:x' must end in :sampling-rule/<name>"),
        ({"Version": 2}, "Version 2 must be 1"),
        ({"Priority": 10_000}, "Priority"),
        ({"FixedRate": "0.1"}, "FixedRate"),
        ({"RuleName": "n" * 33}, "RuleName"),
        ({"Attributes": {"k": "v" * 33}}, "Attributes"),
    ],
)
def test_bad_rules_are_refused(call: Any, changes: dict[str, Any], message: str) -> None:
    """By AWS's model and by what it does not say."""
    with pytest.raises(InvalidRequestError, match=message):
        call("CreateSamplingRule", SamplingRule={**RULE, **changes})


def statistics(rule_name: str = "Default", **fields: Any) -> dict[str, Any]:
    return {
        "RuleName": rule_name,
        "ClientID": CLIENT_ID,
        "Timestamp": NOW,
        "RequestCount": 10,
        "SampledCount": 3,
        "BorrowCount": 1,
        **fields,
    }


def test_targets_are_answered_for_known_rules(call: Any) -> None:
    """A rule that is gone is listed as unprocessed, with an HTTP-like code."""
    answer = call("GetSamplingTargets", SamplingStatisticsDocuments=[statistics(), statistics("gone")])
    (target,) = answer["SamplingTargetDocuments"]
    assert target == {
        "RuleName": "Default",
        "FixedRate": 0.05,
        "ReservoirQuota": 1,
        "ReservoirQuotaTTL": datetime.fromtimestamp(1_700_000_300, UTC),
        "Interval": 10,
    }
    assert answer["LastRuleModification"] == datetime.fromtimestamp(1_700_000_001, UTC)
    assert answer["UnprocessedStatistics"] == [
        {"RuleName": "gone", "ErrorCode": "400", "Message": "There is no sampling rule named 'gone'"}
    ]


def test_adots_name_for_a_required_count_is_understood(call: Any) -> None:
    """Its sampler posts SampleCount, a client id on boost documents, and an empty list of those."""
    document = statistics()
    document["SampleCount"] = document.pop("SampledCount")
    call(
        "GetSamplingTargets",
        SamplingStatisticsDocuments=[document],
        SamplingBoostStatisticsDocuments=[{"ClientID": CLIENT_ID}],
    )
    (summary,) = call("GetSamplingStatisticSummaries")["SamplingStatisticSummaries"]
    assert summary == {
        "RuleName": "Default",
        "Timestamp": datetime.fromtimestamp(1_700_000_000, UTC),
        "RequestCount": 10,
        "SampledCount": 3,
        "BorrowCount": 1,
    }


@pytest.mark.parametrize(
    "document",
    [{}, None, 5, statistics(RequestCount="many", SampledCount=-3, BorrowCount=None), {"RuleName": ["x"]}],
)
def test_odd_statistics_do_not_fail_the_call(call: Any, document: Any) -> None:
    """A sampler that gets an error would stop following the rules."""
    answer = call("GetSamplingTargets", SamplingStatisticsDocuments=[document, statistics()])
    assert answer["SamplingTargetDocuments"][-1]["RuleName"] == "Default"


@pytest.mark.parametrize("documents", [None, {}, [statistics()] * 26])
def test_more_than_25_statistics_are_refused(call: Any, documents: Any) -> None:
    """And what is no list."""
    with pytest.raises(InvalidRequestError, match="SamplingStatisticsDocuments must be a list of up to 25"):
        call("GetSamplingTargets", SamplingStatisticsDocuments=documents)
