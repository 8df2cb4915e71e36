"""The table and the bucket."""

from __future__ import annotations

import pytest

from components.kinds import SettingError
from components.storage import ItemTable, ItemTableArgs, ObjectBucket
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


def test_pulumi_names_the_bucket(deploy: Deploy) -> None:
    """Bucket names are shared by all of AWS."""
    bucket = deploy(lambda: ObjectBucket("objects")).one("aws:s3/bucket:Bucket")
    assert (bucket.name, "bucket" in bucket.inputs) == ("objects", False)


def test_a_bucket_leaves_room_for_a_random_suffix(deploy: Deploy) -> None:
    """Pulumi adds eight characters, and 63 are allowed."""
    assert deploy(lambda: ObjectBucket("o" * 55))
    with pytest.raises(SettingError, match="56 characters, to which Pulumi adds 8, but AWS allows 63"):
        deploy(lambda: ObjectBucket("o" * 56))


def test_a_table_may_have_a_name_that_stays(deploy: Deploy) -> None:
    """Else Pulumi names it."""
    assert "name" not in deploy(lambda: ItemTable("items")).one("aws:dynamodb/table:Table").inputs
    named = deploy(lambda: ItemTable("items", ItemTableArgs("orders"))).one("aws:dynamodb/table:Table")
    assert named.inputs["name"] == "orders"
