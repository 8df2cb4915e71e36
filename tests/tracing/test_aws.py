"""AWS calls, in both modes: what is recorded, what goes over the wire."""

from __future__ import annotations

import json
from typing import Any

from tests.tracing.harness import HEADER, PARENT, by_name

THROTTLED = b'{"__type":"x#ProvisionedThroughputExceededException","message":"slow down"}'
REFUSED = b'{"__type":"x#ConditionalCheckFailedException","message":"exists"}'


def only_aws(documents: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted((d for d in documents if d.get("namespace") == "aws"), key=lambda d: d["start_time"])


def test_successful_calls(worker: Any, daemon: Any, aws: Any) -> None:
    """One subsegment for each call: endpoint prefix as name, the aws block, the status, nothing else."""
    aws.answers["PutItem"] = (200, {}, b'{"ConsumedCapacity":{"TableName":"orders","CapacityUnits":1.0}}')
    assert worker.invoke("aws_calls")[:2] == ["ok", "ok"]
    put, batch, _ = only_aws(daemon.documents())
    assert put["name"] == "dynamodb"
    assert put["aws"] == {
        "operation": "PutItem",
        "region": "eu-west-1",
        "request_id": "request-1",
        "table_name": "orders",
        "consumed_capacity": {"TableName": "orders", "CapacityUnits": 1.0},
    }
    assert put["http"] == {"response": {"status": 200}}
    assert not {"error", "fault", "throttle", "cause", "metadata"} & set(put)
    assert batch["aws"]["table_names"] == ["orders"]


def test_a_call_within_a_call_is_its_child(worker: Any, daemon: Any, aws: Any) -> None:
    """Such as a client's that fetches credentials: each has its own subsegment and its own operation."""
    assert worker.invoke("call_within_a_call") == "ok"
    outer, inner = only_aws(daemon.documents())
    assert (inner["aws"]["operation"], outer["aws"]["operation"]) == ("ListTables", "PutItem")
    assert inner["parent_id"] == outer["id"]
    assert "table_name" not in inner["aws"]


def test_bytes_in_a_reply(worker: Any, daemon: Any, aws: Any) -> None:
    """What JSON cannot hold is written as text, and the rest of the reply beside it."""
    metrics = (
        b'{"ItemCollectionMetrics":{"ItemCollectionKey":{"id":{"B":"AAE="}},"SizeEstimateRangeGB":[0,1]}}'
    )
    aws.answers["PutItem"] = (200, {}, metrics)
    assert worker.invoke("put_item") == "ok"
    call = by_name(daemon.documents())["dynamodb"]
    assert call["aws"]["request_id"] == "request-1"
    assert call["aws"]["item_collection_metrics"] == {
        "ItemCollectionKey": {"id": {"B": "b'\\x00\\x01'"}},
        "SizeEstimateRangeGB": [0.0, 1.0],
    }


def test_call_without_a_reply(worker: Any, daemon: Any, aws: Any) -> None:
    """A call that reaches nobody is a fault with a cause and without a status."""
    assert worker.invoke("aws_calls")[2] == "EndpointConnectionError"
    lost = only_aws(daemon.documents())[2]
    assert lost["fault"]
    assert "http" not in lost
    exception = lost["cause"]["exceptions"][0]
    assert exception["type"] == "EndpointConnectionError"
    assert exception["remote"] is False
    assert [frame["label"] for frame in exception["stack"]] == ["aws_calls", "_call", "_api_call"]
    assert lost["aws"]["table_name"] == "orders"


def test_a_failed_call_without_a_request_id(worker: Any, daemon: Any, aws: Any) -> None:
    """S3's reply to a call that failed may have no id; then the document has none either."""
    aws.answers["PUT /files/a/b"] = (404, {}, b"")
    worker.invoke("s3_put")
    (call,) = only_aws(daemon.documents())
    assert call["error"]
    assert call["aws"].keys() == {"operation", "region", "bucket_name", "key"}


def test_refused_call(worker: Any, daemon: Any, aws: Any) -> None:
    """A 4xx is an error, no fault; its stack starts in the handler."""
    aws.answers["PutItem"] = (400, {}, REFUSED)
    assert worker.invoke("put_item") == "ConditionalCheckFailedException"
    found = by_name(daemon.documents())
    call = found["dynamodb"]
    assert (call.get("error"), call.get("fault"), call.get("throttle")) == (True, None, None)
    (exception,) = call["cause"]["exceptions"]
    assert exception["remote"] is True
    assert [frame["label"] for frame in exception["stack"]] == ["put_item", "_call", "_api_call"]
    assert "fault" not in found["save"]


def test_throttled_call(worker: Any, daemon: Any, aws: Any) -> None:
    """A throttling code sets throttle whatever the HTTP status."""
    aws.answers["PutItem"] = (400, {}, THROTTLED)
    worker.invoke("put_item")
    call = by_name(daemon.documents())["dynamodb"]
    assert (call.get("error"), call.get("fault"), call.get("throttle")) == (True, None, True)


def test_server_error(worker: Any, daemon: Any, aws: Any) -> None:
    """A 5xx is a fault."""
    aws.answers["PutItem"] = (500, {}, b"{}")
    worker.invoke("put_item")
    call = by_name(daemon.documents())["dynamodb"]
    assert (call.get("error"), call.get("fault")) == (None, True)
    assert call["http"] == {"response": {"status": 500}}


def test_error_through_the_spans_around_it(worker: Any, daemon: Any, aws: Any) -> None:
    """The spans that an AWS error passes through are faults that name the call's exception."""
    aws.answers["PutItem"] = (400, {}, REFUSED)
    assert worker.invoke("client_error_type") == "ConditionalCheckFailedException"
    found = by_name(daemon.documents())
    identifier = found["dynamodb"]["cause"]["exceptions"][0]["id"]
    assert found["save"]["cause"] == found["scenarios.put_item_raising"]["cause"] == identifier
    assert found["save"]["fault"]


def test_header_on_the_wire(worker: Any, daemon: Any, aws: Any) -> None:
    """One header: the call's own subsegment is the parent, lineage and all."""
    worker.invoke("put_item")
    call = by_name(daemon.documents())["dynamodb"]
    (request,) = aws.requests
    assert request.trace_headers == [HEADER.replace(PARENT, call["id"])]


def test_header_when_not_sampled(worker: Any, daemon: Any, aws: Any) -> None:
    """An unsampled context goes on as it came."""
    unsampled = HEADER.replace("Sampled=1", "Sampled=0")
    worker.invoke("put_item", None, unsampled)
    (request,) = aws.requests
    assert request.trace_headers == [unsampled]
    assert daemon.take() == []


def test_invoke_payload(worker: Any, daemon: Any, aws: Any) -> None:
    """The payload and the parameters of an Invoke are the user's, byte for byte."""
    payload = '{ "message":"Hello",  "headers": {"a": "b"} }'
    aws.answers["POST /2015-03-31/functions/worker/invocations"] = (
        200,
        {"X-Amz-Function-Error": "Unhandled"},
        b'"done"',
    )
    reply = worker.invoke("invoke", payload)
    assert reply == ['"done"', payload, ["ClientContext", "FunctionName", "Payload"]]
    assert aws.requests[0].body == payload.encode()
    call = by_name(daemon.documents())["lambda"]
    assert call["aws"]["function_name"] == "worker"
    assert call["aws"]["function_error"] == "Unhandled"
    assert call["aws"]["status_code"] == 200


def test_message_attributes(worker: Any, daemon: Any, aws: Any) -> None:
    """SNS message attributes are neither added to on the wire nor in the user's own object."""
    aws.answers["POST /"] = (
        200,
        {"Content-Type": "text/xml"},
        b"<PublishResponse><PublishResult><MessageId>m-1</MessageId></PublishResult></PublishResponse>",
    )
    assert worker.invoke("publish", 9) == ["ok", 9]
    assert aws.requests[0].body.count(b".Name=") == 9
    call = by_name(daemon.documents())["sns"]
    assert call["aws"]["topic_arn"] == "arn:topic"
    assert call["aws"]["message_id"] == "m-1"


def test_s3(worker: Any, daemon: Any, aws: Any) -> None:
    """S3 calls carry bucket, key and the extended request id."""
    aws.answers["PUT /files/a/b"] = (200, {"x-amz-id-2": "extended"}, b"")
    assert worker.invoke("s3_put") == "ok"
    call = by_name(daemon.documents())["s3"]
    assert {key: call["aws"][key] for key in ("bucket_name", "key", "id_2")} == {
        "bucket_name": "files",
        "key": "a/b",
        "id_2": "extended",
    }


def test_results_are_the_same_with_tracing_off(worker: Any, aws: Any, run: Any) -> None:
    """What the handler gets from AWS does not depend on tracing."""
    script = "import json, scenarios; print(json.dumps(scenarios.invoke('{\"a\": 1}', None)))"
    assert run("off", script).result == worker.invoke("invoke", '{"a": 1}')
    with_tracing, without = sorted(json.dumps(request.body.decode()) for request in aws.requests)
    assert with_tracing == without
