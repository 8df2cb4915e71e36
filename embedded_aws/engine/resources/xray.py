"""X-Ray: https://docs.aws.amazon.com/xray/latest/api/API_Operations.html."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from embedded_aws.engine.registration import Created, Registration


def sampling_rule(r: Registration) -> Created:
    """Make the rule; requests are sampled by it."""
    keys = (
        "ruleName", "resourceArn", "priority", "fixedRate", "reservoirSize", "serviceName", "serviceType",
        "host", "httpMethod", "urlPath", "version", "attributes",
    )  # fmt: skip
    rule = {key: r.inputs[key] for key in keys if key in r.inputs}
    answer = r.call("xray", "create_sampling_rule", inputs={"samplingRule": rule}, Tags=r.tag_list())
    created = answer["SamplingRuleRecord"]["SamplingRule"]
    return created["RuleName"], {"ruleName": created["RuleName"], "arn": created["RuleARN"]}


def group(r: Registration) -> Created:
    """Make the group of traces, or bring one up to date that an earlier run of the stack left."""
    pages = r.client("xray").get_paginator("get_groups").paginate()
    kept = {group["GroupName"] for page in pages for group in page["Groups"]}
    if r.inputs["groupName"] not in kept:
        made = r.call("xray", "create_group", Tags=r.tag_list())["Group"]
        return made["GroupARN"], {"arn": made["GroupARN"]}
    made = r.call("xray", "update_group")["Group"]
    if tags := r.tag_list():
        r.client("xray").tag_resource(ResourceARN=made["GroupARN"], Tags=tags)
    return made["GroupARN"], {"arn": made["GroupARN"]}


def resource_policy(r: Registration) -> Created:
    """Keep the policy; nothing is refused for lack of permission."""
    names = {"bypassPolicyLockoutCheck": "BypassPolicyLockoutCheck"}
    answer = r.call("xray", "put_resource_policy", names)["ResourcePolicy"]
    return answer["PolicyName"], {
        "policyRevisionId": answer.get("PolicyRevisionId"),
        "lastUpdatedTime": answer["LastUpdatedTime"].isoformat() if "LastUpdatedTime" in answer else None,
    }


RESOURCES = {
    "aws:xray/samplingRule:SamplingRule": sampling_rule,
    "aws:xray/group:Group": group,
    "aws:xray/resourcePolicy:ResourcePolicy": resource_policy,
}
