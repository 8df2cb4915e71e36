"""S3: https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations.html."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from embedded_aws.engine import naming
from embedded_aws.engine.archives import archive_bytes, asset_bytes
from embedded_aws.engine.registration import Update

if TYPE_CHECKING:
    from collections.abc import Mapping

    from embedded_aws.engine.registration import Created, Registration, State
    from embedded_aws.engine.standing import Before


def bucket(r: Registration) -> Created:
    """Make the bucket."""
    name = _bucket_name(r)
    place = {"LocationConstraint": r.region}
    r.call(
        "s3",
        "create_bucket",
        Bucket=name,
        # us-east-1 is the one region that S3 wants unsaid.
        CreateBucketConfiguration=place if r.region != "us-east-1" else None,
        ObjectLockEnabledForBucket=r.inputs.get("objectLockEnabled"),
    )
    _configure_bucket(r, name)
    return name, {
        "bucket": name,
        "arn": f"arn:{r.partition}:s3:::{name}",
        "bucketRegion": r.region,
        "bucketDomainName": f"{name}.s3.amazonaws.com",
        "bucketRegionalDomainName": f"{name}.s3.{r.region}.amazonaws.com",
    }


def update_bucket(r: Registration, before: Before) -> State:
    """Change its tags, its policy and whether it keeps versions; its objects stay."""
    _configure_bucket(r, before.standing.id)
    return {}


def _configure_bucket(r: Registration, name: str) -> None:
    client = r.client("s3")
    if tags := r.tag_list():
        client.put_bucket_tagging(Bucket=name, Tagging={"TagSet": tags})
    if "policy" in r.inputs:
        client.put_bucket_policy(Bucket=name, Policy=r.inputs.text("policy"))
    if r.inputs.get("versioning", {}).get("enabled"):
        client.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})


def public_access_block(r: Registration) -> Created:
    """Keep the configuration; nothing is refused for lack of permission."""
    names = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
    blocks = {name: bool(r.inputs.get(name)) for name in names}
    return _configure(r, "put_public_access_block", {"publicAccessBlockConfiguration": blocks})


def encryption(r: Registration) -> Created:
    """Keep the configuration."""
    rules = {"rules": r.inputs["rules"]}
    return _configure(r, "put_bucket_encryption", {"serverSideEncryptionConfiguration": rules})


def lifecycle(r: Registration) -> Created:
    """Keep the rules; no object expires."""
    # S3 wants a filter in every rule; the provider adds the one that matches every object.
    rules = [{"filter": {"prefix": ""}} | rule for rule in r.inputs.get("rules", [])]
    return _configure(r, "put_bucket_lifecycle_configuration", {"lifecycleConfiguration": {"rules": rules}})


def ownership_controls(r: Registration) -> Created:
    """Keep the configuration."""
    controls = {"rules": [r.inputs["rule"]]}
    return _configure(r, "put_bucket_ownership_controls", {"ownershipControls": controls})


def versioning(r: Registration) -> Created:
    """Keep versions of the bucket's objects."""
    configuration = r.inputs["versioningConfiguration"]
    if configuration["status"] == "Disabled":  # the provider's word for a bucket that never had versions
        return _bucket_of(r), {}
    return _configure(r, "put_bucket_versioning", {"versioningConfiguration": configuration})


def acl(r: Registration) -> Created:
    """Keep the list; nothing is refused for lack of permission."""
    r.call("s3", "put_bucket_acl")
    name = _bucket_of(r)
    return f"{name},{r.inputs['acl']}" if "acl" in r.inputs else name, {}


def cors(r: Registration) -> Created:
    """Keep the rules; `waterfall up --allow-origin` lets pages in."""
    rules = {"corsRules": r.inputs["corsRules"]}
    return _configure(r, "put_bucket_cors", {"corsConfiguration": rules})


def website(r: Registration) -> Created:
    """Stored only: keep the configuration; no website is served."""
    keys = ("indexDocument", "errorDocument", "redirectAllRequestsTo", "routingRules")
    given = {key: r.inputs[key] for key in keys if key in r.inputs}
    r.stored_only("S3 serves no websites here; its objects can be read through the API")
    domain = f"s3-website-{r.region}.amazonaws.com"
    created = _configure(r, "put_bucket_website", {"websiteConfiguration": given})
    return created[0], {"websiteDomain": domain, "websiteEndpoint": f"{created[0]}.{domain}"}


def policy(r: Registration) -> Created:
    """Keep the policy; nothing is refused for lack of permission."""
    return _configure(r, "put_bucket_policy", {"policy": r.inputs.text("policy")})


def notification(r: Registration) -> Created:
    """Tell functions, queues, topics and EventBridge of what happens to objects."""
    name = _bucket_of(r)
    kinds = (
        ("lambdaFunctions", "LambdaFunctionConfigurations", "lambdaFunctionArn"),
        ("queues", "QueueConfigurations", "queueArn"),
        ("topics", "TopicConfigurations", "topicArn"),
    )
    wanted: dict[str, Any] = {
        member: [_told(one, arn) for one in r.inputs[key]] for key, member, arn in kinds if r.inputs.get(key)
    }
    if r.inputs.get("eventbridge"):
        wanted["EventBridgeConfiguration"] = {}
    r.client("s3").put_bucket_notification_configuration(Bucket=name, NotificationConfiguration=wanted)
    return name, {}


def _told(given: Mapping[str, Any], arn: str) -> dict[str, Any]:
    """Return one configuration of who is told of what."""
    rules = [
        {"Name": name, "Value": given[key]}
        for name, key in (("prefix", "filterPrefix"), ("suffix", "filterSuffix"))
        if given.get(key)
    ]
    wanted: dict[str, Any] = {f"{arn[:1].upper()}{arn[1:]}": given[arn], "Events": given["events"]}
    if given.get("id"):
        wanted["Id"] = given["id"]
    if rules:
        wanted["Filter"] = {"Key": {"FilterRules": rules}}
    return wanted


def bucket_object(r: Registration) -> Created:
    """Put the object."""
    key = r.inputs.get("key", r.name)
    metadata = {name: str(value) for name, value in r.inputs.get("metadata", {}).items()}
    answer = r.call(
        "s3", "put_object", Key=key, Body=_body(r), Metadata=metadata or None, Tagging=_tagging(r.tags)
    )
    name = _bucket_of(r)
    return key if r.type.endswith("Objectv2") else f"{name}/{key}", {
        "key": key,
        "arn": f"arn:{r.partition}:s3:::{name}/{key}",
        "etag": answer["ETag"].strip('"'),
        "versionId": answer.get("VersionId", ""),
    }


def _bucket_name(r: Registration) -> str:
    if given := r.inputs.get("bucket"):
        return str(given)
    if prefix := r.inputs.get("bucketPrefix"):
        return f"{prefix}{naming.name_suffix(r.urn, 26)}"
    return naming.auto_name(r.urn, r.name, 63).lower()


def _bucket_of(r: Registration) -> str:
    return str(r.inputs["bucket"])


def _configure(r: Registration, operation: str, configuration: Mapping[str, Any]) -> Created:
    name = _bucket_of(r)
    r.call("s3", operation, inputs={"bucket": name, **configuration})
    return name, {}


def _body(r: Registration) -> bytes:
    if "content" in r.inputs:
        return str(r.inputs["content"]).encode()
    if "contentBase64" in r.inputs:
        return base64.b64decode(r.inputs["contentBase64"])
    if "source" not in r.inputs:
        return b""
    source = r.inputs["source"]
    return archive_bytes(source) if type(source).__name__.endswith("Archive") else asset_bytes(source)


def _tagging(tags: Mapping[str, str]) -> str | None:
    return urlencode(tags) or None


RESOURCES = {
    "aws:s3/bucket:Bucket": bucket,
    "aws:s3/bucketV2:BucketV2": bucket,
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": public_access_block,
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": encryption,
    "aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2": encryption,
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": lifecycle,
    "aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2": lifecycle,
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": ownership_controls,
    "aws:s3/bucketVersioning:BucketVersioning": versioning,
    "aws:s3/bucketVersioningV2:BucketVersioningV2": versioning,
    "aws:s3/bucketNotification:BucketNotification": notification,
    "aws:s3/bucketAcl:BucketAcl": acl,
    "aws:s3/bucketAclV2:BucketAclV2": acl,
    "aws:s3/bucketCorsConfiguration:BucketCorsConfiguration": cors,
    "aws:s3/bucketCorsConfigurationV2:BucketCorsConfigurationV2": cors,
    "aws:s3/bucketWebsiteConfiguration:BucketWebsiteConfiguration": website,
    "aws:s3/bucketWebsiteConfigurationV2:BucketWebsiteConfigurationV2": website,
    "aws:s3/bucketPolicy:BucketPolicy": policy,
    "aws:s3/bucketObject:BucketObject": bucket_object,
    "aws:s3/bucketObjectv2:BucketObjectv2": bucket_object,
}

_BUCKET = Update(update_bucket, frozenset({"bucket", "bucketPrefix", "objectLockEnabled"}))
UPDATES = {"aws:s3/bucket:Bucket": _BUCKET, "aws:s3/bucketV2:BucketV2": _BUCKET}
