"""Every operation of the service model: calls that succeed, calls that fail, and what comes in pages."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from embedded_aws.aws.model import model
from embedded_aws.xray.api import (
    groups as groups_api,
)
from embedded_aws.xray.api import (
    policies as policies_api,
)
from embedded_aws.xray.api import (
    retrieval as retrieval_api,
)
from embedded_aws.xray.api import (
    sampling as sampling_api,
)
from embedded_aws.xray.api import (
    tags,
    time_series,
)
from embedded_aws.xray.api import traces as xray_api
from tests.embedded_aws.xray.builders import NOW, TRACE, inner, segment, trace_id

WINDOW = {"StartTime": NOW - 60, "EndTime": NOW + 60}
INSIGHT = "00000000-0000-4000-a000-000000000000"
POLICY = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": {"Effect": "Allow", "Principal": "*", "Action": "xray:*", "Resource": "*"},
    }
)
LOCKOUT = POLICY.replace("Allow", "Deny")
RULE = {
    "RuleName": "mine",
    "ResourceARN": "*",
    "Priority": 1,
    "FixedRate": 0.5,
    "ReservoirSize": 2,
    "ServiceName": "*",
    "ServiceType": "*",
    "Host": "*",
    "HTTPMethod": "*",
    "URLPath": "*",
    "Version": 1,
}
STATISTICS = {
    "RuleName": "Default",
    "ClientID": "0" * 24,
    "Timestamp": NOW,
    "RequestCount": 5,
    "SampledCount": 1,
}
DOCUMENT = json.dumps(
    segment("a", name="api", fault=True, subsegments=[inner("b", name="s3", namespace="aws")])
)
OTHERS = [json.dumps(segment("a", trace_id=trace_id(number))) for number in range(1, 3)]
PUT = ("PutTraceSegments", {"TraceSegmentDocuments": [DOCUMENT]})
PUT_THREE = ("PutTraceSegments", {"TraceSegmentDocuments": [DOCUMENT, *OTHERS]})
THREE = [TRACE, trace_id(1), trace_id(2)]
SEARCH = ("UpdateTraceSegmentDestination", {"Destination": "CloudWatchLogs"})
GROUP = (
    "CreateGroup",
    {"GroupName": "slow", "FilterExpression": "fault", "Tags": [{"Key": "k", "Value": "v"}]},
)
RETRIEVAL = {"TraceIds": [TRACE], **WINDOW}
FOUND = (PUT, SEARCH, ("StartTraceRetrieval", RETRIEVAL))

Call = tuple[str, dict[str, Any]]


@dataclass(frozen=True)
class Success:
    """After the calls of `before`, of which the last answer's members may be asked for as `<Member>`."""

    operation: str
    request: dict[str, Any]
    answer: Any
    before: tuple[Call, ...] = ()


@dataclass(frozen=True)
class Failure:
    operation: str
    request: dict[str, Any]
    code: str
    message: str
    before: tuple[Call, ...] = ()
    fields: dict[str, str] = field(default_factory=dict)


SUCCESSES = [
    Success("PutTraceSegments", {"TraceSegmentDocuments": [DOCUMENT]}, {"UnprocessedTraceSegments": []}),
    Success(
        "PutTraceSegments",
        {"TraceSegmentDocuments": ["{}"]},
        {"UnprocessedTraceSegments": [{"ErrorCode": "MissingId"}]},
    ),
    Success(
        "BatchGetTraces",
        {"TraceIds": [TRACE, trace_id(9)]},
        {"Traces": [{"Id": TRACE, "LimitExceeded": False}], "UnprocessedTraceIds": [trace_id(9)]},
        (PUT,),
    ),
    Success("GetTraceSummaries", WINDOW, {"TraceSummaries": [{"Id": TRACE, "HasFault": True}]}, (PUT,)),
    Success(
        "GetTraceSummaries",
        {**WINDOW, "FilterExpression": "ok"},
        {"TraceSummaries": [], "TracesProcessedCount": 1},
        (PUT,),
    ),
    Success(
        "GetServiceGraph",
        WINDOW,
        {
            "Services": [{"Type": "client"}, {"Name": "api"}, {"Name": "S3"}],
            "ContainsOldGroupVersions": False,
        },
        (PUT,),
    ),
    Success("GetTraceGraph", {"TraceIds": [TRACE]}, {"Services": [{}, {"Name": "api"}, {}]}, (PUT,)),
    Success(
        "GetTimeSeriesServiceStatistics",
        {**WINDOW, "EntitySelectorExpression": 'service("api")'},
        {
            "TimeSeriesServiceStatistics": [
                {"ServiceSummaryStatistics": {"FaultStatistics": {"TotalCount": 1}, "TotalCount": 1}}
            ],
            "ContainsOldGroupVersions": False,
        },
        (PUT,),
    ),
    Success("PutTelemetryRecords", {"TelemetryRecords": [{"Timestamp": NOW}]}, {}),
    Success("GetSamplingRules", {}, {"SamplingRuleRecords": [{"SamplingRule": {"RuleName": "Default"}}]}),
    Success(
        "GetSamplingTargets",
        {"SamplingStatisticsDocuments": [STATISTICS]},
        {"SamplingTargetDocuments": [{"RuleName": "Default", "FixedRate": 0.05}]},
    ),
    Success(
        "GetSamplingStatisticSummaries",
        {},
        {"SamplingStatisticSummaries": [{"RuleName": "Default", "RequestCount": 5}]},
        (("GetSamplingTargets", {"SamplingStatisticsDocuments": [STATISTICS]}),),
    ),
    Success("CreateSamplingRule", {"SamplingRule": RULE}, {"SamplingRuleRecord": {"SamplingRule": RULE}}),
    Success(
        "UpdateSamplingRule",
        {"SamplingRuleUpdate": {"RuleName": "mine", "Priority": 2}},
        {"SamplingRuleRecord": {"SamplingRule": {"Priority": 2}}},
        (("CreateSamplingRule", {"SamplingRule": RULE}),),
    ),
    Success(
        "DeleteSamplingRule",
        {"RuleName": "mine"},
        {"SamplingRuleRecord": {"SamplingRule": {"RuleName": "mine"}}},
        (("CreateSamplingRule", {"SamplingRule": RULE}),),
    ),
    Success(
        "CreateGroup",
        {"GroupName": "slow", "FilterExpression": "fault"},
        {
            "Group": {
                "GroupName": "slow",
                "FilterExpression": "fault",
                "InsightsConfiguration": {"InsightsEnabled": False, "NotificationsEnabled": False},
            }
        },
    ),
    Success("GetGroup", {"GroupARN": "<Group.GroupARN>"}, {"Group": {"GroupName": "slow"}}, (GROUP,)),
    Success("GetGroup", {"GroupName": "Default"}, {"Group": {"GroupName": "Default"}}),
    Success("GetGroups", {}, {"Groups": [{"GroupName": "Default"}, {"GroupName": "slow"}]}, (GROUP,)),
    Success(
        "UpdateGroup",
        {"GroupName": "slow", "InsightsConfiguration": {"InsightsEnabled": True}},
        {"Group": {"FilterExpression": "fault", "InsightsConfiguration": {"InsightsEnabled": True}}},
        (GROUP,),
    ),
    Success("DeleteGroup", {"GroupName": "slow"}, {}, (GROUP,)),
    Success(
        "ListTagsForResource",
        {"ResourceARN": "<Group.GroupARN>"},
        {"Tags": [{"Key": "k", "Value": "v"}]},
        (GROUP,),
    ),
    Success(
        "TagResource", {"ResourceARN": "<Group.GroupARN>", "Tags": [{"Key": "a", "Value": ""}]}, {}, (GROUP,)
    ),
    Success("UntagResource", {"ResourceARN": "<Group.GroupARN>", "TagKeys": ["k", "no"]}, {}, (GROUP,)),
    Success("GetEncryptionConfig", {}, {"EncryptionConfig": {"Type": "NONE", "Status": "ACTIVE"}}),
    Success(
        "GetEncryptionConfig",
        {},
        {"EncryptionConfig": {"Type": "KMS", "KeyId": "alias/mine", "Status": "ACTIVE"}},
        (("PutEncryptionConfig", {"Type": "KMS", "KeyId": "alias/mine"}),),
    ),
    Success(
        "PutEncryptionConfig",
        {"Type": "KMS", "KeyId": "alias/mine"},
        {"EncryptionConfig": {"Type": "KMS", "KeyId": "alias/mine", "Status": "UPDATING"}},
    ),
    Success(
        "PutResourcePolicy",
        {"PolicyName": "p", "PolicyDocument": POLICY, "PolicyRevisionId": "1"},
        {"ResourcePolicy": {"PolicyName": "p", "PolicyDocument": POLICY, "PolicyRevisionId": "2"}},
        (("PutResourcePolicy", {"PolicyName": "p", "PolicyDocument": POLICY, "PolicyRevisionId": "0"}),),
    ),
    Success(
        "PutResourcePolicy",
        {"PolicyName": "p", "PolicyDocument": LOCKOUT, "BypassPolicyLockoutCheck": True},
        {"ResourcePolicy": {"PolicyRevisionId": "1"}},
    ),
    Success(
        "ListResourcePolicies",
        {},
        {"ResourcePolicies": [{"PolicyName": "p", "PolicyRevisionId": "1"}]},
        (("PutResourcePolicy", {"PolicyName": "p", "PolicyDocument": POLICY}),),
    ),
    Success(
        "DeleteResourcePolicy",
        {"PolicyName": "p", "PolicyRevisionId": "1"},
        {},
        (("PutResourcePolicy", {"PolicyName": "p", "PolicyDocument": POLICY}),),
    ),
    Success("GetTraceSegmentDestination", {}, {"Destination": "XRay", "Status": "ACTIVE"}),
    Success("GetTraceSegmentDestination", {}, {"Destination": "CloudWatchLogs"}, (SEARCH,)),
    Success(
        "UpdateTraceSegmentDestination",
        {
            "Destination": "CloudWatchLogs",
            "CloudWatchLogsConfiguration": {"SpansLogGroupKmsKeyId": "alias/mine"},
        },
        {"Destination": "CloudWatchLogs", "Status": "PENDING"},
    ),
    Success(
        "GetIndexingRules",
        {},
        {
            "IndexingRules": [
                {"Name": "Default", "Rule": {"Probabilistic": {"DesiredSamplingPercentage": 1.0}}}
            ]
        },
    ),
    Success(
        "UpdateIndexingRule",
        {"Name": "Default", "Rule": {"Probabilistic": {"DesiredSamplingPercentage": 50}}},
        {"IndexingRule": {"Rule": {"Probabilistic": {"ActualSamplingPercentage": 50.0}}}},
    ),
    Success("StartTraceRetrieval", RETRIEVAL, {}, (SEARCH,)),
    Success(
        "ListRetrievedTraces",
        {"RetrievalToken": "<RetrievalToken>"},
        {"RetrievalStatus": "COMPLETE", "TraceFormat": "XRAY", "Traces": [{"Id": TRACE, "Spans": [{}, {}]}]},
        FOUND,
    ),
    Success(
        "GetRetrievedTracesGraph",
        {"RetrievalToken": "<RetrievalToken>"},
        {"RetrievalStatus": "COMPLETE", "Services": [{}, {"Service": {"Name": "api"}, "Links": []}, {}]},
        FOUND,
    ),
    Success("CancelTraceRetrieval", {"RetrievalToken": "<RetrievalToken>"}, {}, FOUND),
    Success("GetInsightSummaries", {**WINDOW, "GroupName": "Default"}, {"InsightSummaries": []}),
    Success("GetInsightEvents", {"InsightId": INSIGHT}, {"InsightEvents": []}),
    Success(
        "GetInsightImpactGraph", {"InsightId": INSIGHT, **WINDOW}, {"InsightId": INSIGHT, "Services": []}
    ),
]
NO_SUCCESS = {"GetInsight"}
"""There is no insight, and so none to show."""


def invalid(operation: str, request: dict[str, Any], message: str, *before: Call) -> Failure:
    return Failure(operation, request, "InvalidRequestException", message, before)


BACKWARDS = {"StartTime": NOW, "EndTime": NOW}
TOKEN = {"NextToken": "zzz"}
STRANGE = "NextToken 'zzz' did not come from"
ELSEWHERE = "arn:aws:xray:us-east-1:123456789012:group/none/1"
FIVE_POLICIES = tuple(
    ("PutResourcePolicy", {"PolicyName": f"p{n}", "PolicyDocument": POLICY}) for n in range(5)
)
ALL_GROUPS = tuple(("CreateGroup", {"GroupName": f"g{number}"}) for number in range(25))
ALL_RULES = tuple(
    ("CreateSamplingRule", {"SamplingRule": {**RULE, "RuleName": f"r{number}"}}) for number in range(25)
)
MANY_TAGS = [{"Key": f"t{number}", "Value": ""} for number in range(50)]


def unknown(operation: str) -> Failure:
    message, name = "There is no retrieval 'none'", {"ResourceName": "none"}
    return Failure(operation, {"RetrievalToken": "none"}, "ResourceNotFoundException", message, (), name)


def no_resource(operation: str, **request: Any) -> Failure:
    message, name = f"There is no resource {ELSEWHERE}", {"ResourceName": ELSEWHERE}
    return Failure(
        operation, {"ResourceARN": ELSEWHERE, **request}, "ResourceNotFoundException", message, (), name
    )


def policy(code: str, message: str, *before: Call, **request: Any) -> Failure:
    request = {"PolicyName": "p", "PolicyDocument": POLICY, **request}
    return Failure("PutResourcePolicy", request, f"{code}Exception", message, before)


FAILURES = [
    invalid("PutTraceSegments", {}, "TraceSegmentDocuments is missing; it must be a list"),
    invalid("BatchGetTraces", {"TraceIds": THREE * 2 + list("abc")}, "TraceIds has 6 members"),
    invalid("BatchGetTraces", {"TraceIds": [TRACE], **TOKEN}, STRANGE),
    invalid("GetTraceSummaries", BACKWARDS, "StartTime 1790000000"),
    invalid("GetTraceSummaries", WINDOW | TOKEN, STRANGE),
    invalid("GetTraceSummaries", WINDOW | {"FilterExpression": "ok AND"}, "FilterExpression is not valid at"),
    invalid(
        "GetTraceSummaries", WINDOW | {"TimeRangeType": "Any"}, 'TimeRangeType is "Any"; it must be one of'
    ),
    invalid(
        "GetTraceSummaries",
        WINDOW | {"Sampling": True, "SamplingStrategy": {"Name": "FixedRate", "Value": 2}},
        "SamplingStrategy.Value is 2; it must be 0 to 1",
    ),
    invalid("GetServiceGraph", BACKWARDS, "StartTime 1790000000"),
    invalid("GetServiceGraph", WINDOW | {"GroupName": "none"}, "There is no group with the GroupName 'none'"),
    invalid("GetServiceGraph", WINDOW | TOKEN, STRANGE),
    invalid("GetTraceGraph", {"TraceIds": []}, "TraceIds has 0 members"),
    invalid("GetTimeSeriesServiceStatistics", WINDOW | {"Period": 0}, "Period is 0; it must be 1 to 86400"),
    invalid("GetTimeSeriesServiceStatistics", WINDOW | TOKEN, STRANGE),
    invalid("GetTimeSeriesServiceStatistics", WINDOW | {"GroupARN": ELSEWHERE}, "There is no group with"),
    invalid(
        "GetTimeSeriesServiceStatistics",
        WINDOW | {"EntitySelectorExpression": "fault"},
        "FilterExpression is not valid at character 1: expected service() or edge()",
    ),
    invalid("PutTelemetryRecords", {"TelemetryRecords": [{}]}, "TelemetryRecords[0].Timestamp is missing"),
    invalid("GetSamplingRules", TOKEN, STRANGE),
    invalid("GetSamplingStatisticSummaries", TOKEN, STRANGE),
    invalid(
        "GetSamplingTargets", {"SamplingStatisticsDocuments": [STATISTICS] * 26}, "SamplingStatisticsDoc"
    ),
    invalid("CreateSamplingRule", {"SamplingRule": RULE | {"Version": 2}}, "Version 2 must be 1"),
    Failure(
        "CreateSamplingRule", {"SamplingRule": RULE}, "RuleLimitExceededException", "There are 25", ALL_RULES
    ),
    invalid("UpdateSamplingRule", {"SamplingRuleUpdate": {"RuleName": "none"}}, "There is no sampling rule"),
    invalid("DeleteSamplingRule", {"RuleName": "Default"}, "The sampling rule 'Default' cannot be deleted"),
    invalid("CreateGroup", {"GroupName": "a b"}, "GroupName 'a b' must have 1 to 32 characters"),
    invalid("CreateGroup", {"GroupName": "slow"}, "A group named 'slow' exists already", GROUP),
    invalid("CreateGroup", {"GroupName": "Default"}, "A group named 'Default' exists already"),
    invalid("CreateGroup", {"GroupName": "more"}, "There are 25 groups already; delete one", *ALL_GROUPS),
    invalid("CreateGroup", {"GroupName": "g", "FilterExpression": "("}, "FilterExpression is not valid at"),
    invalid(
        "CreateGroup",
        {"GroupName": "g", "FilterExpression": 'group.name = "g"'},
        "A group's FilterExpression cannot hold group.name",
    ),
    invalid(
        "CreateGroup",
        {"GroupName": "g", "InsightsConfiguration": {"NotificationsEnabled": True}},
        "NotificationsEnabled is true; it needs InsightsEnabled",
    ),
    invalid(
        "CreateGroup",
        {"GroupName": "g", "Tags": [{"Key": "aws:k", "Value": ""}]},
        "Tag key 'aws:k' begins with",
    ),
    invalid("GetGroup", {}, "Give GroupName or GroupARN"),
    invalid("GetGroup", {"GroupName": "none"}, "There is no group with the GroupName 'none'"),
    invalid("GetGroups", TOKEN, STRANGE),
    invalid(
        "UpdateGroup", {"GroupName": "Default", "FilterExpression": "ok"}, "The group 'Default' holds all"
    ),
    invalid("DeleteGroup", {"GroupName": "Default"}, "The group 'Default' cannot be deleted"),
    no_resource("ListTagsForResource"),
    no_resource("TagResource", Tags=[]),
    no_resource("UntagResource", TagKeys=[]),
    invalid("ListTagsForResource", {}, "ResourceARN is missing"),
    invalid("UntagResource", {"ResourceARN": ELSEWHERE}, "TagKeys is missing"),
    invalid(
        "TagResource", {"ResourceARN": ELSEWHERE, "Tags": MANY_TAGS[:1] * 2}, "Tag key 't0' is given twice"
    ),
    Failure(
        "TagResource",
        {"ResourceARN": "<Group.GroupARN>", "Tags": MANY_TAGS},
        "TooManyTagsException",
        "would have 51 tags; at most 50 are allowed",
        (GROUP,),
        {"ResourceName": "<Group.GroupARN>"},
    ),
    invalid("PutEncryptionConfig", {"Type": "KMS"}, "KeyId None is no KMS key"),
    invalid("PutEncryptionConfig", {"Type": "KMS", "KeyId": "my key"}, "KeyId 'my key' is no KMS key"),
    invalid("PutEncryptionConfig", {"Type": "NONE", "KeyId": "alias/a"}, "KeyId 'alias/a' has no meaning"),
    policy("MalformedPolicyDocument", "PolicyDocument is malformed: it is not JSON", PolicyDocument="{"),
    policy("MalformedPolicyDocument", "it must be a JSON object", PolicyDocument="[]"),
    policy("MalformedPolicyDocument", "Version None must be one of", PolicyDocument="{}"),
    policy(
        "MalformedPolicyDocument", "Effect 'Maybe' must be", PolicyDocument=POLICY.replace("Allow", "Maybe")
    ),
    policy(
        "MalformedPolicyDocument", "Principal is missing", PolicyDocument=POLICY.replace("Principal", "P")
    ),
    policy("MalformedPolicyDocument", "Action must be", PolicyDocument=POLICY.replace("Action", "A")),
    policy("MalformedPolicyDocument", "Resource is missing", PolicyDocument=POLICY.replace("Resource", "R")),
    policy("PolicySizeLimitExceeded", "PolicyDocument has 5121 bytes", PolicyDocument=POLICY.ljust(5121)),
    policy("PolicyCountLimitExceeded", "There are 5 resource policies", *FIVE_POLICIES),
    policy("LockoutPrevention", "PolicyDocument denies everybody", PolicyDocument=LOCKOUT),
    policy("InvalidPolicyRevisionId", "PolicyRevisionId '7' is not the latest", PolicyRevisionId="7"),
    Failure(
        "DeleteResourcePolicy",
        {"PolicyName": "p0", "PolicyRevisionId": "2"},
        "InvalidPolicyRevisionIdException",
        "PolicyRevisionId '2' is not the latest revision of 'p0', which is '1'",
        FIVE_POLICIES[:1],
    ),
    invalid("DeleteResourcePolicy", {"PolicyName": "p"}, "There is no resource policy named 'p'"),
    invalid("ListResourcePolicies", TOKEN, STRANGE),
    invalid(
        "UpdateTraceSegmentDestination",
        {"Destination": "XRay", "CloudWatchLogsConfiguration": {"SpansLogGroupKmsKeyId": "k"}},
        "CloudWatchLogsConfiguration has no meaning",
    ),
    invalid("GetIndexingRules", TOKEN, STRANGE),
    invalid(
        "UpdateIndexingRule",
        {"Name": "Default", "Rule": {"Probabilistic": {"DesiredSamplingPercentage": 101}}},
        "Rule.Probabilistic.DesiredSamplingPercentage is 101; it must be 0 to 100",
    ),
    invalid("UpdateIndexingRule", {"Name": "Default", "Rule": {}}, "Rule.Probabilistic is missing"),
    Failure(
        "UpdateIndexingRule",
        {"Name": "none", "Rule": {"Probabilistic": {"DesiredSamplingPercentage": 1}}},
        "ResourceNotFoundException",
        "There is no indexing rule 'none'",
        (),
        {"ResourceName": "none"},
    ),
    Failure(
        "StartTraceRetrieval",
        RETRIEVAL,
        "ResourceNotFoundException",
        "The log group aws/spans does not exist",
    ),
    invalid("StartTraceRetrieval", RETRIEVAL | {"TraceIds": []}, "TraceIds has 0 members; give 1 to 100"),
    invalid("StartTraceRetrieval", RETRIEVAL | {"TraceIds": [TRACE] * 101}, "TraceIds is "),
    invalid("StartTraceRetrieval", RETRIEVAL | {"TraceIds": ["x"]}, "TraceIds has 'x'; a trace id is"),
    invalid("StartTraceRetrieval", RETRIEVAL | {"EndTime": 0}, "StartTime 1789999940"),
    unknown("ListRetrievedTraces"),
    unknown("GetRetrievedTracesGraph"),
    unknown("CancelTraceRetrieval"),
    invalid("ListRetrievedTraces", {"RetrievalToken": "<RetrievalToken>", **TOKEN}, STRANGE, *FOUND),
    invalid("ListRetrievedTraces", {"RetrievalToken": "x", "TraceFormat": "W3C"}, 'TraceFormat is "W3C"'),
    invalid("GetRetrievedTracesGraph", {"RetrievalToken": "<RetrievalToken>", **TOKEN}, STRANGE, *FOUND),
    invalid("CancelTraceRetrieval", {}, "RetrievalToken is missing"),
    invalid("GetInsightSummaries", BACKWARDS, "StartTime 1790000000"),
    invalid("GetInsightSummaries", {"StartTime": 0, "EndTime": NOW}, "StartTime 0 is more than 30 days ago"),
    invalid("GetInsightSummaries", WINDOW | {"GroupName": "none"}, "There is no group with the GroupName"),
    invalid("GetInsightSummaries", WINDOW | TOKEN, STRANGE),
    invalid("GetInsight", {"InsightId": "none"}, 'InsightId is "none"; it must match'),
    invalid("GetInsight", {"InsightId": INSIGHT}, f"There is no insight {INSIGHT}"),
    invalid("GetInsightEvents", {"InsightId": INSIGHT, "MaxResults": 51}, "MaxResults is 51"),
    invalid("GetInsightEvents", {"InsightId": INSIGHT, **TOKEN}, STRANGE),
    invalid(
        "GetInsightImpactGraph",
        {"InsightId": INSIGHT, "StartTime": NOW - 7 * 3600, "EndTime": NOW},
        "StartTime 1789974800",
    ),
]
UNREACHABLE = {
    # Nothing is throttled here, and these two have no member that could be wrong.
    ("GetEncryptionConfig", "InvalidRequestException"),
    ("GetTraceSegmentDestination", "InvalidRequestException"),
    *((name, "ThrottledException") for name in model("xray").operation_names),
}
PAGES: dict[str, tuple[Any, str, dict[str, Any], tuple[Call, ...], int]] = {
    "BatchGetTraces": ((xray_api, "PAGE_CHARACTERS", 0), "Traces", {"TraceIds": THREE}, (PUT_THREE,), 3),
    "GetTraceSummaries": ((xray_api, "SUMMARIES_PER_PAGE", 1), "TraceSummaries", WINDOW, (PUT_THREE,), 3),
    "GetServiceGraph": ((xray_api, "SERVICES_PER_PAGE", 2), "Services", WINDOW, (PUT,), 3),
    "GetTraceGraph": ((xray_api, "SERVICES_PER_PAGE", 1), "Services", {"TraceIds": [TRACE]}, (PUT,), 3),
    "GetTimeSeriesServiceStatistics": (
        (time_series, "PERIODS_PER_PAGE", 1),
        "TimeSeriesServiceStatistics",
        WINDOW,
        (PUT,),
        1,
    ),
    "GetSamplingRules": (
        (sampling_api, "RECORDS_PER_PAGE", 1),
        "SamplingRuleRecords",
        {},
        (("CreateSamplingRule", {"SamplingRule": RULE}),),
        2,
    ),
    "GetSamplingStatisticSummaries": (
        (sampling_api, "RECORDS_PER_PAGE", 1),
        "SamplingStatisticSummaries",
        {},
        (
            ("CreateSamplingRule", {"SamplingRule": RULE}),
            (
                "GetSamplingTargets",
                {"SamplingStatisticsDocuments": [STATISTICS, STATISTICS | {"RuleName": "mine"}]},
            ),
        ),
        2,
    ),
    "GetGroups": ((groups_api, "GROUPS_PER_PAGE", 10), "Groups", {}, ALL_GROUPS, 26),
    "ListTagsForResource": (
        (tags, "TAGS_PER_PAGE", 20),
        "Tags",
        {"ResourceARN": "<Group.GroupARN>"},
        (("CreateGroup", {"GroupName": "slow", "Tags": MANY_TAGS}),),
        50,
    ),
    "ListResourcePolicies": (
        (policies_api, "POLICIES_PER_PAGE", 2),
        "ResourcePolicies",
        {},
        FIVE_POLICIES,
        5,
    ),
    "ListRetrievedTraces": (
        (retrieval_api, "TRACES_PER_PAGE", 1),
        "Traces",
        {"RetrievalToken": "<RetrievalToken>"},
        (PUT_THREE, SEARCH, ("StartTraceRetrieval", RETRIEVAL | {"TraceIds": THREE})),
        3,
    ),
    "GetRetrievedTracesGraph": (
        (retrieval_api, "SERVICES_PER_PAGE", 2),
        "Services",
        {"RetrievalToken": "<RetrievalToken>"},
        FOUND,
        3,
    ),
}
ONE_PAGE = {"GetIndexingRules", "GetInsightSummaries", "GetInsightEvents", "GetInsightImpactGraph"}
"""They have a token too, but never more than one item."""
