"""DynamoDB, S3, parameters and secrets."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pulumi
import pulumi_aws as aws

from tests.embedded_aws.engine.conftest import Deploy


def test_table_has_keys_indexes_stream_and_options(deploy: Deploy) -> None:
    """A table arrives with everything that the program says of it."""

    def program() -> None:
        table = aws.dynamodb.Table(
            "orders", billing_mode="PAY_PER_REQUEST", hash_key="id", range_key="at",
            attributes=[{"name": name, "type": "S"} for name in ("id", "at", "owner")],
            global_secondary_indexes=[{"name": "by-owner", "hash_key": "owner", "projection_type": "ALL"}],
            local_secondary_indexes=[{"name": "mine", "range_key": "owner", "projection_type": "KEYS_ONLY"}],
            stream_enabled=True, stream_view_type="NEW_IMAGE",
            ttl={"attribute_name": "gone", "enabled": True},
            point_in_time_recovery={"enabled": True}, tags={"team": "a"},
        )  # fmt: skip
        aws.dynamodb.TableItem(
            "first", table_name=table.name, hash_key="id", range_key="at",
            item=json.dumps({"id": {"S": "1"}, "at": {"S": "now"}}),
        )  # fmt: skip
        pulumi.export("table", {"name": table.name, "arn": table.arn, "stream": table.stream_arn})

    done = deploy(program)
    client, table = done.client("dynamodb"), done.outputs["table"]
    found = client.describe_table(TableName=table["name"])["Table"]
    assert found["KeySchema"] == [
        {"AttributeName": "id", "KeyType": "HASH"}, {"AttributeName": "at", "KeyType": "RANGE"},
    ]  # fmt: skip
    assert found["GlobalSecondaryIndexes"][0]["KeySchema"] == [{"AttributeName": "owner", "KeyType": "HASH"}]
    assert found["LocalSecondaryIndexes"][0]["Projection"] == {"ProjectionType": "KEYS_ONLY"}
    assert (found["TableArn"], found["LatestStreamArn"]) == (table["arn"], table["stream"])
    assert found["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    ttl = client.describe_time_to_live(TableName=table["name"])["TimeToLiveDescription"]
    assert ttl == {"TimeToLiveStatus": "ENABLED", "AttributeName": "gone"}
    backups = client.describe_continuous_backups(TableName=table["name"])["ContinuousBackupsDescription"]
    assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"
    item = client.get_item(TableName=table["name"], Key={"id": {"S": "1"}, "at": {"S": "now"}})["Item"]
    assert item == {"id": {"S": "1"}, "at": {"S": "now"}}
    assert done.warnings == []


def test_bucket_and_its_configurations(deploy: Deploy) -> None:
    """A bucket gets its access block, encryption, lifecycle, ownership, versioning, policy and object."""
    statement = {"Effect": "Deny", "Principal": "*", "Action": "s3:*"}
    policy: Any = {"Version": "2012-10-17", "Statement": [statement]}

    def program() -> None:
        bucket = aws.s3.Bucket("Files", tags={"team": "a"})
        aws.s3.BucketPublicAccessBlock(
            "b", bucket=bucket.id, block_public_acls=True, restrict_public_buckets=True
        )
        aws.s3.BucketServerSideEncryptionConfiguration(
            "e", bucket=bucket.id,
            rules=[{"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"},
                    "bucket_key_enabled": True}],
        )  # fmt: skip
        aws.s3.BucketLifecycleConfiguration(
            "l", bucket=bucket.id, rules=[{"id": "old", "status": "Enabled", "expiration": {"days": 7}}]
        )
        aws.s3.BucketOwnershipControls(
            "o", bucket=bucket.id, rule={"object_ownership": "BucketOwnerEnforced"}
        )
        aws.s3.BucketVersioning("v", bucket=bucket.id, versioning_configuration={"status": "Enabled"})
        aws.s3.BucketPolicy("p", bucket=bucket.id, policy=policy)
        aws.s3.BucketObjectv2("t", bucket=bucket.id, key="a.txt", content="hello", content_type="text/plain")
        pulumi.export("bucket", {"name": bucket.bucket, "arn": bucket.arn})

    done = deploy(program)
    client, name = done.client("s3"), done.outputs["bucket"]["name"]
    assert name.startswith("files-")
    assert done.outputs["bucket"]["arn"] == f"arn:aws:s3:::{name}"
    assert client.get_bucket_location(Bucket=name)["LocationConstraint"] == "eu-west-1"
    assert client.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"] == {
        "BlockPublicAcls": True, "IgnorePublicAcls": False,
        "BlockPublicPolicy": False, "RestrictPublicBuckets": True,
    }  # fmt: skip
    (rule,) = client.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    (rule,) = client.get_bucket_lifecycle_configuration(Bucket=name)["Rules"]
    assert (rule["ID"], rule["Expiration"]["Days"]) == ("old", 7)
    assert client.get_bucket_ownership_controls(Bucket=name)["OwnershipControls"] == {
        "Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]
    }
    assert client.get_bucket_versioning(Bucket=name)["Status"] == "Enabled"
    assert json.loads(client.get_bucket_policy(Bucket=name)["Policy"]) == policy
    stored = client.get_object(Bucket=name, Key="a.txt")
    assert (stored["Body"].read(), stored["ContentType"]) == (b"hello", "text/plain")
    assert done.warnings == []


def test_a_bucket_that_refuses_plain_http_is_used_all_the_same(deploy: Deploy) -> None:
    """Here everybody comes over plain HTTP, and no policy refuses anybody."""

    def program() -> None:
        bucket = aws.s3.Bucket("sealed")
        statement = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"}
        only = {"Condition": {"Bool": {"aws:SecureTransport": "false"}}}
        policy = {"Version": "2012-10-17", "Statement": [statement | only]}
        aws.s3.BucketPolicy("p", bucket=bucket.id, policy=json.dumps(policy))
        pulumi.export("bucket", bucket.id)

    done = deploy(program)
    client, name = done.client("s3"), done.outputs["bucket"]
    client.put_object(Bucket=name, Key="a.txt", Body=b"hello")
    assert client.get_object(Bucket=name, Key="a.txt")["Body"].read() == b"hello"
    client.delete_objects(Bucket=name, Delete={"Objects": [{"Key": "a.txt"}]})
    assert client.list_objects_v2(Bucket=name)["KeyCount"] == 0


def test_object_content_comes_from_a_file(deploy: Deploy, tmp_path: Path) -> None:
    """`source` uploads a FileAsset's bytes."""
    (tmp_path / "data.bin").write_bytes(b"\x00\x01")

    def program() -> None:
        bucket = aws.s3.Bucket("files")
        source = pulumi.FileAsset(str(tmp_path / "data.bin"))
        aws.s3.BucketObject("data", bucket=bucket.id, source=source)
        pulumi.export("bucket", bucket.id)

    done = deploy(program)
    assert (
        done.client("s3").get_object(Bucket=done.outputs["bucket"], Key="data")["Body"].read() == b"\x00\x01"
    )


def test_parameter_and_secret_keep_their_values_and_hide_them(deploy: Deploy) -> None:
    """Values arrive; as outputs, what was secret in the program is masked."""

    def program() -> None:
        parameter = aws.ssm.Parameter("limit", name="/shop/limit", type="String", insecure_value="5")
        hidden = aws.ssm.Parameter(
            "key", name="/shop/key", type="SecureString", value=pulumi.Output.secret("hush")
        )
        secret = aws.secretsmanager.Secret("token")
        version = aws.secretsmanager.SecretVersion("token", secret_id=secret.id, secret_string="abc")
        pulumi.export("plain", parameter.insecure_value)
        pulumi.export("hidden", {"value": hidden.value, "name": hidden.name})
        pulumi.export("secret", secret.arn)
        pulumi.export("version", version.version_id)

    done = deploy(program)
    assert done.outputs["plain"] == "5"
    assert done.outputs["hidden"] == {"value": "[secret]", "name": "/shop/key"}
    stored = done.client("ssm").get_parameter(Name="/shop/key", WithDecryption=True)["Parameter"]
    assert (stored["Value"], stored["Type"]) == ("hush", "SecureString")
    secret = done.client("secretsmanager").get_secret_value(SecretId=done.outputs["secret"])
    assert (secret["SecretString"], secret["VersionId"]) == ("abc", done.outputs["version"])


def test_bucket_has_its_list_rules_and_website(deploy: Deploy) -> None:
    """Access list, CORS rules and website configuration are kept; that no website is served is told."""

    def program() -> None:
        bucket: Any = aws.s3.Bucket("site")
        aws.s3.BucketAcl("site", bucket=bucket, acl="public-read")
        rules: Any = [{"allowed_methods": ["GET"], "allowed_origins": ["*"], "max_age_seconds": 60}]
        aws.s3.BucketCorsConfiguration("site", bucket=bucket, cors_rules=rules)
        website = aws.s3.BucketWebsiteConfiguration(
            "site", bucket=bucket, index_document={"suffix": "index.html"}, error_document={"key": "404.html"}
        )
        pulumi.export("bucket", bucket.id)
        pulumi.export("website", website.website_endpoint)

    done = deploy(program)
    s3, name = done.client("s3"), done.outputs["bucket"]
    assert len(s3.get_bucket_acl(Bucket=name)["Grants"]) == 2
    (rule,) = s3.get_bucket_cors(Bucket=name)["CORSRules"]
    assert (rule["AllowedMethods"], rule["MaxAgeSeconds"]) == (["GET"], 60)
    found = s3.get_bucket_website(Bucket=name)
    assert (found["IndexDocument"], found["ErrorDocument"]) == ({"Suffix": "index.html"}, {"Key": "404.html"})
    assert done.outputs["website"] == f"{name}.s3-website-eu-west-1.amazonaws.com"
    (warning,) = done.warnings
    assert warning.endswith("S3 serves no websites here; its objects can be read through the API")
    assert done.counts == {"run": 3, "stored only": 1, "skipped": 0}


def test_streams_and_their_mappings_have_what_the_program_says(deploy: Deploy) -> None:
    """A table's stream and one of Kinesis invoke a function, with all settings of the mappings."""

    def program() -> None:
        table = aws.dynamodb.Table(
            "rows", billing_mode="PAY_PER_REQUEST", hash_key="id", attributes=[{"name": "id", "type": "S"}],
            stream_enabled=True, stream_view_type="KEYS_ONLY",
        )  # fmt: skip
        clicks = aws.kinesis.Stream("clicks", shard_count=2, retention_period=48, tags={"team": "a"})
        demand = aws.kinesis.Stream("demand", stream_mode_details={"stream_mode": "ON_DEMAND"})
        reader = aws.kinesis.StreamConsumer("reader", stream_arn=clicks.arn)
        failed = aws.sqs.Queue("failed")
        role = aws.iam.Role("reader", assume_role_policy="{}")
        made = aws.lambda_.Function(
            "read", runtime="python3.11", handler="app.handler", role=role.arn,
            code=pulumi.AssetArchive({"app.py": pulumi.StringAsset("def handler(event, context): pass")}),
        )  # fmt: skip
        of_table = aws.lambda_.EventSourceMapping(
            "rows", event_source_arn=table.stream_arn, function_name=made.arn, starting_position="LATEST",
            maximum_retry_attempts=3, maximum_record_age_in_seconds=60, parallelization_factor=2,
            bisect_batch_on_function_error=True, maximum_batching_window_in_seconds=1, batch_size=7,
            destination_config={"on_failure": {"destination_arn": failed.arn}},
        )  # fmt: skip
        of_stream = aws.lambda_.EventSourceMapping(
            "clicks", event_source_arn=reader.arn, function_name=made.arn, starting_position="AT_TIMESTAMP",
            starting_position_timestamp="2026-01-01T00:00:00Z",
            destination_config={"on_failure": {"destination_arn": "arn:aws:s3:::b"}},
        )  # fmt: skip
        pulumi.export("mappings", [of_table.uuid, of_stream.uuid])
        pulumi.export("clicks", {"id": clicks.id, "name": clicks.name, "arn": clicks.arn})
        pulumi.export("demand", demand.shard_count)
        pulumi.export("sources", [table.stream_arn, reader.arn, failed.arn])

    done = deploy(program)
    client, (rows, reader, failed) = done.client("lambda"), done.outputs["sources"]
    of_table, of_stream = (client.get_event_source_mapping(UUID=uuid) for uuid in done.outputs["mappings"])
    expected = {
        "EventSourceArn": rows, "StartingPosition": "LATEST", "MaximumRetryAttempts": 3, "BatchSize": 7,
        "MaximumRecordAgeInSeconds": 60, "ParallelizationFactor": 2, "BisectBatchOnFunctionError": True,
        "MaximumBatchingWindowInSeconds": 1, "DestinationConfig": {"OnFailure": {"Destination": failed}},
    }  # fmt: skip
    assert {name: of_table[name] for name in expected} == expected
    assert (of_stream["EventSourceArn"], of_stream["BatchSize"]) == (reader, 100)
    assert of_stream["StartingPositionTimestamp"].timestamp() == 1767225600
    clicks = done.outputs["clicks"]
    found = done.client("kinesis").describe_stream_summary(StreamName=clicks["name"])
    summary = found["StreamDescriptionSummary"]
    assert (summary["OpenShardCount"], summary["RetentionPeriodHours"]) == (2, 48)
    assert summary["StreamARN"] == clicks["arn"] == clicks["id"]
    (warning,) = done.warnings
    assert "'clicks': what it gives up goes to queues and topics alone here, not to arn:aws:s3:::b" in warning
