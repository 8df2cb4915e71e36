"""Where the application keeps what it makes: a table of items and a bucket of objects."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from .naming import name_or_auto
from .policy import Grant


@dataclass(frozen=True)
class ItemTableArgs:
    """`physical_name` is for a table whose name must not change."""

    physical_name: str = ""


class ItemTable(pulumi.ComponentResource):
    """A DynamoDB table paid by the request, whose items have the text key `id`.

    `table` is there to build on.
    """

    table: aws.dynamodb.Table
    name: pulumi.Output[str]
    can_write: Grant

    def __init__(
        self, name: str, args: ItemTableArgs | None = None, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("traced-api:index:ItemTable", name, {}, opts)
        asked = args.physical_name if args else ""
        self.table = aws.dynamodb.Table(
            name,
            name=name_or_auto("table", name, asked, 255),
            billing_mode="PAY_PER_REQUEST",
            hash_key="id",
            attributes=[{"name": "id", "type": "S"}],
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.name = self.table.name
        self.can_write = Grant(["dynamodb:PutItem"], [self.table.arn])
        self.register_outputs({"name": self.name})


class ObjectBucket(pulumi.ComponentResource):
    """A private, encrypted S3 bucket for objects that are read back at once.

    They expire after a day and do not keep the stack from being destroyed. `bucket` is there to build on.
    """

    bucket: aws.s3.Bucket
    name: pulumi.Output[str]
    arn: pulumi.Output[str]
    can_write: Grant
    can_read: Grant

    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("traced-api:index:ObjectBucket", name, {}, opts)
        self.bucket = aws.s3.Bucket(
            name,
            bucket=name_or_auto("bucket", name, "", 63),
            force_destroy=True,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.name, self.arn = self.bucket.bucket, self.bucket.arn
        self._seal(name)
        objects = self.arn.apply(lambda arn: f"{arn}/*")
        self.can_write = Grant(["s3:PutObject"], [objects])
        self.can_read = Grant(["s3:GetObject"], [objects])
        self.register_outputs({"name": self.name})

    def _seal(self, name: str) -> None:
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
            rules=[{"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"}}],
            opts=child,
        )
        aws.s3.BucketLifecycleConfiguration(
            f"{name}-expiry",
            bucket=self.name,
            rules=[{"id": "expire", "status": "Enabled", "filter": {}, "expiration": {"days": 1}}],
            opts=child,
        )
