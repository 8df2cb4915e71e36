"""What subscribers get of a message: pure functions.

https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html
https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html

Messages are not signed here: `Signature` is a text that says so.
"""

from __future__ import annotations

import base64
import datetime as dt
import json
from collections.abc import Mapping
from typing import Any

from embedded_aws.aws.moto_events import Published

_UNSIGNED = "NotSignedByTheEmbeddedAws"

Attributes = Mapping[str, Mapping[str, Any]]


def text_for(message: Published, protocol: str) -> str:
    """Return the text of a message for a protocol; structured messages have one for each."""
    if not message.is_structured:
        return message.message
    texts = json.loads(message.message)
    return str(texts.get(protocol, texts["default"]))


def envelope(message: Published, subscription: str, at: float) -> str:
    """Return the JSON with which a message goes to a queue."""
    region = message.topic_arn.split(":")[3]
    content = {
        "Type": "Notification",
        "MessageId": message.message_id,
        "TopicArn": message.topic_arn,
        **({"Subject": message.subject} if message.subject else {}),
        "Message": text_for(message, "sqs"),
        "Timestamp": _timestamp(at),
        "SignatureVersion": "1",
        "Signature": _UNSIGNED,
        "SigningCertURL": _certificate(region),
        "UnsubscribeURL": _unsubscribe(region, subscription),
        **({"MessageAttributes": message.attributes} if message.attributes else {}),
    }
    return json.dumps(content, indent=2)


def lambda_event(message: Published, subscription: str, at: float) -> str:
    """Return the event with which a message invokes a function: one record."""
    region = message.topic_arn.split(":")[3]
    notification = {
        "Type": "Notification",
        "MessageId": message.message_id,
        "TopicArn": message.topic_arn,
        "Subject": message.subject,
        "Message": text_for(message, "lambda"),
        "Timestamp": _timestamp(at),
        "SignatureVersion": "1",
        "Signature": _UNSIGNED,
        "SigningCertUrl": _certificate(region),
        "UnsubscribeUrl": _unsubscribe(region, subscription),
        "MessageAttributes": message.attributes,
    }
    record = {
        "EventSource": "aws:sns",
        "EventVersion": "1.0",
        "EventSubscriptionArn": subscription,
        "Sns": notification,
    }
    return json.dumps({"Records": [record]})


def raw_attributes(attributes: Attributes) -> dict[str, dict[str, Any]]:
    """Return the attributes of a message that goes to a queue as it is.

    https://docs.aws.amazon.com/sns/latest/dg/sns-large-payload-raw-message-delivery.html
    """
    return {
        name: {
            "DataType": given["Type"],
            **(
                {"BinaryValue": base64.b64decode(given["Value"])}
                if str(given["Type"]).startswith("Binary")
                else {"StringValue": str(given["Value"])}
            ),
        }
        for name, given in attributes.items()
    }


def _timestamp(at: float) -> str:
    moment = dt.datetime.fromtimestamp(at, dt.UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _certificate(region: str) -> str:
    return f"https://sns.{region}.amazonaws.com/SimpleNotificationService-0000.pem"


def _unsubscribe(region: str, subscription: str) -> str:
    return f"https://sns.{region}.amazonaws.com/?Action=Unsubscribe&SubscriptionArn={subscription}"
