"""What tools read resources with and moto lacks, added to its own operations, on its own state.

An operation of which moto has no setting answers as AWS does where nothing is set.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from moto.core.responses import ActionResult, EmptyResult

from embedded_aws.aws.errors import AwsError

_REST_API_SETTINGS = ("endpointAccessMode", "securityPolicy")
_ROTATION_DAYS = 365
_MOST_SHARDS = 20_000
_MOST_POINTS = 100_800
_TOPIC_ATTRIBUTES = (
    "ArchivePolicy",
    "FifoThroughputScope",
    "SignatureVersion",
    "TracingConfig",
    *(
        f"{protocol}{kind}"
        for protocol in ("Application", "Firehose", "HTTP", "Lambda", "SQS")
        for kind in ("FailureFeedbackRoleArn", "SuccessFeedbackRoleArn", "SuccessFeedbackSampleRate")
    ),
)

_DETAILS = ("UserDetailList", "GroupDetailList", "RoleDetailList", "Policies")
_USUAL_DETAILS, _MOST_DETAILS = 100, 1000


@cache
def add(service: str) -> None:
    """Add the operations of one of moto's services, by moto's name, before its first request."""
    if adding := _ADDED.get(service):
        adding()


def _open(of_moto: Any) -> Any:
    """Return a class of moto as what it is: changeable."""
    return of_moto


def _apigateway() -> None:
    """Let REST APIs have what moto drops of them, also when it is changed.

    https://docs.aws.amazon.com/apigateway/latest/api/API_RestApi.html
    """
    from moto.apigateway.models import RestAPI  # noqa: PLC0415 - a slow import; so below

    api = _open(RestAPI)
    read, patch = api.to_dict, api.apply_patch_operations

    def to_dict(self: Any) -> dict[str, Any]:
        return {**read(self), **vars(self).get("kept", {})}

    def keep(self: Any, given: Mapping[str, Any]) -> None:
        kept = {name: given[name] for name in _REST_API_SETTINGS if given.get(name)}
        self.kept = {**vars(self).get("kept", {}), **kept}

    def apply_patch_operations(self: Any, operations: list[dict[str, Any]]) -> None:
        patch(self, operations)
        replaced = {each["path"]: each.get("value") for each in operations if each["op"] == "replace"}
        self.keep({path.removeprefix("/"): value for path, value in replaced.items()})
        if (disabled := replaced.get("/disableExecuteApiEndpoint")) is not None:
            self.disableExecuteApiEndpoint = disabled == "true"
        if (size := replaced.get("/minimumCompressionSize")) is not None:
            self.minimum_compression_size = int(size) if size else None

    api.to_dict = to_dict
    api.keep = keep
    api.apply_patch_operations = apply_patch_operations


def _cloudwatch() -> None:
    """Bound the data points that are asked for: moto goes through all times, also those without any.

    AWS hands them out in pages of so many.
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
    """
    from moto.cloudwatch.models import CloudWatchBackend  # noqa: PLC0415

    backend = _open(CloudWatchBackend)
    read = backend.get_metric_data

    def get_metric_data(
        self: Any, queries: Any, start_time: Any, end_time: Any, *rest: Any, **more: Any
    ) -> Any:
        seconds = (end_time - start_time).total_seconds()
        periods = [int(each["MetricStat"]["Period"]) for each in queries if each.get("MetricStat")]
        asked = sum(seconds / max(period, 1) for period in periods)
        if asked > _MOST_POINTS:
            told = f"{asked:.0f} data points are more than {_MOST_POINTS}: give a longer Period"
            raise AwsError("ValidationError", told)
        return read(self, queries, start_time, end_time, *rest, **more)

    backend.get_metric_data = get_metric_data


def _dynamodb() -> None:
    """Tell that a table has no insights and no stream to Kinesis: moto can turn on neither.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_DescribeContributorInsights.html
    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_DescribeKinesisStreamingDestination.html
    """
    from moto.dynamodb.responses import DynamoHandler  # noqa: PLC0415

    def describe_contributor_insights(self: Any) -> ActionResult:
        name, index = self.body["TableName"], self.body.get("IndexName")
        told = {
            "TableName": self.dynamodb_backend.get_table(name).name,
            "ContributorInsightsStatus": "DISABLED",
        }
        return ActionResult({**told, "IndexName": index} if index else told)

    def describe_kinesis_streaming_destination(self: Any) -> ActionResult:
        table = self.dynamodb_backend.get_table(self.body["TableName"])
        return ActionResult({"TableName": table.name, "KinesisDataStreamDestinations": []})

    handler = _open(DynamoHandler)
    handler.describe_contributor_insights = describe_contributor_insights
    handler.describe_kinesis_streaming_destination = describe_kinesis_streaming_destination


def _iam() -> None:
    """Let profiles have tags; and give all of an account in pages, as AWS's policies make it 6 MB.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountAuthorizationDetails.html
    """
    from moto.iam.exceptions import ValidationError  # noqa: PLC0415
    from moto.iam.responses import IamResponse  # noqa: PLC0415

    handler = _open(IamResponse)
    get_details = handler.get_account_authorization_details

    def get_account_authorization_details(self: Any) -> ActionResult:
        found = get_details(self).result
        items = [(name, item) for name in _DETAILS for item in found[name]]
        marker, most = self._get_param("Marker") or "0", self._get_param("MaxItems") or _USUAL_DETAILS
        if not marker.isdecimal() or int(marker) > len(items):
            raise ValidationError(f"Invalid Marker: {marker}")
        end = int(marker) + min(max(int(most), 1), _MOST_DETAILS)
        page = items[int(marker) : end]
        lists = {name: [item for kind, item in page if kind == name] for name in _DETAILS}
        rest = {"IsTruncated": True, "Marker": str(end)} if end < len(items) else {"IsTruncated": False}
        return ActionResult({**lists, **rest})

    def list_instance_profile_tags(self: Any) -> ActionResult:
        profile = self.backend.get_instance_profile(self._get_param("InstanceProfileName"))
        return ActionResult({"Tags": profile.tags, "IsTruncated": False})

    handler.get_account_authorization_details = get_account_authorization_details
    handler.list_instance_profile_tags = list_instance_profile_tags


def _kinesis() -> None:
    """Let streams and their consumers have tags by ARN, as they have them by name; bound their shards.

    https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html
    """
    from moto.kinesis.responses import KinesisResponse  # noqa: PLC0415

    def tags_of(self: Any) -> dict[str, str]:
        arn, backend = self._get_param("ResourceARN"), self.kinesis_backend
        if "/consumer/" in arn:
            kept = vars(backend.describe_stream_consumer(None, None, arn))
        else:
            kept = vars(backend.describe_stream(stream_arn=arn, stream_name=None))
        found: dict[str, str] = kept.setdefault("tags", {})
        return found

    response = _open(KinesisResponse)
    create, update = response.create_stream, response.update_shard_count

    def check(count: int | None) -> None:
        if count and count > _MOST_SHARDS:
            told = f"{count} shards are more than the limit of {_MOST_SHARDS} of an account"
            raise AwsError("LimitExceededException", told)

    def update_shard_count(self: Any) -> Any:
        check(self._get_param("TargetShardCount"))
        return update(self)

    def create_stream(self: Any) -> ActionResult:
        check(self._get_param("ShardCount"))
        answer: ActionResult = create(self)
        stream = self.kinesis_backend.describe_stream(None, self._get_param("StreamName"))
        stream.tags.update(self._get_param("Tags") or {})
        return answer

    response.create_stream = create_stream
    response.update_shard_count = update_shard_count
    _add_tags(KinesisResponse, tags_of, lambda tags: [{"Key": key, "Value": tags[key]} for key in tags])


def _kms() -> None:
    """Keep how often a key is rotated.

    https://docs.aws.amazon.com/kms/latest/APIReference/API_GetKeyRotationStatus.html
    """
    from moto.kms.responses import KmsResponse  # noqa: PLC0415

    response = _open(KmsResponse)
    enable, read = response.enable_key_rotation, response.get_key_rotation_status

    def enable_key_rotation(self: Any) -> Any:
        answer = enable(self)
        vars(key_of(self))["rotation_days"] = self._get_param("RotationPeriodInDays") or _ROTATION_DAYS
        return answer

    def get_key_rotation_status(self: Any) -> str:
        status = json.loads(read(self))
        if status["KeyRotationEnabled"]:
            status["RotationPeriodInDays"] = vars(key_of(self)).get("rotation_days", _ROTATION_DAYS)
        return json.dumps(status)

    def key_of(self: Any) -> Any:
        return self.kms_backend.describe_key(self._get_param("KeyId"))

    response.enable_key_rotation = enable_key_rotation
    response.get_key_rotation_status = get_key_rotation_status


def _sns() -> None:
    """Tell all attributes of a topic that were set.

    https://docs.aws.amazon.com/sns/latest/api/API_GetTopicAttributes.html
    """
    from moto.core.utils import camelcase_to_underscores  # noqa: PLC0415
    from moto.sns.responses import SNSResponse  # noqa: PLC0415

    response = _open(SNSResponse)
    read = response.get_topic_attributes

    def get_topic_attributes(self: Any) -> ActionResult:
        answer: ActionResult = read(self)
        attributes: Any = answer.result
        kept = vars(self.backend.get_topic(self._get_param("TopicArn")))
        for name in _TOPIC_ATTRIBUTES:
            if text := kept.get(camelcase_to_underscores(name)):
                attributes["Attributes"][name] = text
        return answer

    response.get_topic_attributes = get_topic_attributes


def _cognito() -> None:
    from moto.cognitoidp.responses import CognitoIdpResponse  # noqa: PLC0415

    def tags_of(self: Any) -> dict[str, str]:
        pool = self.backend.describe_user_pool(self._get_param("ResourceArn").rpartition("/")[2])
        found: dict[str, str] = pool.extended_config.setdefault("UserPoolTags", {})
        return found

    _add_tags(CognitoIdpResponse, tags_of, dict)


def _add_tags(
    response: Any, tags_of: Callable[[Any], dict[str, str]], told: Callable[[dict[str, str]], object]
) -> None:
    """Add the three operations on tags; `tags_of` finds those of the resource that a request names."""

    def list_tags_for_resource(self: Any) -> ActionResult:
        return ActionResult({"Tags": told(tags_of(self))})

    def tag_resource(self: Any) -> ActionResult:
        tags_of(self).update(self._get_param("Tags"))
        return EmptyResult()

    def untag_resource(self: Any) -> ActionResult:
        tags = tags_of(self)
        for key in self._get_param("TagKeys"):
            tags.pop(key, None)
        return EmptyResult()

    response.list_tags_for_resource = list_tags_for_resource
    response.tag_resource = tag_resource
    response.untag_resource = untag_resource


def _stepfunctions() -> None:
    """List versions, and check definitions as `CreateStateMachine` does.

    https://docs.aws.amazon.com/step-functions/latest/apireference/API_ValidateStateMachineDefinition.html
    """
    from moto.stepfunctions.parser.api import InvalidDefinition  # noqa: PLC0415
    from moto.stepfunctions.parser.models import StepFunctionsParserBackend  # noqa: PLC0415
    from moto.stepfunctions.responses import StepFunctionResponse  # noqa: PLC0415

    def list_state_machine_versions(self: Any) -> ActionResult:
        machine = self.stepfunction_backend.describe_state_machine(self._get_param("stateMachineArn"))
        versions = [
            {"stateMachineVersionArn": version.arn, "creationDate": version.creation_date}
            for version in reversed(machine.versions.values())
        ]
        return ActionResult({"stateMachineVersions": versions})

    def validate_state_machine_definition(self: Any) -> ActionResult:
        try:
            _open(StepFunctionsParserBackend)._validate_definition(self._get_param("definition"))  # noqa: SLF001
        except InvalidDefinition as problem:
            told = {"severity": "ERROR", "code": "SCHEMA_VALIDATION_FAILED", "message": str(problem.message)}
            return ActionResult({"result": "FAIL", "diagnostics": [told]})
        return ActionResult({"result": "OK", "diagnostics": []})

    response = _open(StepFunctionResponse)
    response.list_state_machine_versions = list_state_machine_versions
    response.validate_state_machine_definition = validate_state_machine_definition


_ADDED: Mapping[str, Callable[[], None]] = {
    "apigateway": _apigateway,
    "cloudwatch": _cloudwatch,
    "cognitoidp": _cognito,
    "dynamodb": _dynamodb,
    "iam": _iam,
    "kinesis": _kinesis,
    "kms": _kms,
    "sns": _sns,
    "stepfunctions": _stepfunctions,
}
