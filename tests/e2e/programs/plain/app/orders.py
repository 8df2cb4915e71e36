"""A function that knows nothing of this project: the X-Ray SDK as its documentation shows it."""

import json
import os

import boto3
from aws_xray_sdk.core import patch_all, xray_recorder

patch_all()

table = boto3.resource("dynamodb").Table(os.environ["TABLE"])
topic = boto3.client("sns")


def place(event, context):
    order = json.loads(event["body"])
    with xray_recorder.in_subsegment("check stock") as subsegment:
        subsegment.put_annotation("item", order["item"])
        subsegment.put_metadata("order", order)
    table.put_item(Item={"id": event["requestContext"]["requestId"], "item": order["item"]})
    topic.publish(TopicArn=os.environ["TOPIC"], Message=order["item"])
    return {"statusCode": 201, "body": json.dumps({"placed": order["item"]})}
