"""DynamoDB streams and Kinesis streams as event sources."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from embedded_aws.aws import moto_patches
from tests.embedded_aws.awslambda.harness import Stack
from tests.embedded_aws.events.test_sqs import until

COLLECT = (
    "import base64, json, os, pathlib, time\n"
    "def number(record):\n"
    "  if 'kinesis' in record: return record['kinesis']['sequenceNumber']\n"
    "  return record['dynamodb']['SequenceNumber']\n"
    "def is_bad(record):\n"
    "  if 'kinesis' in record: return base64.b64decode(record['kinesis']['data']).startswith(b'bad')\n"
    "  return 'bad' in record['dynamodb']['Keys']['id']['S']\n"
    "def handler(event, context):\n"
    "  place = pathlib.Path(os.environ['OUT']) / f'{time.time_ns()}.json'\n"
    "  place.with_suffix('.part').write_text(json.dumps(event))\n"
    "  place.with_suffix('.part').rename(place)\n"
    "  bad = [number(record) for record in event['Records'] if is_bad(record)]\n"
    "  if bad and 'RAISE' in os.environ: raise ValueError('batch')\n"
    "  return {'batchItemFailures': [{'itemIdentifier': one} for one in bad]}\n"
)


class Consumer:
    """A function that writes its events into a directory, and its mapping of a stream."""

    def __init__(self, stack: Stack, out: Path, *, raises: bool = False, **mapping: Any) -> None:
        self.stack = stack
        self.out = out
        self.function = stack.deploy(
            COLLECT,
            Environment={"Variables": {"OUT": str(out)} | ({"RAISE": "1"} if raises else {})},
        )
        self.arn = self.make()
        self.settings = {"StartingPosition": "TRIM_HORIZON", **mapping}

    def make(self) -> str:
        raise NotImplementedError

    def begin(self) -> str:
        client = self.stack.client("lambda")
        mapping = client.create_event_source_mapping(
            EventSourceArn=self.arn, FunctionName=self.function, **self.settings
        )
        self.uuid = str(mapping["UUID"])
        return self.uuid

    def end(self) -> None:
        """Stop what would try for ever."""
        self.stack.client("lambda").delete_event_source_mapping(UUID=self.uuid)

    def events(self) -> list[Any]:
        return [json.loads(path.read_text()) for path in sorted(self.out.glob("*.json"))]

    def wait(self, enough: Callable[[list[Any]], bool]) -> list[Any]:
        found: list[Any] = until(self.events, enough)
        return found

    def queue(self) -> tuple[str, str]:
        """Make a queue for what is given up; return its URL and ARN."""
        sqs = self.stack.client("sqs")
        url = sqs.create_queue(QueueName=f"{self.function}-failed")["QueueUrl"]
        return url, f"arn:aws:sqs:us-east-1:123456789012:{self.function}-failed"

    def given_up(self, url: str) -> Any:
        sqs = self.stack.client("sqs")
        (message,) = until(lambda: sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1).get("Messages"), bool)
        return json.loads(message["Body"])


class TableConsumer(Consumer):
    """The consumer of a table's stream."""

    view = "NEW_AND_OLD_IMAGES"

    def make(self) -> str:
        self.client = self.stack.client("dynamodb")
        table = self.client.create_table(
            TableName=self.function,
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
            StreamSpecification={"StreamEnabled": True, "StreamViewType": self.view},
        )
        return str(table["TableDescription"]["LatestStreamArn"])

    def put(self, id_: str, **attributes: Any) -> None:
        self.client.put_item(TableName=self.function, Item={"id": {"S": id_}, **attributes})

    def ids(self) -> list[list[str]]:
        return [[one["dynamodb"]["Keys"]["id"]["S"] for one in event["Records"]] for event in self.events()]


class KinesisConsumer(Consumer):
    """The consumer of a data stream with one shard."""

    def make(self) -> str:
        self.client = self.stack.client("kinesis")
        self.client.create_stream(StreamName=self.function, ShardCount=1)
        return f"arn:aws:kinesis:us-east-1:123456789012:stream/{self.function}"

    def put(self, *texts: str, key: str = "k") -> None:
        records = [{"Data": text.encode(), "PartitionKey": key} for text in texts]
        self.client.put_records(StreamName=self.function, Records=records)

    def texts(self) -> list[list[str]]:
        return [
            [base64.b64decode(one["kinesis"]["data"]).decode() for one in event["Records"]]
            for event in self.events()
        ]


@pytest.fixture
def later(stack: Stack) -> Iterator[Callable[[float], None]]:
    """Sets the time of the event sources so many seconds ahead."""

    def set_ahead(seconds: float) -> None:
        stack.now = time.time() + seconds

    yield set_ahead
    stack.now = None


@pytest.mark.parametrize(
    ("view", "images"),
    [
        ("KEYS_ONLY", set()),
        ("NEW_IMAGE", {"NewImage"}),
        ("OLD_IMAGE", {"OldImage"}),
        ("NEW_AND_OLD_IMAGES", {"NewImage", "OldImage"}),
    ],
)
def test_a_change_of_an_item_reaches_the_function_in_the_streams_view(
    stack: Stack, tmp_path: Path, view: str, images: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each view type has the images that it names, in the record that Lambda documents.

    https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html
    """
    monkeypatch.setattr(TableConsumer, "view", view)
    consumer = TableConsumer(stack, tmp_path)
    consumer.begin()
    consumer.put("a", n={"N": "1"})
    consumer.put("a", n={"N": "2"}, b={"B": b"\0"})
    events = consumer.wait(lambda found: sum(len(event["Records"]) for event in found) == 2)
    record = events[-1]["Records"][-1]
    assert (record["eventName"], record["eventSource"], record["eventVersion"]) == (
        "MODIFY",
        "aws:dynamodb",
        "1.0",
    )
    assert (record["awsRegion"], record["eventSourceARN"]) == ("us-east-1", consumer.arn)
    change = record["dynamodb"]
    assert change["Keys"] == {"id": {"S": "a"}}
    assert change["StreamViewType"] == view
    assert isinstance(change["ApproximateCreationDateTime"], float)
    old, new = {"id": {"S": "a"}, "n": {"N": "1"}}, {"id": {"S": "a"}, "n": {"N": "2"}, "b": {"B": "AA=="}}
    expected = {"OldImage": old, "NewImage": new}
    assert {name: change[name] for name in expected if name in change} == {
        name: expected[name] for name in images
    }


def test_a_write_that_changes_nothing_has_no_record(stack: Stack, tmp_path: Path) -> None:
    """Putting the same item again leaves the stream as it is; a removal has a record of its own.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html
    """
    consumer = TableConsumer(stack, tmp_path)
    consumer.put("a")
    consumer.put("a")
    consumer.client.delete_item(TableName=consumer.function, Key={"id": {"S": "a"}})
    consumer.begin()
    (event,) = consumer.wait(bool)
    assert [record["eventName"] for record in event["Records"]] == ["INSERT", "REMOVE"]


def test_a_kinesis_record_reaches_the_function(stack: Stack, tmp_path: Path) -> None:
    """The record is the one that Lambda documents.

    https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html
    """
    consumer = KinesisConsumer(stack, tmp_path)
    consumer.begin()
    consumer.put("hello", key="one")
    (event,) = consumer.wait(bool)
    (record,) = event["Records"]
    data = record["kinesis"]
    assert isinstance(data.pop("approximateArrivalTimestamp"), float)
    assert data == {
        "kinesisSchemaVersion": "1.0",
        "partitionKey": "one",
        "sequenceNumber": "1",
        "data": base64.b64encode(b"hello").decode(),
    }
    assert {name: record[name] for name in record if name != "kinesis"} == {
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": "shardId-000000000000:1",
        "eventName": "aws:kinesis:record",
        "invokeIdentityArn": f"arn:aws:iam::123456789012:role/{stack.work_dir.name}",
        "awsRegion": "us-east-1",
        "eventSourceARN": consumer.arn,
    }


def test_a_batch_has_at_most_its_size_and_waits_for_its_window(stack: Stack, tmp_path: Path) -> None:
    """What comes within the window is one batch; a full one does not wait for its end."""
    consumer = KinesisConsumer(stack, tmp_path, BatchSize=3, MaximumBatchingWindowInSeconds=30)
    consumer.begin()
    for text in "abcdef":
        consumer.put(text)
    consumer.wait(lambda found: len(found) == 2)
    assert consumer.texts() == [["a", "b", "c"], ["d", "e", "f"]]


def test_reading_begins_at_the_starting_position(stack: Stack, tmp_path: Path) -> None:
    """LATEST leaves out what was there before the mapping."""
    consumer = KinesisConsumer(stack, tmp_path, StartingPosition="LATEST")
    consumer.put("before")
    consumer.begin()
    consumer.put("after")
    consumer.wait(bool)
    assert consumer.texts() == [["after"]]


def test_reading_begins_at_a_time(stack: Stack, tmp_path: Path) -> None:
    """AT_TIMESTAMP begins with the first record that is not older."""
    consumer = KinesisConsumer(stack, tmp_path)
    consumer.put("old")
    shard = {"StreamName": consumer.function, "ShardId": "shardId-000000000000"}
    start = consumer.client.get_shard_iterator(**shard, ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
    (old,) = consumer.client.get_records(ShardIterator=start)["Records"]
    until(time.time, lambda now: now > old["ApproximateArrivalTimestamp"].timestamp() + 0.01)
    consumer.settings = {
        "StartingPosition": "AT_TIMESTAMP",
        "StartingPositionTimestamp": old["ApproximateArrivalTimestamp"].timestamp() + 0.005,
    }
    consumer.put("new")
    consumer.begin()
    consumer.wait(bool)
    assert consumer.texts() == [["new"]]


def test_filters_leave_records_out(stack: Stack, tmp_path: Path) -> None:
    """Patterns see the data of Kinesis as JSON, and the items of tables in DynamoDB's form.

    https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis-filtering.html
    https://docs.aws.amazon.com/lambda/latest/dg/with-ddb-filtering.html
    """
    of_data = {"Filters": [{"Pattern": json.dumps({"data": {"order": {"type": ["buy"]}}})}]}
    kinesis = KinesisConsumer(stack, tmp_path, FilterCriteria=of_data)
    kinesis.put('{"order": {"type": "sell"}}', "no JSON", '{"order": {"type": "buy"}}')
    kinesis.begin()
    kinesis.wait(bool)
    assert kinesis.texts() == [['{"order": {"type": "buy"}}']]
    place = tmp_path / "table"
    place.mkdir()
    inserts = {"eventName": ["INSERT"], "dynamodb": {"NewImage": {"n": {"N": ["2"]}}}}
    table = TableConsumer(stack, place, FilterCriteria={"Filters": [{"Pattern": json.dumps(inserts)}]})
    table.put("a", n={"N": "1"})
    table.put("b", n={"N": "2"})
    table.begin()
    table.wait(bool)
    assert table.ids() == [["b"]]


def test_a_failing_batch_is_tried_again_and_ends_in_the_destination(stack: Stack, tmp_path: Path) -> None:
    """After its retries the batch is given up, told of in the documented record, and the next one follows.

    https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html
    """
    consumer = TableConsumer(stack, tmp_path, raises=True, MaximumRetryAttempts=2, BatchSize=2)
    url, arn = consumer.queue()
    consumer.settings["DestinationConfig"] = {"OnFailure": {"Destination": arn}}
    for id_ in ("bad", "b", "c"):
        consumer.put(id_)
    uuid = consumer.begin()
    consumer.wait(lambda found: len(found) == 4)
    assert consumer.ids() == [["bad", "b"]] * 3 + [["c"]]
    record = consumer.given_up(url)
    context, info = record["requestContext"], record["DDBStreamBatchInfo"]
    assert len(context.pop("requestId")) == 36
    assert context == {
        "functionArn": f"arn:aws:lambda:us-east-1:123456789012:function:{consumer.function}",
        "condition": "RetryAttemptsExhausted",
        "approximateInvokeCount": 3,
    }
    assert record["responseContext"] == {
        "statusCode": 200,
        "executedVersion": "$LATEST",
        "functionError": "Unhandled",
    }
    assert record["version"] == "1.0"
    first, second = (one["dynamodb"]["SequenceNumber"] for one in consumer.events()[0]["Records"])
    assert (info["startSequenceNumber"], info["endSequenceNumber"]) == (first, second)
    assert (info["batchSize"], info["streamArn"]) == (2, consumer.arn)
    mapping = stack.client("lambda").get_event_source_mapping(UUID=uuid)
    assert mapping["MaximumRetryAttempts"] == 2
    assert mapping["DestinationConfig"] == {"OnFailure": {"Destination": arn}}


def test_a_failing_batch_is_split_until_the_bad_record_is_alone(stack: Stack, tmp_path: Path) -> None:
    """With bisecting, every other record is processed, and only the bad one is given up; a topic is told.

    https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html
    """
    consumer = KinesisConsumer(
        stack, tmp_path, raises=True, MaximumRetryAttempts=0, BisectBatchOnFunctionError=True
    )
    url, queue = consumer.queue()
    sns = stack.client("sns")
    topic = sns.create_topic(Name=f"{consumer.function}-failed")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue, Attributes={"RawMessageDelivery": "true"})
    consumer.settings["DestinationConfig"] = {"OnFailure": {"Destination": topic}}
    consumer.put("a", "b", "bad", "c")
    consumer.begin()
    consumer.wait(lambda found: len(found) == 5)
    assert consumer.texts() == [["a", "b", "bad", "c"], ["a", "b"], ["bad", "c"], ["bad"], ["c"]]
    info = consumer.given_up(url)["KinesisBatchInfo"]
    assert (info["startSequenceNumber"], info["batchSize"]) == ("3", 1)
    assert info["shardId"] == "shardId-000000000000"


@pytest.mark.parametrize(
    ("bisect", "expected"),
    [
        (False, [["a", "bad", "c"], ["bad", "c"]]),
        (True, [["a", "bad", "c"], ["bad", "c"], ["bad"], ["bad"], ["c"]]),
    ],
)
def test_a_reported_failure_is_where_the_batch_is_tried_again(
    stack: Stack, tmp_path: Path, *, bisect: bool, expected: list[list[str]]
) -> None:
    """Records before the first one that is reported are done; bisecting splits the batch there.

    https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-batchfailurereporting.html
    """
    consumer = KinesisConsumer(
        stack,
        tmp_path,
        MaximumRetryAttempts=1,
        FunctionResponseTypes=["ReportBatchItemFailures"],
        BisectBatchOnFunctionError=bisect,
    )
    url, arn = consumer.queue()
    consumer.settings["DestinationConfig"] = {"OnFailure": {"Destination": arn}}
    consumer.put("a", "bad", "c")
    consumer.begin()
    assert consumer.given_up(url)["responseContext"] == {"statusCode": 200, "executedVersion": "$LATEST"}
    consumer.wait(lambda found: len(found) == len(expected))
    assert consumer.texts() == expected


def test_records_that_are_too_old_are_given_up(
    stack: Stack, tmp_path: Path, later: Callable[[float], None]
) -> None:
    """What is older than the maximum age never reaches the function, but the destination."""
    consumer = KinesisConsumer(stack, tmp_path, MaximumRecordAgeInSeconds=60)
    url, arn = consumer.queue()
    consumer.settings["DestinationConfig"] = {"OnFailure": {"Destination": arn}}
    consumer.put("a", "b")
    later(61)
    consumer.begin()
    record = consumer.given_up(url)
    assert record["requestContext"]["condition"] == "RecordAgeExceeded"
    assert "responseContext" not in record
    assert record["KinesisBatchInfo"]["batchSize"] == 2
    assert consumer.events() == []


def test_batches_of_a_shard_run_at_a_time_with_each_key_in_order(stack: Stack, tmp_path: Path) -> None:
    """With a factor of two, keys are shared out; a bad record stops only those that share its lane."""
    consumer = KinesisConsumer(stack, tmp_path, raises=True, ParallelizationFactor=2, BatchSize=1)
    consumer.put("bad", key="a")
    for number in range(8):
        consumer.put(str(number), key=str(number))
    consumer.begin()
    consumer.wait(lambda _: len({text for (text,) in consumer.texts()}) > 2)
    consumer.end()
    good = [int(text) for (text,) in consumer.texts() if text != "bad"]
    assert good == sorted(good)


def test_records_after_a_split_wait_for_those_before_it(stack: Stack, tmp_path: Path) -> None:
    """The shards that follow are read when the closed one is, and each record once."""
    consumer = KinesisConsumer(stack, tmp_path, BatchSize=1)
    consumer.put("1", "2", "3")
    consumer.client.update_shard_count(
        StreamName=consumer.function, TargetShardCount=2, ScalingType="UNIFORM_SCALING"
    )
    consumer.put("4")
    consumer.begin()
    consumer.wait(lambda found: len(found) == 4)
    assert consumer.texts() == [["1"], ["2"], ["3"], ["4"]]


def test_a_disabled_mapping_goes_on_where_it_was(stack: Stack, tmp_path: Path) -> None:
    """Enabled again, a mapping reads what came in between, and nothing twice."""
    consumer = KinesisConsumer(stack, tmp_path)
    consumer.put("a")
    uuid = consumer.begin()
    client = stack.client("lambda")
    consumer.wait(bool)
    until(
        lambda: client.get_event_source_mapping(UUID=uuid)["LastProcessingResult"], lambda told: told == "OK"
    )
    client.update_event_source_mapping(UUID=uuid, Enabled=False)
    consumer.put("b")
    assert client.get_event_source_mapping(UUID=uuid)["State"] == "Disabled"
    client.update_event_source_mapping(UUID=uuid, Enabled=True)
    consumer.wait(lambda found: len(found) == 2)
    assert consumer.texts() == [["a"], ["b"]]


def test_a_throttled_batch_uses_no_retry_up(stack: Stack, tmp_path: Path) -> None:
    """A batch that did not reach the function is tried until it does.

    https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html
    """
    consumer = KinesisConsumer(stack, tmp_path, MaximumRetryAttempts=0)
    client = stack.client("lambda")
    client.put_function_concurrency(FunctionName=consumer.function, ReservedConcurrentExecutions=0)
    consumer.put("a")
    uuid = consumer.begin()
    failed = "PROBLEM: Function call failed"
    until(lambda: client.get_event_source_mapping(UUID=uuid)["LastProcessingResult"], failed.__eq__)
    client.delete_function_concurrency(FunctionName=consumer.function)
    consumer.wait(bool)
    assert consumer.texts() == [["a"]]


def test_a_record_that_came_unnoticed_is_read(stack: Stack, tmp_path: Path) -> None:
    """What moto puts by itself, without a request that could be noticed, is found as well."""
    consumer = KinesisConsumer(stack, tmp_path)
    consumer.put("a")
    consumer.begin()
    consumer.wait(bool)
    stream = stack._moto.backend("kinesis", "us-east-1").streams[consumer.function]
    stream.put_record("k", "", base64.b64encode(b"b").decode())
    consumer.wait(lambda found: len(found) == 2)
    assert consumer.texts() == [["a"], ["b"]]


def test_a_shard_keeps_its_newest_records(
    stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is beyond the limit is gone, and the rest is read from there, by clients too."""
    monkeypatch.setattr(moto_patches, "MOST_RECORDS", 3)
    places = {kind: tmp_path / kind for kind in ("kinesis", "table")}
    for place in places.values():
        place.mkdir()
    kinesis, table = KinesisConsumer(stack, places["kinesis"]), TableConsumer(stack, places["table"])
    for text in "abcde":
        kinesis.put(text)
        table.put(text)
    kinesis.begin()
    table.begin()
    kinesis.wait(bool)
    table.wait(bool)
    kinesis.put("f")
    table.put("f")
    kinesis.wait(lambda found: len(found) == 2)
    table.wait(lambda found: len(found) == 2)
    assert kinesis.texts() == table.ids() == [["c", "d", "e"], ["f"]]
    client = stack.client("dynamodbstreams")
    (shard,) = client.describe_stream(StreamArn=table.arn)["StreamDescription"]["Shards"]
    start = client.get_shard_iterator(
        StreamArn=table.arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
    )
    table.put("g")
    records = client.get_records(ShardIterator=start["ShardIterator"])["Records"]
    assert [one["dynamodb"]["Keys"]["id"]["S"] for one in records] == ["e", "f", "g"]


def test_a_batch_starts_a_trace_without_links(stack: Stack, tmp_path: Path) -> None:
    """Streams hand no header on: Lambda decides, and its segment has no parent and no links.

    https://docs.aws.amazon.com/xray/latest/devguide/xray-services.html
    https://docs.aws.amazon.com/lambda/latest/dg/services-xray.html
    """
    consumer = TableConsumer(stack, tmp_path)
    header = "Root=1-5e6f7a8b-0123456789abcdef01234567;Parent=53995c3f42cd8ad8;Sampled=0"
    consumer.client.meta.events.register(
        "before-sign.dynamodb.PutItem",
        lambda request, **_: request.headers.add_header("X-Amzn-Trace-Id", header),
    )
    consumer.begin()
    consumer.put("a")
    documents = stack.sink.wait(consumer.function, lambda found: len(found) >= 2)
    (service,) = [document for document in documents if document["origin"] == "AWS::Lambda"]
    assert service["trace_id"] != "1-5e6f7a8b-0123456789abcdef01234567"
    assert not {"links", "parent_id"} & set(service)
    arn = f"arn:aws:lambda:us-east-1:123456789012:function:{consumer.function}"
    assert arn in stack.sampler.asked
    (record,) = [one for one in stack.known.values() if one.function == consumer.function and one.recorded]
    assert (record.event_source, record.sampled) == (consumer.arn, None)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"StartingPosition": None}, "StartingPosition None: .* needs one of LATEST, TRIM_HORIZON, AT_TIME"),
        ({"ParallelizationFactor": 11}, "ParallelizationFactor 11: expected a whole number from 1 to 10"),
        ({"MaximumRecordAgeInSeconds": 59}, "MaximumRecordAgeInSeconds 59: expected .* from 60 to 604800"),
        ({"TumblingWindowInSeconds": 5}, "tumbling windows are not emulated"),
        (
            {"DestinationConfig": {"OnFailure": {"Destination": "arn:aws:s3:::b"}}},
            "OnFailure arn:aws:s3:::b: only standard SQS queues and SNS topics are supported",
        ),
    ],
)
def test_wrong_settings_of_streams_are_refused(
    stack: Stack, tmp_path: Path, settings: dict[str, Any], message: str
) -> None:
    """A setting that is not taken is named, with what is allowed."""
    consumer = KinesisConsumer(stack, tmp_path, **settings)
    consumer.settings = {name: value for name, value in consumer.settings.items() if value is not None}
    with pytest.raises(ClientError, match=message):
        consumer.begin()


def test_a_stream_that_does_not_exist_is_refused(stack: Stack) -> None:
    """A mapping of an unknown stream is refused, naming it."""
    name = stack.deploy("def handler(event, context): pass")
    arn = "arn:aws:kinesis:us-east-1:123456789012:stream/none"
    with pytest.raises(ClientError, match=f"stream {arn} does not exist"):
        stack.client("lambda").create_event_source_mapping(
            EventSourceArn=arn, FunctionName=name, StartingPosition="LATEST"
        )
