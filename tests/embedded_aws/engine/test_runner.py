from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest

from embedded_aws.engine.errors import EngineError
from tests.embedded_aws.engine.conftest import Deploy


def test_exports_are_read_after_all_resources_are_there(deploy: Deploy) -> None:
    """Outputs hold values that depend on created resources, nested as the program nests them."""

    def program() -> None:
        queue = aws.sqs.Queue("jobs", name="exported-jobs")
        pulumi.export("queue", {"arn": queue.arn, "list": [queue.name]})

    arn = "arn:aws:sqs:eu-west-1:123456789012:exported-jobs"
    assert deploy(program).outputs == {"queue": {"arn": arn, "list": ["exported-jobs"]}}


def test_secrets_are_masked_in_outputs(deploy: Deploy) -> None:
    """A secret export, and a resource's output that came from a secret input, are shown as [secret]."""

    def program() -> None:
        queue = aws.sqs.Queue("jobs", tags={"key": pulumi.Output.secret("hush")})
        pulumi.export("own", {"inner": pulumi.Output.secret("hush")})
        pulumi.export("tags", queue.tags)

    assert deploy(program).outputs == {"own": {"inner": "[secret]"}, "tags": "[secret]"}


def test_names_are_the_same_in_every_run(deploy: Deploy) -> None:
    """Automatic names depend on project, stack and URN, so that a program's URLs stay as they are."""

    def program() -> None:
        pulumi.export("api", aws.apigateway.RestApi("same").id)

    first = deploy(program)
    first.client("apigateway").delete_rest_api(restApiId=first.outputs["api"])
    assert deploy(program).outputs == first.outputs


def test_children_of_components_have_pulumis_urns(deploy: Deploy) -> None:
    """The parent's type is part of a child's URN, so equal names under two parents are no duplicates."""

    class Pair(pulumi.ComponentResource):
        def __init__(self, name: str, kind: str) -> None:
            super().__init__(f"test:index:{kind}", name)
            self.queue = aws.sqs.Queue("jobs", opts=pulumi.ResourceOptions(parent=self))
            self.register_outputs({})

    def program() -> None:
        pulumi.export("urns", [Pair(kind, kind).queue.urn for kind in ("Left", "Right")])

    assert [urn.split("::")[2:] for urn in deploy(program).outputs["urns"]] == [
        [f"test:index:{kind}$aws:sqs/queue:Queue", "jobs"] for kind in ("Left", "Right")
    ]


def test_duplicate_urn_is_refused(deploy: Deploy) -> None:
    """Two resources of one type and name are an error, as with Pulumi's engine."""

    def program() -> None:
        aws.sqs.Queue("jobs")
        aws.sqs.Queue("jobs")

    with pytest.raises(
        EngineError, match=r"duplicate resource URN '.*::aws:sqs/queue:Queue::jobs'; try giving"
    ):
        deploy(program)


def test_error_of_aws_names_the_resource(deploy: Deploy) -> None:
    """What AWS refuses is told with the resource's type, name and URN and AWS's code and message."""

    def program() -> None:
        aws.sqs.Queue("jobs", fifo_queue=True, name="not-fifo")

    with pytest.raises(EngineError) as raised:
        deploy(program)
    assert str(raised.value).startswith(
        "aws:sqs/queue:Queue 'jobs' could not be created: CreateQueue answered "
    )
    assert "Queue name must end in .fifo" in str(raised.value)
    assert "::aws:sqs/queue:Queue::jobs)" in str(raised.value)


def test_missing_input_names_the_input(deploy: Deploy) -> None:
    """An input that the resource cannot do without is named."""

    def program() -> None:
        aws.dynamodb.Table("orders", hash_key="id", billing_mode="PAY_PER_REQUEST", stream_enabled=True)

    with pytest.raises(
        EngineError, match="Table 'orders' could not be created: input 'streamViewType' is missing"
    ):
        deploy(program)


def test_unsupported_type_is_one_warning_and_has_plausible_outputs(deploy: Deploy) -> None:
    """A type that is not supported is skipped with one warning; what depends on it still works."""

    def program() -> None:
        key = aws.ecr.Repository("net", image_tag_mutability="MUTABLE")
        queue = aws.sqs.Queue("jobs", tags={"net": pulumi.Output.concat("in ", key.arn)})
        pulumi.export("text", key.image_tag_mutability)
        pulumi.export("tag", queue.tags)

    done = deploy(program)
    assert done.warnings == [
        "aws:ecr/repository:Repository 'net': this type is not supported here; it was skipped"
    ]
    assert done.outputs["text"] == "MUTABLE"
    assert done.outputs["tag"]["net"].startswith("in arn:aws:ecr:eu-west-1:123456789012:repository/net-")


def test_inputs_without_effect_are_named(deploy: Deploy) -> None:
    """An input that nothing here looks at is a warning; one about updates or deletion only is not."""

    def program() -> None:
        aws.s3.Bucket("files", force_destroy=True, acceleration_status="Enabled")
        aws.lambda_.LayerVersion("lib", layer_name="lib", code=pulumi.AssetArchive({}), skip_destroy=True)

    assert deploy(program).warnings == [
        "aws:s3/bucket:Bucket 'files': input 'accelerationStatus' has no effect"
    ]


def test_explicit_provider_sets_region_and_default_tags(deploy: Deploy) -> None:
    """Resources of an explicit aws.Provider are created in its region with its tags."""

    def program() -> None:
        west = aws.Provider("west", region="us-west-2", default_tags={"tags": {"team": "a", "tier": "x"}})
        queue = aws.sqs.Queue("jobs", tags={"tier": "gold"}, opts=pulumi.ResourceOptions(provider=west))
        pulumi.export("url", queue.url)
        pulumi.export("arn", queue.arn)
        pulumi.export("all", queue.tags_all)
        pulumi.export("region", aws.get_region_output(opts=pulumi.InvokeOutputOptions(provider=west)).region)

    done = deploy(program)
    assert done.outputs["arn"].startswith("arn:aws:sqs:us-west-2:")
    assert done.outputs["all"] == {"team": "a", "tier": "gold"}
    assert done.outputs["region"] == "us-west-2"
    tags = done.client("sqs", "us-west-2").list_queue_tags(QueueUrl=done.outputs["url"])["Tags"]
    assert tags == {"team": "a", "tier": "gold"}


def test_resource_region_wins_over_the_providers(deploy: Deploy) -> None:
    """`region=` on a resource chooses where it is created."""
    done = deploy(lambda: pulumi.export("arn", aws.sqs.Queue("jobs", region="eu-north-1").arn))
    assert done.outputs["arn"].startswith("arn:aws:sqs:eu-north-1:")


@pytest.mark.parametrize(("program", "message"), [
    (lambda: pulumi.StackReference("org/net/dev"),
     "'org/net/dev' failed: no stack 'org/net/dev' runs here"),
    (lambda: aws.sqs.Queue.get("old", "http://queue"),
     "Queue 'old': 'http://queue' cannot be read; .* starts empty"),
])  # fmt: skip
def test_state_of_elsewhere_is_an_error(deploy: Deploy, program: Callable[[], Any], message: str) -> None:
    """Other stacks and existing resources cannot be read; the message says what to do instead."""
    with pytest.raises(EngineError, match=message):
        deploy(program)


def test_what_pulumis_engine_would_run_is_told(deploy: Deploy) -> None:
    """Hooks and transforms are not run; each is a warning."""

    def program() -> None:
        hook = pulumi.ResourceHook("after", lambda args: None)
        hooks = pulumi.ResourceHookBinding(after_create=[hook])
        aws.sqs.Queue("jobs", opts=pulumi.ResourceOptions(hooks=hooks))

    assert deploy(program).warnings == ["aws:sqs/queue:Queue 'jobs': resource hooks are not run here"]


def test_program_reads_its_configuration(deploy: Deploy) -> None:
    """Config values arrive in their types."""

    def program() -> None:
        config = pulumi.Config("shop")
        pulumi.export("sum", config.require_int("count") + (1 if config.require_bool("more") else 0))
        pulumi.export("list", config.require_object("list"))

    done = deploy(program, **{"shop:count": 2, "shop:more": True, "shop:list": ["a"]})
    assert done.outputs == {"sum": 3, "list": ["a"]}


def test_async_program_runs(deploy: Deploy) -> None:
    """A program may hand Pulumi a coroutine."""

    async def program() -> None:
        pulumi.export("name", aws.sqs.Queue("jobs", name="from-async").name)

    assert deploy(program).outputs == {"name": "from-async"}
