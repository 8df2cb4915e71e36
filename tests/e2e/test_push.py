"""What topics, buses, buckets and schedules invoke: in the trace of whoever caused it, and on its map."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore import xform_name

from embedded_aws.aws.ids import RandomIds
from tests.e2e.functions import deploy
from tests.e2e.lab import Lab
from tests.e2e.stack import Stack, until

QUIET = Path(__file__).with_name("handlers") / "quiet.py"
SHOP = ("shop", "AWS::Lambda::Function")

Send = Callable[[Stack, str, str], tuple[str, dict[str, Any], str]]
"""Sets a source up for a function, by name and ARN; returns service, parameters, operation."""


def by_topic(stack: Stack, name: str, arn: str) -> tuple[str, dict[str, Any], str]:
    sns = stack.client("sns")
    topic = sns.create_topic(Name=name)["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=arn)
    return "sns", {"TopicArn": topic, "Message": "hello"}, "Publish"


def by_bus(stack: Stack, name: str, arn: str) -> tuple[str, dict[str, Any], str]:
    events = stack.client("events")
    events.put_rule(Name=name, EventPattern=json.dumps({"source": [name]}))
    events.put_targets(Rule=name, Targets=[{"Id": "1", "Arn": arn}])
    return "events", {"Entries": [{"Source": name, "DetailType": "d", "Detail": "{}"}]}, "PutEvents"


def by_bucket(stack: Stack, name: str, arn: str) -> tuple[str, dict[str, Any], str]:
    s3 = stack.client("s3")
    s3.create_bucket(Bucket=name)
    told = [{"LambdaFunctionArn": arn, "Events": ["s3:ObjectCreated:*"]}]
    s3.put_bucket_notification_configuration(
        Bucket=name, NotificationConfiguration={"LambdaFunctionConfigurations": told}
    )
    return "s3", {"Bucket": name, "Key": "k", "Body": b"x"}, "PutObject"


def documents(stack: Stack, trace_id: str) -> dict[str, dict[str, Any]]:
    return {document["id"]: document for document in stack.documents(trace_id)}


def edges(stack: Stack, trace_id: str) -> set[tuple[tuple[str, str], tuple[str, str]]]:
    """Return the edges of a trace's map, each end by name and type."""
    services = stack.client("xray").get_trace_graph(TraceIds=[trace_id])["Services"]
    keys = {service["ReferenceId"]: (service["Name"], service.get("Type", "")) for service in services}
    return {
        (keys[service["ReferenceId"]], keys[edge["ReferenceId"]])
        for service in services
        for edge in service["Edges"]
    }


def call(stack: Stack, service: str, operation: str, given: dict[str, Any], header: str) -> None:
    """Call an operation as an instrumented client does: with the tracing header of its subsegment."""
    client = stack.client(service)
    client.meta.events.register(
        f"before-sign.{service}.{operation}",
        lambda request, **_: request.headers.add_header("X-Amzn-Trace-Id", header),
    )
    getattr(client, xform_name(operation))(**given)


def caused(stack: Stack, service: str, operation: str, given: dict[str, Any]) -> tuple[str, str]:
    """Let a function `shop` make a call, and return the trace's id and that of the call's subsegment."""
    trace_id, subsegment = RandomIds().trace_id(time.time()), secrets.token_hex(8)
    start = time.time()
    call(stack, service, operation, given, f"Root={trace_id};Parent={subsegment};Sampled=1")
    shown = {"Bucket": "bucket_name", "TableName": "table_name"}
    told = {shown[key]: given[key] for key in shown if key in given}
    part = {
        "id": subsegment,
        "name": service,
        "namespace": "aws",
        "start_time": start,
        "end_time": time.time(),
        "aws": {"operation": operation, **told},
        "http": {"response": {"status": 200}},
    }
    segment = {
        "id": secrets.token_hex(8),
        "trace_id": trace_id,
        "name": SHOP[0],
        "origin": SHOP[1],
        "start_time": start - 0.1,
        "end_time": time.time(),
        "subsegments": [part],
    }
    stack.client("xray").put_trace_segments(TraceSegmentDocuments=[json.dumps(segment)])
    return trace_id, subsegment


@pytest.mark.parametrize(
    ("source", "node"),
    [
        (by_topic, ("SNS", "AWS::SNS")),
        (by_bus, ("Events", "AWS::Events")),
        (by_bucket, ("pushed-by-bucket", "AWS::S3::Bucket")),
    ],
)
def test_a_pushed_invocation_is_in_the_trace_and_on_the_map(
    lab: Lab, source: Send, node: tuple[str, str]
) -> None:
    """The function's segment hangs in the call, through a node of the service that passed the trace on.

    https://docs.aws.amazon.com/xray/latest/devguide/xray-services-sns.html
    https://docs.aws.amazon.com/xray/latest/devguide/xray-services-eventbridge.html
    https://docs.aws.amazon.com/xray/latest/devguide/xray-services-s3.html
    """
    name = f"pushed-{source.__name__.replace('_', '-')}"
    stack = lab.stack
    arn = f"arn:aws:lambda:us-east-1:123456789012:function:{deploy(stack, name, QUIET, {})}"
    trace_id, subsegment = caused(stack, *_ordered(source(stack, name, arn)))

    def ran() -> dict[str, dict[str, Any]] | None:
        found = documents(stack, trace_id)
        return (
            found
            if any(one.get("origin") == SHOP[1] and one["name"] == name for one in found.values())
            else None
        )

    found = until(ran, "the function's segments")
    (service,) = [one for one in found.values() if one.get("origin") == "AWS::Lambda"]
    assert service["http"]["response"]["status"] == 202
    between = found[service["parent_id"]]
    assert (between["inferred"], between["parent_id"]) == (True, subsegment)
    assert {(SHOP, node), (node, (name, "AWS::Lambda"))} <= edges(stack, trace_id)


def _ordered(told: tuple[str, dict[str, Any], str]) -> tuple[str, str, dict[str, Any]]:
    service, given, operation = told
    return service, operation, given


def test_a_topic_with_active_tracing_leads_to_its_queue_and_on(lab: Lab) -> None:
    """The topic is a node of its own, its queue another; the queue's consumer is linked to the delivery.

    https://docs.aws.amazon.com/sns/latest/dg/sns-active-tracing.html
    https://docs.aws.amazon.com/xray/latest/devguide/xray-tracelinking.html
    """
    stack = lab.stack
    name = deploy(stack, "pushed-by-queue", QUIET, {})
    sns, sqs = stack.client("sns"), stack.client("sqs")
    topic = sns.create_topic(Name="traced", Attributes={"TracingConfig": "Active"})["TopicArn"]
    sqs.create_queue(QueueName="traced")
    queue = "arn:aws:sqs:us-east-1:123456789012:traced"
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue)
    stack.client("lambda").create_event_source_mapping(EventSourceArn=queue, FunctionName=name)
    trace_id, subsegment = caused(stack, "sns", "Publish", {"TopicArn": topic, "Message": "hello"})

    def delivered() -> dict[str, Any] | None:
        found = documents(stack, trace_id).values()
        return next((one for one in found if one.get("origin") == "AWS::SNS::Topic"), None)

    segment = until(delivered, "the topic's segment")
    (delivery,) = segment["subsegments"]
    assert segment["parent_id"] == subsegment

    def consumed() -> dict[str, Any] | None:
        summaries = stack.client("xray").get_trace_summaries(**stack.xray_window())["TraceSummaries"]
        found = [one for summary in summaries for one in documents(stack, summary["Id"]).values()]
        return next((one for one in found if one["name"] == name and one.get("links")), None)

    links = until(consumed, "the consumer's trace")["links"]
    assert [(link["trace_id"], link["id"]) for link in links] == [(trace_id, delivery["id"])]
    there = ("traced", "AWS::SNS::Topic")
    queue_node = ("https://sqs.us-east-1.amazonaws.com/123456789012/traced", "AWS::SQS::Queue")
    assert {(SHOP, there), (there, queue_node)} <= edges(stack, trace_id)


def test_a_schedule_begins_a_trace(lab: Lab) -> None:
    """A function that a schedule invokes is the root of its trace, and nothing calls it on the map.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-related-service-xray.html
    """
    stack = lab.stack
    name = deploy(stack, "pushed-by-schedule", QUIET, {})
    events = stack.client("events")
    events.put_rule(Name=name, ScheduleExpression="rate(1 minute)")
    events.put_targets(
        Rule=name, Targets=[{"Id": "1", "Arn": f"arn:aws:lambda:us-east-1:123456789012:function:{name}"}]
    )

    def traced() -> list[str] | None:
        lab.time.passed += 5.0  # the schedule begins when it is first seen, within a second
        window = stack.xray_window()
        found = stack.client("xray").get_trace_summaries(
            **window, FilterExpression=f'service(id(name: "{name}", type: "AWS::Lambda::Function"))'
        )
        return [summary["Id"] for summary in found["TraceSummaries"]] or None

    trace_id = until(traced, "the trace of the scheduled invocation")[0]
    events.disable_rule(Name=name)
    service = invoked(stack, trace_id)
    assert "parent_id" not in service
    assert {called for caller, called in edges(stack, trace_id) if caller[1] == "client"} == {
        (name, "AWS::Lambda")
    }


def invoked(stack: Stack, trace_id: str) -> dict[str, Any]:
    """Return the one segment of Lambda's service in a trace, as soon as it has ended."""

    def ended() -> list[dict[str, Any]] | None:
        found = [one for one in stack.documents(trace_id) if one.get("origin") == "AWS::Lambda"]
        return found if found and not any(one.get("in_progress") for one in found) else None

    (service,) = until(ended, "the segment of Lambda's service")
    return service


def by_table(stack: Stack, name: str) -> tuple[str, tuple[str, str, dict[str, Any]], tuple[str, str]]:
    table = stack.client("dynamodb").create_table(
        TableName=name,
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    )
    call = ("dynamodb", "PutItem", {"TableName": name, "Item": {"id": {"S": "1"}}})
    return table["TableDescription"]["LatestStreamArn"], call, (name, "AWS::DynamoDB::Table")


def by_stream(stack: Stack, name: str) -> tuple[str, tuple[str, str, dict[str, Any]], tuple[str, str]]:
    stack.client("kinesis").create_stream(StreamName=name, ShardCount=1)
    call = ("kinesis", "PutRecord", {"StreamName": name, "PartitionKey": "1", "Data": b"x"})
    return f"arn:aws:kinesis:us-east-1:123456789012:stream/{name}", call, ("kinesis", "AWS::kinesis")


@pytest.mark.parametrize("source", [by_table, by_stream])
def test_what_a_stream_invokes_has_a_trace_of_its_own(lab: Lab, source: Callable[..., Any]) -> None:
    """Neither the header of who wrote, nor a link, nor an edge leads from the stream to its function.

    DynamoDB's streams and Kinesis are not among the services that integrate with X-Ray, and a function with
    active tracing traces what comes without a header.

    https://docs.aws.amazon.com/xray/latest/devguide/xray-services.html
    https://docs.aws.amazon.com/lambda/latest/dg/services-xray.html
    """
    name = f"streamed-{source.__name__.replace('_', '-')}"
    stack = lab.stack
    arn, write, node = source(stack, name)
    stack.client("lambda").create_event_source_mapping(
        EventSourceArn=arn, FunctionName=deploy(stack, name, QUIET, {}), StartingPosition="TRIM_HORIZON"
    )
    trace_id, _ = caused(stack, *write)

    def traced() -> str | None:
        found = stack.client("xray").get_trace_summaries(
            **stack.xray_window(),
            FilterExpression=f'service(id(name: "{name}", type: "AWS::Lambda::Function"))',
        )
        return next((summary["Id"] for summary in found["TraceSummaries"]), None)

    own = until(traced, "the function's trace")
    assert own != trace_id
    service = invoked(stack, own)
    assert not {"parent_id", "links"} & set(service)
    client, lambda_, function = (name, "client"), (name, "AWS::Lambda"), (name, "AWS::Lambda::Function")
    assert edges(stack, own) == {(client, lambda_), (lambda_, function)}
    written = edges(stack, trace_id)
    assert (SHOP, node) in written
    assert not [edge for edge in written if edge[0] == node]
