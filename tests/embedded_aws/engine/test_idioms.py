"""What programs as users write them do: each idiom of Pulumi's works as under its own engine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest

from embedded_aws.engine.errors import EngineError
from tests.embedded_aws.engine.conftest import Deploy
from tests.embedded_aws.engine.resources.test_iam import ALLOW, ASSUME
from tests.embedded_aws.engine.resources.test_lambda import CODE


class Jobs(pulumi.ComponentResource):
    """A component with one queue."""

    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("test:index:Jobs", name, opts=opts)
        self.queue = aws.sqs.Queue(f"{name}-queue", opts=pulumi.ResourceOptions(parent=self))
        self.register_outputs({})


def tagged(args: pulumi.ResourceTransformArgs, **tags: str) -> pulumi.ResourceTransformResult:
    props: dict[str, Any] = dict(args.props)
    props["tags"] = {**props.get("tags", {}), **tags}
    return pulumi.ResourceTransformResult(props=props, opts=args.opts)


def test_resource_stands_for_its_id(deploy: Deploy) -> None:
    """A resource passed where an id or a name is meant is its id: the usual way to write it."""

    def program() -> None:
        role: Any = aws.iam.Role("worker", assume_role_policy=ASSUME)
        aws.iam.RolePolicy("inline", role=role, policy=ALLOW)
        aws.iam.RolePolicyAttachment(
            "basic", role=role, policy_arn=aws.iam.ManagedPolicy.AWS_LAMBDA_BASIC_EXECUTION_ROLE
        )
        function: Any = aws.lambda_.Function(
            "work", role=role.arn, runtime=aws.lambda_.Runtime.PYTHON3D13, handler="app.handler", code=CODE
        )
        aws.lambda_.Permission(
            "sns", function=function, action="lambda:InvokeFunction", principal="sns.amazonaws.com"
        )
        bucket: Any = aws.s3.Bucket("files")
        aws.s3.BucketVersioning("files", bucket=bucket, versioning_configuration={"status": "Enabled"})
        topic: Any = aws.sns.Topic("news")
        queue: Any = aws.sqs.Queue("inbox")
        aws.sns.TopicSubscription("inbox", topic=topic, protocol="sqs", endpoint=queue.arn)
        aws.sqs.QueuePolicy("inbox", queue_url=queue, policy=ALLOW)
        api: Any = aws.apigateway.RestApi("api")
        hello: Any = aws.apigateway.Resource(
            "hello", rest_api=api, parent_id=api.root_resource_id, path_part="hello"
        )
        aws.apigateway.Method("get", rest_api=api, resource_id=hello, http_method="GET", authorization="NONE")
        pulumi.export("ids", [one.id for one in (role, function, bucket, topic, queue, api, hello)])

    done = deploy(program)
    role, function, bucket, topic, queue, api, hello = done.outputs["ids"]
    iam = done.client("iam")
    assert len(iam.list_role_policies(RoleName=role)["PolicyNames"]) == 1
    assert len(iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]) == 1
    assert "sns.amazonaws.com" in done.client("lambda").get_policy(FunctionName=function)["Policy"]
    assert done.client("lambda").get_function_configuration(FunctionName=function)["Runtime"] == "python3.13"
    assert done.client("s3").get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    assert len(done.client("sns").list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]) == 1
    policy = done.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["Policy"])["Attributes"]
    assert json.loads(policy["Policy"]) == ALLOW
    found = done.client("apigateway").get_resource(restApiId=api, resourceId=hello)
    assert (found["path"], list(found["resourceMethods"])) == ("/hello", ["GET"])
    assert done.warnings == []


def test_resource_in_a_list_and_in_a_mapping_is_its_id(deploy: Deploy) -> None:
    """Wherever a resource is nested in an input, its id arrives."""

    def program() -> None:
        topic: Any = aws.sns.Topic("news", name="nested-news")
        queue = aws.sqs.Queue("jobs", tags={"topic": topic})
        pulumi.export("tags", queue.tags)

    assert deploy(program).outputs["tags"]["topic"].endswith(":nested-news")


def test_component_in_depends_on_is_waited_for(deploy: Deploy) -> None:
    """`depends_on` a component waits for its children; aliases change nothing at the first deployment."""

    def program() -> None:
        jobs = Jobs("jobs")
        options = pulumi.ResourceOptions(
            depends_on=[jobs], aliases=[pulumi.Alias(name="former")], protect=True, ignore_changes=["tags"]
        )
        later = aws.sqs.Queue("later", opts=options)
        pulumi.export("urls", [jobs.queue.url, later.url])

    assert len(set(deploy(program).outputs["urls"])) == 2


def test_provider_of_a_component_is_its_childrens(deploy: Deploy) -> None:
    """`providers` of a component, as a list or by package, choose where its children are."""

    def program() -> None:
        west = aws.Provider("west", region="us-west-2")
        by_list = Jobs("list", pulumi.ResourceOptions(providers=[west]))
        by_name = Jobs("name", pulumi.ResourceOptions(providers={"aws": west}))
        pulumi.export("arns", [by_list.queue.arn, by_name.queue.arn])

    assert [arn.split(":")[3] for arn in deploy(program).outputs["arns"]] == ["us-west-2", "us-west-2"]


def test_transforms_run_from_the_resource_up_to_the_stack(deploy: Deploy) -> None:
    """A resource's own transform runs first, then its parent's, then the stack's: the last one wins."""

    def program() -> None:
        pulumi.runtime.register_resource_transform(lambda args: tagged(args, by="stack", stack="yes"))
        jobs = Jobs(
            "jobs", pulumi.ResourceOptions(transforms=[lambda args: tagged(args, by="parent", up="yes")])
        )
        options = pulumi.ResourceOptions(
            parent=jobs, transforms=[lambda args: tagged(args, by="itself", own="yes")]
        )
        own = aws.sqs.Queue("own", opts=options)
        pulumi.export("own", own.tags)
        pulumi.export("child", jobs.queue.tags)

    done = deploy(program)
    assert done.outputs["own"] == {"by": "stack", "own": "yes", "up": "yes", "stack": "yes"}
    assert done.outputs["child"] == {"by": "stack", "up": "yes", "stack": "yes"}
    assert done.warnings == []


def test_transform_chooses_the_provider(deploy: Deploy) -> None:
    """A transform that gives another provider moves the resource to its region."""

    def program() -> None:
        west = aws.Provider("west", region="us-west-2")

        def moved(args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult:
            opts = pulumi.ResourceOptions.merge(args.opts, pulumi.ResourceOptions(provider=west))
            return pulumi.ResourceTransformResult(props=args.props, opts=opts)

        queue = aws.sqs.Queue("jobs", opts=pulumi.ResourceOptions(transforms=[moved]))
        pulumi.export("arn", queue.arn)

    assert deploy(program).outputs["arn"].startswith("arn:aws:sqs:us-west-2:")


def test_older_transformations_run_too(deploy: Deploy) -> None:
    """`transformations` run in the SDK itself, for children too."""

    def program() -> None:
        def renamed(args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
            if args.type_ != "aws:sqs/queue:Queue":
                return None
            return pulumi.ResourceTransformationResult(
                props={**args.props, "name": "renamed"}, opts=args.opts
            )

        jobs = Jobs("jobs", pulumi.ResourceOptions(transformations=[renamed]))
        pulumi.export("name", jobs.queue.name)

    assert deploy(program).outputs == {"name": "renamed"}


def test_transform_of_functions_changes_their_arguments(deploy: Deploy) -> None:
    """The stack's transforms of function calls see and change the arguments."""

    def program() -> None:
        def elsewhere(args: pulumi.InvokeTransformArgs) -> pulumi.InvokeTransformResult:
            return pulumi.InvokeTransformResult(args={**args.args, "region": "us-west-2"}, opts=args.opts)

        pulumi.runtime.register_invoke_transform(elsewhere)
        pulumi.export("region", aws.get_region_output().region)

    assert deploy(program).outputs == {"region": "us-west-2"}


def test_transform_that_raises_names_the_resource(deploy: Deploy) -> None:
    """What a transform raises is told with the resource that it was for."""

    def refuse(_args: pulumi.ResourceTransformArgs) -> None:
        raise ValueError("no queues please")

    def program() -> None:
        aws.sqs.Queue("jobs", opts=pulumi.ResourceOptions(transforms=[refuse]))

    with pytest.raises(EngineError, match="Queue 'jobs' failed: a transform raised: no queues please"):
        deploy(program)


def test_documents_of_outputs_arrive_whole(deploy: Deploy) -> None:
    """`Output.json_dumps` and `get_policy_document` make documents of what is known only later."""

    def program() -> None:
        queue = aws.sqs.Queue("jobs")
        document = aws.iam.get_policy_document_output(
            statements=[{"actions": ["sqs:SendMessage"], "resources": [queue.arn]}]  # type: ignore[list-item] # the stubs miss outputs
        )
        own = aws.iam.Policy("own", policy=document.json)
        other = aws.iam.Policy(
            "other",
            policy=pulumi.Output.json_dumps(
                {"Version": "2012-10-17",
                 "Statement": [{"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": queue.arn}]}
            ),
        )  # fmt: skip
        pulumi.export("policies", [own.policy, other.policy])

    own, other = (json.loads(text) for text in deploy(program).outputs["policies"])
    assert own == other


def test_archive_of_archives_is_the_functions_code(deploy: Deploy, tmp_path: Path) -> None:
    """Code from an AssetArchive of FileArchives runs, each under its key."""
    for name, text in (
        ("app/app.py", "from lib.words import words\ndef handler(event, context): return words"),
        ("lib/words.py", "words = 'from lib'"),
    ):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(text)

    def program() -> None:
        role = aws.iam.Role("worker", assume_role_policy=ASSUME)
        code = pulumi.AssetArchive({
            ".": pulumi.FileArchive(str(tmp_path / "app")),
            "lib": pulumi.FileArchive(str(tmp_path / "lib")),
        })  # fmt: skip
        function = aws.lambda_.Function(
            "work", role=role.arn, runtime="python3.13", handler="app.handler", code=code
        )
        pulumi.export("name", function.name)

    done = deploy(program)
    answer = done.client("lambda").invoke(FunctionName=done.outputs["name"], Payload="{}")
    assert json.loads(answer["Payload"].read()) == "from lib"
