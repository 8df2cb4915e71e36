"""SNS: https://docs.aws.amazon.com/sns/latest/api/API_Operations.html."""

from __future__ import annotations

from typing import TYPE_CHECKING

from embedded_aws.engine.registration import Update
from embedded_aws.sns.protocols import PROTOCOLS

if TYPE_CHECKING:
    from embedded_aws.engine.registration import Created, Registration, State
    from embedded_aws.engine.standing import Before

_TOPIC_ATTRIBUTES = {
    "contentBasedDeduplication": "ContentBasedDeduplication",
    "deliveryPolicy": "DeliveryPolicy",
    "displayName": "DisplayName",
    "fifoTopic": "FifoTopic",
    "kmsMasterKeyId": "KmsMasterKeyId",
    "policy": "Policy",
    "signatureVersion": "SignatureVersion",
    "tracingConfig": "TracingConfig",
}

_ONLY_TRUE = {"FifoTopic", "ContentBasedDeduplication"}

_SUBSCRIPTION_ATTRIBUTES = {
    "deliveryPolicy": "DeliveryPolicy",
    "filterPolicy": "FilterPolicy",
    "filterPolicyScope": "FilterPolicyScope",
    "rawMessageDelivery": "RawMessageDelivery",
    "redrivePolicy": "RedrivePolicy",
    "subscriptionRoleArn": "SubscriptionRoleArn",
}


def topic(r: Registration) -> Created:
    """Make the topic."""
    name = r.physical_name(max_length=256, ending=".fifo" if r.inputs.get("fifoTopic") else "")
    attributes = _attributes(r, _TOPIC_ATTRIBUTES)
    arn = r.call("sns", "create_topic", Name=name, Attributes=attributes, Tags=r.tag_list())["TopicArn"]
    return arn, {"name": name, "arn": arn}


def update_topic(r: Registration, before: Before) -> State:
    """Set its attributes; its subscriptions stay."""
    given = _attributes(r, _TOPIC_ATTRIBUTES)
    for key in before.changed & _TOPIC_ATTRIBUTES.keys():
        name = _TOPIC_ATTRIBUTES[key]
        r.client("sns").set_topic_attributes(
            TopicArn=before.standing.id, AttributeName=name, AttributeValue=given.get(name, "")
        )
    return {}


def topic_subscription(r: Registration) -> Created:
    """Deliver to queues and functions; a subscription of another protocol is stored only."""
    answer = r.call(
        "sns",
        "subscribe",
        {"topic": "TopicArn"},
        Attributes=_attributes(r, _SUBSCRIPTION_ATTRIBUTES),
        ReturnSubscriptionArn=True,
    )
    if r.inputs["protocol"] not in PROTOCOLS:
        r.stored_only(f"SNS delivers nothing by {r.inputs['protocol']} here; the subscription exists")
    return answer["SubscriptionArn"], {"arn": answer["SubscriptionArn"]}


def topic_policy(r: Registration) -> Created:
    """Keep the policy; nothing is refused for lack of permission."""
    arn = r.inputs["arn"]
    r.client("sns").set_topic_attributes(
        TopicArn=arn, AttributeName="Policy", AttributeValue=r.inputs.text("policy")
    )
    return arn, {}


def _attributes(r: Registration, names: dict[str, str]) -> dict[str, str]:
    given = {names[key]: r.inputs.text(key) for key in r.inputs if key in names}
    # A topic that is not FIFO leaves that out, as the provider does.
    return {key: text for key, text in given.items() if key not in _ONLY_TRUE or text == "true"}


RESOURCES = {
    "aws:sns/topic:Topic": topic,
    "aws:sns/topicSubscription:TopicSubscription": topic_subscription,
    "aws:sns/topicPolicy:TopicPolicy": topic_policy,
}

UPDATES = {"aws:sns/topic:Topic": Update(update_topic, frozenset({"name", "namePrefix", "fifoTopic"}))}
