"""Requests of aws-sdk-go-v2, by which the providers of Pulumi and Terraform make and read resources."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from embedded_aws.engine.resources import RESOURCES
from tests.embedded_aws.engine.provider.reads import READS
from tests.embedded_aws.engine.provider.recorded import Answer, Replay, recorded

if TYPE_CHECKING:
    from tests.embedded_aws.engine.harness import Aws

NOT_SET = {
    "NoSuchBucketPolicy",
    "NoSuchCORSConfiguration",
    "NoSuchLifecycleConfiguration",
    "NoSuchPublicAccessBlockConfiguration",
    "NoSuchWebsiteConfiguration",
    "ObjectLockConfigurationNotFoundError",
    "OwnershipControlsNotFoundError",
    "PolicyNotFoundException",
    "ReplicationConfigurationNotFoundError",
    "ServerSideEncryptionConfigurationNotFoundError",
}
"""What the provider takes for an empty setting, as AWS says it."""
TAGS = {"team": "tracing"}
TAG_LIST = [{"Key": "team", "Value": "tracing"}]


@dataclass(frozen=True)
class Replayed:
    """The answers to all recorded requests, in their order."""

    replay: Replay
    answers: list[Answer] = field(default_factory=list)

    def of(self, call: str) -> list[dict[str, Any]]:
        """Return what one operation answered, each time."""
        pairs = zip(recorded(), self.answers, strict=True)
        return [answer.parsed for request, answer in pairs if request["call"] == call]


@pytest.fixture(scope="module")
def replayed(aws: Aws) -> Replayed:
    done = Replayed(Replay(aws.url))
    done.answers.extend(done.replay.send(request) for request in recorded())
    return done


@pytest.mark.parametrize(
    "index", range(len(recorded())), ids=[request["call"].replace(" ", "-") for request in recorded()]
)
def test_a_recorded_request_is_answered(replayed: Replayed, index: int) -> None:
    request, answer = recorded()[index], replayed.answers[index]
    assert answer.code == request.get("refused", ""), answer


def test_what_is_refused_is_not_set() -> None:
    assert {request["refused"] for request in recorded() if "refused" in request} == NOT_SET


@pytest.mark.parametrize("call", sorted({call for calls in READS.values() for call in calls}))
def test_each_read_of_the_provider_is_recorded(call: str) -> None:
    assert call in {request["call"] for request in recorded()}


def test_the_reads_of_each_resource_type_are_known() -> None:
    types = {token.removeprefix("aws:") for token in RESOURCES if token.startswith("aws:")}
    assert types == READS.keys()


def test_the_tags_of_an_event_source_mapping_are_those_that_were_set(replayed: Replayed) -> None:
    *_, first, second, third = [answer["Tags"] for answer in replayed.of("lambda ListTags")]
    assert (first, second, third) == (TAGS, {**TAGS, "a": "b"}, TAGS)


def test_the_tags_of_a_bucket_are_had_by_s3_control(replayed: Replayed) -> None:
    assert [answer["Tags"] for answer in replayed.of("s3control ListTagsForResource")] == [TAG_LIST, TAG_LIST]
    assert replayed.of("s3 GetBucketTagging")[0]["TagSet"] == TAG_LIST


@pytest.mark.parametrize("host", ["123456789012.localhost", "123456789012.127.0.0.1", "127.0.0.1"])
def test_s3_control_answers_at_each_host_that_sdks_make(replayed: Replayed, aws: Aws, host: str) -> None:
    (request, *_) = [each for each in recorded() if each["call"] == "s3control ListTagsForResource"]
    line = "GET /v20180820/tags/arn%3Aaws%3As3%3A%3A%3Aread-back-bucket"
    answer = replayed.replay.send(request, line=line, host=f"{host}:{aws.url.rpartition(':')[2]}")
    assert answer.parsed["Tags"] == TAG_LIST


def test_an_alarm_that_was_put_in_cbor_is_read_in_cbor(replayed: Replayed) -> None:
    (described,) = replayed.of("cloudwatch DescribeAlarms")
    (alarm,) = described["MetricAlarms"]
    assert (alarm["Threshold"], alarm["EvaluationPeriods"], alarm["DatapointsToAlarm"]) == (1.5, 2, 1)
    assert alarm["Dimensions"] == [{"Name": "FunctionName", "Value": "read-back"}]
    assert alarm["TreatMissingData"] == "notBreaching"


def test_policies_of_a_queue_come_back_as_the_text_that_was_set(replayed: Replayed) -> None:
    policy, redrive = (answer["Attributes"] for answer in replayed.of("sqs GetQueueAttributes")[1:])
    target = "arn:aws:sqs:eu-west-1:123456789012:read-back-dead"
    assert redrive["RedrivePolicy"] == f'{{"deadLetterTargetArn":"{target}","maxReceiveCount":5}}'
    assert redrive["RedriveAllowPolicy"] == '{"redrivePermission":"allowAll"}'
    assert json.loads(policy["Policy"])["Statement"][0]["Action"] == "sqs:*"


def test_the_layers_of_the_fis_extension_are_public_parameters(replayed: Replayed) -> None:
    found = replayed.of("ssm GetParameter")[1]["Parameter"]
    assert "layer:AWS-FIS-extension-x86_64:1" in found["Value"]
    assert found["ARN"].startswith("arn:aws:ssm:eu-west-1::parameter/aws/service/fis/lambda-extension/")
    (answer,) = replayed.of("ssm GetParameters")
    assert "layer:AWS-FIS-extension-arm64:1" in answer["Parameters"][0]["Value"]


def test_the_tags_of_rest_apis_stages_keys_and_usage_plans_are_told(replayed: Replayed) -> None:
    assert [answer["tags"] for answer in replayed.of("apigateway GetTags")] == [TAGS] * 5


def test_settings_of_a_function_are_those_of_a_new_one_until_they_are_set(replayed: Replayed) -> None:
    runtime = [answer["UpdateRuntimeOn"] for answer in replayed.of("lambda GetRuntimeManagementConfig")]
    recursion = [answer["RecursiveLoop"] for answer in replayed.of("lambda GetFunctionRecursionConfig")]
    assert (runtime, recursion) == (["Auto", "FunctionUpdate"], ["Terminate", "Allow"])


def test_a_table_has_its_time_to_live_and_backups(replayed: Replayed) -> None:
    (live,), (backups,) = (
        replayed.of("dynamodb DescribeTimeToLive"),
        replayed.of("dynamodb DescribeContinuousBackups"),
    )
    assert live["TimeToLiveDescription"] == {"AttributeName": "expires", "TimeToLiveStatus": "ENABLED"}
    recovery = backups["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
    assert (recovery["PointInTimeRecoveryStatus"], recovery["RecoveryPeriodInDays"]) == ("ENABLED", 7)


def test_what_moto_would_drop_comes_back(replayed: Replayed) -> None:
    assert replayed.of("kinesis ListTagsForResource")[0]["Tags"] == TAG_LIST
    assert replayed.of("sns GetTopicAttributes")[0]["Attributes"]["TracingConfig"] == "Active"
    assert replayed.of("kms GetKeyRotationStatus")[1]["RotationPeriodInDays"] == 100


def test_settings_of_a_rest_api_are_those_of_the_last_change(replayed: Replayed) -> None:
    found = replayed.of("apigateway GetRestApi")[1]
    assert (found["securityPolicy"], found["endpointAccessMode"]) == (
        "SecurityPolicy_TLS13_1_2_PQ_2025_09",
        "BASIC",
    )
    assert (found["disableExecuteApiEndpoint"], found["minimumCompressionSize"]) == (False, 200)
