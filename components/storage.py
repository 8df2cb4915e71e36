"""Where the application keeps what it makes: a table of items and a bucket of objects."""

from __future__ import annotations

from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws

from .baseline import Baseline
from .naming import name_or_auto
from .policy import Grant, refuse_without_tls


@dataclass(frozen=True)
class ItemTableArgs:
    """`physical_name` is for a table whose name must not change."""

    physical_name: str = ""
    baseline: Baseline = field(default_factory=Baseline)


class ItemTable(pulumi.ComponentResource):
    """A DynamoDB table paid by the request, whose items have the text key `id`.

    In production it can be restored to any second of the last 35 days, and refuses to be deleted.
    `table` is there to build on.
    """

    table: aws.dynamodb.Table
    name: pulumi.Output[str]
    can_write: Grant

    def __init__(
        self, name: str, args: ItemTableArgs | None = None, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("traced-api:index:ItemTable", name, {}, opts)
        args = args or ItemTableArgs()
        baseline = args.baseline
        self.table = aws.dynamodb.Table(
            name,
            name=name_or_auto("table", name, args.physical_name, 255),
            billing_mode="PAY_PER_REQUEST",
            hash_key="id",
            attributes=[{"name": "id", "type": "S"}],
            point_in_time_recovery={"enabled": True} if baseline.production else None,
            deletion_protection_enabled=baseline.production or None,
            server_side_encryption={"enabled": True, "kms_key_arn": baseline.key} if baseline.key else None,
            tags=baseline.tagged(),
            opts=baseline.keep(self),
        )
        self.name = self.table.name
        self.can_write = Grant(["dynamodb:PutItem"], [self.table.arn])
        self.register_outputs({"name": self.name})


@dataclass(frozen=True)
class ObjectBucketArgs:
    """How the bucket is guarded."""

    baseline: Baseline = field(default_factory=Baseline)


class ObjectBucket(pulumi.ComponentResource):
    """A private, encrypted S3 bucket for objects that are read back at once; it refuses plain HTTP.

    They expire after a day and do not keep the stack from being destroyed, unless it is in production.
    `bucket` is there to build on.
    """

    bucket: aws.s3.Bucket
    name: pulumi.Output[str]
    arn: pulumi.Output[str]
    can_write: Grant
    can_read: Grant

    def __init__(
        self, name: str, args: ObjectBucketArgs | None = None, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("traced-api:index:ObjectBucket", name, {}, opts)
        baseline = (args or ObjectBucketArgs()).baseline
        self.bucket = aws.s3.Bucket(
            name,
            bucket=name_or_auto("bucket", name, "", 63),
            force_destroy=not baseline.production,
            tags=baseline.tagged(),
            opts=baseline.keep(self),
        )
        self.name, self.arn = self.bucket.bucket, self.bucket.arn
        self._seal(name, baseline.key)
        objects = self.arn.apply(lambda arn: f"{arn}/*")
        self.can_write = Grant(["s3:PutObject"], [objects])
        self.can_read = Grant(["s3:GetObject"], [objects])
        self.register_outputs({"name": self.name})

    def _seal(self, name: str, key: str) -> None:
        child = pulumi.ResourceOptions(parent=self)
        aws.s3.BucketPublicAccessBlock(
            f"{name}-public-access",
            bucket=self.name,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=child,
        )
        aws.s3.BucketServerSideEncryptionConfiguration(
            f"{name}-encryption",
            bucket=self.name,
            rules=[_encryption(key)],
            opts=child,
        )
        aws.s3.BucketPolicy(
            f"{name}-policy",
            bucket=self.name,
            policy=refuse_without_tls("s3:*", [self.arn, self.arn.apply(lambda arn: f"{arn}/*")]),
            opts=child,
        )
        aws.s3.BucketLifecycleConfiguration(
            f"{name}-expiry",
            bucket=self.name,
            rules=[{"id": "expire", "status": "Enabled", "filter": {}, "expiration": {"days": 1}}],
            opts=child,
        )


def _encryption(key: str) -> aws.s3.BucketServerSideEncryptionConfigurationRuleArgsDict:
    if not key:
        return {"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"}}
    return {
        "apply_server_side_encryption_by_default": {"sse_algorithm": "aws:kms", "kms_master_key_id": key},
        "bucket_key_enabled": True,  # one call of KMS for many objects
    }
