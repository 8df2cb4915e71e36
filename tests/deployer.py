"""What Pulumi's AWS provider calls for each resource type that this project makes, as IAM names the calls.

From the provider's code: create, read, update and delete, tags, and what a read asks besides. IAM names most
calls as the API does; API Gateway's are HTTP's verbs, and S3 has names of its own.
https://docs.aws.amazon.com/service-authorization/latest/reference/
"""

from __future__ import annotations

from types import MappingProxyType


def _of(service: str, names: str) -> frozenset[str]:
    return frozenset(f"{service}:{name}" for name in names.split())


_TAGS = "ListTagsForResource TagResource UntagResource"
_GATEWAY = _of("apigateway", "DELETE GET PATCH POST PUT")
_PASS = _of("iam", "PassRole")

ACTIONS = MappingProxyType(
    {
        "aws:apigateway/account:Account": _of("apigateway", "GET PATCH") | _PASS,
        "aws:apigateway/deployment:Deployment": _GATEWAY,
        "aws:apigateway/methodSettings:MethodSettings": _GATEWAY,
        "aws:apigateway/restApi:RestApi": _GATEWAY,
        "aws:apigateway/stage:Stage": _GATEWAY,
        "aws:cloudwatch/dashboard:Dashboard": _of("cloudwatch", "DeleteDashboards GetDashboard PutDashboard"),
        "aws:cloudwatch/logGroup:LogGroup": _of(
            "logs",
            "AssociateKmsKey CreateLogGroup DeleteLogGroup DeleteRetentionPolicy DescribeLogGroups"
            f" DisassociateKmsKey PutRetentionPolicy {_TAGS}",
        ),
        "aws:cloudwatch/metricAlarm:MetricAlarm": _of(
            "cloudwatch", f"DeleteAlarms DescribeAlarms PutMetricAlarm {_TAGS}"
        ),
        "aws:dynamodb/table:Table": _of(
            "dynamodb",
            "CreateTable DeleteTable DescribeContinuousBackups DescribeTable DescribeTimeToLive"
            " ListTagsOfResource TagResource UntagResource UpdateContinuousBackups UpdateTable"
            " UpdateTimeToLive",
        ),
        "aws:fis/experimentTemplate:ExperimentTemplate": _of(
            "fis",
            "CreateExperimentTemplate DeleteExperimentTemplate GetExperimentTemplate UpdateExperimentTemplate"
            f" {_TAGS}",
        )
        | _PASS,
        "aws:iam/role:Role": _of(
            "iam",
            "CreateRole DeleteRole GetRole ListAttachedRolePolicies ListInstanceProfilesForRole"
            " ListRolePolicies TagRole UntagRole UpdateAssumeRolePolicy UpdateRole",
        ),
        "aws:iam/rolePolicy:RolePolicy": _of("iam", "DeleteRolePolicy GetRolePolicy PutRolePolicy"),
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment": _of(
            "iam", "AttachRolePolicy DetachRolePolicy ListAttachedRolePolicies"
        ),
        "aws:lambda/eventSourceMapping:EventSourceMapping": _of(
            "lambda",
            "CreateEventSourceMapping DeleteEventSourceMapping GetEventSourceMapping ListTags TagResource"
            " UntagResource UpdateEventSourceMapping",
        ),
        "aws:lambda/function:Function": _of(
            "lambda",
            "CreateFunction DeleteFunction DeleteFunctionConcurrency GetFunction"
            " GetFunctionCodeSigningConfig GetLayerVersion ListTags ListVersionsByFunction"
            " PutFunctionConcurrency TagResource UntagResource UpdateFunctionCode"
            " UpdateFunctionConfiguration",
        )
        | _PASS,
        "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": _of(
            "lambda",
            "DeleteFunctionEventInvokeConfig GetFunctionEventInvokeConfig PutFunctionEventInvokeConfig"
            " UpdateFunctionEventInvokeConfig",
        ),
        "aws:lambda/layerVersion:LayerVersion": _of(
            "lambda", "DeleteLayerVersion GetLayerVersion PublishLayerVersion"
        ),
        "aws:lambda/permission:Permission": _of("lambda", "AddPermission GetPolicy RemovePermission"),
        "aws:s3/bucket:Bucket": _of(
            "s3",
            "CreateBucket DeleteBucket DeleteObject DeleteObjectVersion GetAccelerateConfiguration"
            " GetBucketAcl GetBucketCORS GetBucketLocation GetBucketLogging GetBucketObjectLockConfiguration"
            " GetBucketPolicy GetBucketRequestPayment GetBucketTagging GetBucketVersioning GetBucketWebsite"
            " GetEncryptionConfiguration GetLifecycleConfiguration GetReplicationConfiguration ListBucket"
            " ListBucketVersions PutBucketTagging",
        ),
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": _of(
            "s3", "GetLifecycleConfiguration PutLifecycleConfiguration"
        ),
        "aws:s3/bucketPolicy:BucketPolicy": _of("s3", "DeleteBucketPolicy GetBucketPolicy PutBucketPolicy"),
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": _of(
            "s3", "GetBucketPublicAccessBlock PutBucketPublicAccessBlock"
        ),
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": _of(
            "s3", "GetEncryptionConfiguration PutEncryptionConfiguration"
        ),
        "aws:sqs/queue:Queue": _of(
            "sqs",
            "CreateQueue DeleteQueue GetQueueAttributes GetQueueUrl ListQueueTags SetQueueAttributes TagQueue"
            " UntagQueue",
        ),
        "aws:sqs/queuePolicy:QueuePolicy": _of("sqs", "GetQueueAttributes SetQueueAttributes"),
        "aws:xray/group:Group": _of("xray", f"CreateGroup DeleteGroup GetGroup UpdateGroup {_TAGS}"),
        "aws:xray/samplingRule:SamplingRule": _of(
            "xray", f"CreateSamplingRule DeleteSamplingRule GetSamplingRules UpdateSamplingRule {_TAGS}"
        ),
    }
)
"""IAM actions by Pulumi's type."""

LOOKED_UP = frozenset({"ssm:GetParameter"})
"""What the program itself asks: the layer of AWS FIS is named by a public parameter."""
