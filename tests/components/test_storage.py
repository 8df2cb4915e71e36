"""The table and the bucket."""

from __future__ import annotations

from components.storage import ItemTable, ObjectBucket
from tests.components.conftest import Deploy


def test_a_table_is_paid_by_the_request(deploy: Deploy) -> None:
    """A table costs nothing while nobody uses it, and is keyed by `id`."""
    table = deploy(lambda: ItemTable("items")).one("aws:dynamodb/table:Table").inputs
    assert table["billingMode"] == "PAY_PER_REQUEST"
    assert (table["hashKey"], table["attributes"]) == ("id", [{"name": "id", "type": "S"}])


def test_a_bucket_is_private(deploy: Deploy) -> None:
    """All four ways to make an object public are blocked."""
    access = deploy(lambda: ObjectBucket("objects")).one(
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
    )
    switches = {name: value for name, value in access.inputs.items() if name != "bucket"}
    assert switches == dict.fromkeys(
        ["blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"], True
    )


def test_a_bucket_is_encrypted(deploy: Deploy) -> None:
    """Objects are encrypted at rest."""
    type_ = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
    (rule,) = deploy(lambda: ObjectBucket("objects")).one(type_).inputs["rules"]
    assert rule["applyServerSideEncryptionByDefault"] == {"sseAlgorithm": "AES256"}


def test_objects_expire(deploy: Deploy) -> None:
    """What was written to be read back at once does not pile up."""
    type_ = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
    (rule,) = deploy(lambda: ObjectBucket("objects")).one(type_).inputs["rules"]
    assert (rule["status"], rule["expiration"]) == ("Enabled", {"days": 1})


def test_a_bucket_leaves_room_for_a_random_suffix(deploy: Deploy) -> None:
    """Bucket names are shared by all of AWS: Pulumi adds eight characters, and 63 are allowed."""
    bucket = deploy(lambda: ObjectBucket("objects"), stack="s" * 90).one("aws:s3/bucket:Bucket")
    assert len(bucket.name) == 55
    assert "bucket" not in bucket.inputs
