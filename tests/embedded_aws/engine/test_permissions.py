"""Permissions to invoke a function that a program forgets: it is told, as nothing is refused here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pulumi
from pulumi_aws import apigatewayv2, cloudwatch, lambda_, s3, sns

from embedded_aws.engine.tracing import Tracing
from tests.embedded_aws.engine import harness
from tests.embedded_aws.engine.test_tracing import function

if TYPE_CHECKING:
    from collections.abc import Callable


def told(aws: harness.Aws, program: Callable[[], object], name: str) -> list[str]:
    done = harness.deploy(aws.url, program, name, tracing=Tracing())
    return [line for line in done.warnings if "permission" in line]


def http_api(name: str, source: str | None) -> None:
    """Make an HTTP API whose function may be invoked by `source`, `{}` in it the API's ARN."""
    made, api = function(name), apigatewayv2.Api(name, protocol_type="HTTP")
    apigatewayv2.Integration(
        name, api_id=api.id, integration_type="AWS_PROXY", integration_uri=made.invoke_arn
    )
    if source is not None:
        lambda_.Permission(
            name,
            action="lambda:InvokeFunction",
            function=made.name,
            principal="apigateway.amazonaws.com",
            source_arn=api.execution_arn.apply(source.format) if source else None,
        )


def test_a_function_that_its_api_may_invoke_is_not_told(aws: harness.Aws) -> None:
    """By any source ARN that the API has methods of, or by none."""

    def program() -> None:
        for number, source in enumerate(("", "{}/*/*", "{}/*", "{}/dev/GET/hello", "{}*")):
            http_api(f"allowed-{number}", source)

    assert not told(aws, program, "allowed")


def test_a_function_that_its_api_may_not_invoke_is_told(aws: harness.Aws) -> None:
    """Without a permission, or with one whose source ARN is another's, or no method's."""

    def program() -> None:
        for number, source in enumerate((None, "{}", "arn:aws:execute-api:eu-west-1:123456789012:other/*/*")):
            http_api(f"forgotten-{number}", source)

    lines = sorted(told(aws, program, "forgotten"), key=lambda line: line.partition("'forgotten")[2])
    assert len(lines) == 3
    for number, line in enumerate(lines):
        assert line.startswith(f"aws:apigatewayv2/integration:Integration 'forgotten-{number}': ")
        assert f"function forgotten-{number} has no permission that lets apigateway.amazonaws.com in" in line
        assert line.endswith("on AWS the API answers 500: give it an aws.lambda_.Permission")


def test_an_api_that_takes_a_role_needs_no_permission(aws: harness.Aws) -> None:
    """API Gateway then invokes the function as that role."""

    def program() -> None:
        made, api = function("role"), apigatewayv2.Api("role", protocol_type="HTTP")
        apigatewayv2.Integration(
            "role",
            api_id=api.id,
            integration_type="AWS_PROXY",
            integration_uri=made.arn,
            credentials_arn=made.role,
        )

    assert not told(aws, program, "role")


def test_rules_topics_and_buckets_without_permission_are_told(aws: harness.Aws) -> None:
    """Each with what AWS would do; a function with all its permissions is not."""

    def program() -> None:
        rule = cloudwatch.EventRule("rule", name="nightly", schedule_expression="rate(1 day)")
        topic, bucket = sns.Topic("topic", name="news"), s3.Bucket("bucket", bucket="shelf")
        bare, able = function("bare"), function("able")
        granted = [
            lambda_.Permission(
                service,
                action="lambda:InvokeFunction",
                function=able.arn,
                principal=f"{service}.amazonaws.com",
                source_arn=arn,
            )
            for service, arn in (("events", rule.arn), ("sns", topic.arn), ("s3", bucket.arn))
        ]
        after = pulumi.ResourceOptions(depends_on=granted)
        for name, made in (("bare", bare), ("able", able)):
            cloudwatch.EventTarget(name, rule=rule.name, arn=made.arn)
            sns.TopicSubscription(name, topic=topic.arn, protocol="lambda", endpoint=made.arn)
        both = [
            s3.BucketNotificationLambdaFunctionArgs(
                lambda_function_arn=made.arn, events=["s3:ObjectCreated:*"], filter_prefix=prefix
            )
            for made, prefix in ((bare, "a"), (able, "b"))
        ]
        s3.BucketNotification("bucket", bucket=bucket.id, lambda_functions=both, opts=after)

    lines = told(aws, program, "services")
    assert all("function bare " in line for line in lines)
    assert sorted(line.partition("lets ")[2].partition(": give")[0] for line in lines) == [
        "events.amazonaws.com invoke it for rule/nightly; it is invoked here, on AWS the rule does not",
        "s3.amazonaws.com invoke it for shelf; it is invoked here, on AWS S3 refuses the notification",
        "sns.amazonaws.com invoke it for news; it is invoked here, on AWS the topic does not",
    ]
