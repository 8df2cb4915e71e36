"""The sampling operations of X-Ray's API: JSON shapes around `sampling`.

https://docs.aws.amazon.com/xray/latest/api/API_Operations.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from embedded_aws.aws.errors import InvalidRequestError
from embedded_aws.aws.interfaces import ACCOUNT_ID
from embedded_aws.aws.paging import paged
from embedded_aws.xray.api.tags import check_new
from embedded_aws.xray.sampling import Record, Report, Sampling, Target
from embedded_aws.xray.sampling_rules import Rule

if TYPE_CHECKING:
    from embedded_aws.aws.service import Operation
    from embedded_aws.xray.api.tags import Tags

MOST_DOCUMENTS = 25
RECORDS_PER_PAGE = 100

_FIELDS = {
    "Priority": "priority",
    "FixedRate": "fixed_rate",
    "ReservoirSize": "reservoir_size",
    "ServiceName": "service_name",
    "ServiceType": "service_type",
    "Host": "host",
    "HTTPMethod": "http_method",
    "URLPath": "url_path",
    "ResourceARN": "resource_arn",
    "Attributes": "attributes",
    "SamplingRateBoost": "boost",
}
UNCHECKED = {"GetSamplingRules", "GetSamplingTargets", "GetSamplingStatisticSummaries"}
"""Only requests from tools are held to AWS's model. What the samplers of the SDKs send is taken as it is:
ADOT's posts no body for the rules and another name for a required count.
"""
_ARN_NAME = ":sampling-rule/"


def operations(
    sampling: Sampling, region: str = "us-east-1", tags: Tags | None = None
) -> dict[str, Operation]:
    """Return the operations by name; `tags` keeps the tags of rules, without it they are only checked."""
    api = _SamplingApi(sampling, region, tags)
    return {
        "CreateSamplingRule": api.create,
        "UpdateSamplingRule": api.update,
        "DeleteSamplingRule": api.delete,
        "GetSamplingRules": api.rules,
        "GetSamplingTargets": api.targets,
        "GetSamplingStatisticSummaries": api.statistics,
    }


def sampler_operations(sampling: Sampling, region: str = "us-east-1") -> dict[str, Operation]:
    """Return what the samplers of SDKs call, by name: the daemon's TCP port offers nothing else."""
    table = operations(sampling, region)
    return {name: table[name] for name in ("GetSamplingRules", "GetSamplingTargets")}


class _SamplingApi:
    def __init__(self, sampling: Sampling, region: str, tags: Tags | None) -> None:
        self._sampling = sampling
        self._tags = tags
        self._arn_prefix = f"arn:aws:xray:{region}:{ACCOUNT_ID}{_ARN_NAME}"
        if tags:
            tags.add_resources(self._has_arn)

    def create(self, request: Mapping[str, Any]) -> dict[str, Any]:
        given = request["SamplingRule"]
        if given["Version"] != 1:
            raise InvalidRequestError(f"Version {given['Version']} must be 1, the only one that exists")
        rule = Rule(name=self._name(given), **_changes(given))
        new_tags = check_new(request.get("Tags", ()), rule.name)
        record = self._sampling.create(rule)
        if self._tags:
            self._tags.keep(self._arn_prefix + rule.name, new_tags)
        return {"SamplingRuleRecord": self._shape(record)}

    def update(self, request: Mapping[str, Any]) -> dict[str, Any]:
        given = request["SamplingRuleUpdate"]
        record = self._sampling.update(self._name(given), **_changes(given))
        return {"SamplingRuleRecord": self._shape(record)}

    def delete(self, request: Mapping[str, Any]) -> dict[str, Any]:
        record = self._sampling.delete(self._name(request))
        if self._tags:
            self._tags.drop(self._arn_prefix + record.rule.name)
        return {"SamplingRuleRecord": self._shape(record)}

    def rules(self, request: Mapping[str, Any]) -> dict[str, Any]:
        records = [self._shape(record) for record in self._sampling.records()]
        return paged("SamplingRuleRecords", records, request, RECORDS_PER_PAGE)

    def targets(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Answer a sampler's statistics. Sampling boost is not emulated: its statistics are accepted."""
        documents = request.get("SamplingStatisticsDocuments")
        if not isinstance(documents, list) or len(documents) > MOST_DOCUMENTS:
            raise InvalidRequestError(f"SamplingStatisticsDocuments must be a list of up to {MOST_DOCUMENTS}")
        found: list[dict[str, Any]] = []
        unprocessed: list[dict[str, Any]] = []
        for document in documents:
            report = _report(document)
            target = self._sampling.target(report)
            if target is None:
                # The SDKs read the code as an HTTP status: from 500 on they fetch all rules again.
                message = f"There is no sampling rule named {report.rule_name!r}"
                unprocessed.append({"RuleName": report.rule_name, "ErrorCode": "400", "Message": message})
            else:
                found.append(_target_shape(target))
        return {
            "SamplingTargetDocuments": found,
            "LastRuleModification": float(self._sampling.last_modification()),
            "UnprocessedStatistics": unprocessed,
            "UnprocessedBoostStatistics": [],
        }

    def statistics(self, request: Mapping[str, Any]) -> dict[str, Any]:
        summaries = [
            {
                "RuleName": summary.rule_name,
                "Timestamp": float(summary.start),
                "RequestCount": summary.requests,
                "BorrowCount": summary.borrowed,
                "SampledCount": summary.sampled,
            }
            for summary in self._sampling.summaries()
        ]
        return paged("SamplingStatisticSummaries", summaries, request, RECORDS_PER_PAGE)

    def _has_arn(self, arn: str) -> bool:
        return any(arn == self._arn_prefix + record.rule.name for record in self._sampling.records())

    def _name(self, given: Mapping[str, Any]) -> str:
        """Return the rule's name, which is given either as such or in an ARN."""
        name, arn = given.get("RuleName"), given.get("RuleARN")
        if (name is None) == (arn is None):
            raise InvalidRequestError("Give either RuleName or RuleARN, and not both")
        if name is not None:
            return str(name)
        found = str(arn).partition(_ARN_NAME)[2]
        if not found:
            raise InvalidRequestError(f"RuleARN {arn!r} must end in {_ARN_NAME}<name>")
        return found

    def _shape(self, record: Record) -> dict[str, Any]:
        rule = record.rule
        shape = {
            **{name: getattr(rule, attribute) for name, attribute in _FIELDS.items()},
            "RuleName": rule.name,
            "RuleARN": self._arn_prefix + rule.name,
            "Attributes": dict(rule.attributes),
            "Version": 1,
        }
        if rule.boost is None:
            del shape["SamplingRateBoost"]
        return {"SamplingRule": shape, "CreatedAt": record.created_at, "ModifiedAt": record.modified_at}


def _changes(given: Mapping[str, Any]) -> dict[str, Any]:
    return {attribute: given[name] for name, attribute in _FIELDS.items() if name in given}


def _report(document: Any) -> Report:
    fields = document if isinstance(document, Mapping) else {}
    return Report(
        rule_name=str(fields.get("RuleName", "")),
        client_id=str(fields.get("ClientID", "")),
        requests=_number(fields.get("RequestCount")),
        sampled=_number(fields.get("SampledCount", fields.get("SampleCount"))),
        borrowed=_number(fields.get("BorrowCount")),
    )


def _number(value: Any) -> int:
    return max(0, value) if isinstance(value, int) else 0


def _target_shape(target: Target) -> dict[str, Any]:
    return {
        "RuleName": target.rule_name,
        "FixedRate": target.fixed_rate,
        "ReservoirQuota": target.quota,
        "ReservoirQuotaTTL": float(target.quota_ttl),
        "Interval": target.interval,
    }
