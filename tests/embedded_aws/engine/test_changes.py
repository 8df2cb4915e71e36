"""A program that is run again changes what differs, and leaves the rest as it stands."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_aws as aws
import pytest

from embedded_aws.engine.errors import EngineError
from embedded_aws.engine.resources import RESOURCES, UPDATES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.embedded_aws.engine.conftest import Again
    from tests.embedded_aws.engine.harness import Deployed

TRUST = json.dumps({"Version": "2012-10-17", "Statement": []})
MAY_SEND = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}]}
)


def shop(code: Path, *, seconds: int = 30, timeout: int = 3, index: bool = False) -> Callable[[], None]:
    """A queue, a table, and a function with an API of plain resources in front of it."""

    def program() -> None:
        queue = aws.sqs.Queue("jobs", visibility_timeout_seconds=seconds)
        names = ["id", "sku"] if index else ["id"]
        aws.dynamodb.Table(
            "items",
            hash_key="id",
            billing_mode="PAY_PER_REQUEST",
            attributes=[{"name": name, "type": "S"} for name in names],
            global_secondary_indexes=[{"name": "by-sku", "hash_key": "sku", "projection_type": "ALL"}]
            if index
            else None,
        )
        role = aws.iam.Role("role", assume_role_policy=TRUST)
        aws.iam.RolePolicy("policy", role=role.name, policy=MAY_SEND)
        function = aws.lambda_.Function(
            "front",
            code=pulumi.FileArchive(str(code)),
            handler="front.handler",
            runtime="python3.11",
            role=role.arn,
            timeout=timeout,
            environment={"variables": {"QUEUE_URL": queue.url}},
        )
        api = aws.apigatewayv2.Api("api", protocol_type="HTTP", target=function.arn)
        pulumi.export("api", api.id)
        pulumi.export("queue", queue.url)
        pulumi.export("function", function.name)

    return program


@pytest.fixture
def code(tmp_path: Path) -> Path:
    folder = tmp_path / "code"
    folder.mkdir()
    (folder / "front.py").write_text("def handler(event, context):\n    return 1\n")
    return folder


def answer(deployed: Deployed) -> Any:
    """Invoke the program's function."""
    reply = deployed.client("lambda").invoke(FunctionName=deployed.outputs["function"])
    return json.loads(reply["Payload"].read())


def shapes(deployed: Deployed) -> Any:
    found = {one.urn: one.shape() for one in deployed.standing}
    return json.loads(json.dumps(found))


def test_nothing_is_changed_when_nothing_differs(again: Again, code: Path) -> None:
    before = again(shop(code))
    after = again(shop(code), before)
    assert after.changes == []
    assert (after.outputs, after.counts, after.warnings) == (before.outputs, before.counts, before.warnings)
    assert shapes(after) == shapes(before)


def test_a_saved_handler_is_in_the_next_invocation(again: Again, code: Path) -> None:
    before = again(shop(code))
    assert answer(before) == 1
    (code / "front.py").write_text("def handler(event, context):\n    return 2\n")
    after = again(shop(code), before)
    assert after.changes == [("updated", "front")]
    assert answer(after) == 2


def test_a_changed_queue_keeps_its_messages(again: Again, code: Path) -> None:
    before = again(shop(code))
    sqs, url = before.client("sqs"), before.outputs["queue"]
    sqs.send_message(QueueUrl=url, MessageBody="kept")
    after = again(shop(code, seconds=60), before)
    assert after.changes == [("updated", "jobs")]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert (attributes["VisibilityTimeout"], attributes["ApproximateNumberOfMessages"]) == ("60", "1")


def test_a_table_gets_an_index_and_keeps_its_items(again: Again, code: Path) -> None:
    before = again(shop(code))
    name = next(one.id for one in before.standing if one.name == "items")
    dynamodb = before.client("dynamodb")
    dynamodb.put_item(TableName=name, Item={"id": {"S": "1"}, "sku": {"S": "a"}})
    after = again(shop(code, index=True), before)
    assert after.changes == [("updated", "items")]
    found = dynamodb.query(
        TableName=name,
        IndexName="by-sku",
        KeyConditionExpression="sku = :sku",
        ExpressionAttributeValues={":sku": {"S": "a"}},
    )
    assert found["Count"] == 1


def test_what_the_program_no_longer_has_is_deleted_and_what_is_new_is_created(
    again: Again, code: Path
) -> None:
    before = again(shop(code))

    def program() -> None:
        shop(code)()
        aws.sns.Topic("told")

    more = again(program, before)
    assert more.changes == [("created", "told")]
    less = again(lambda: pulumi.export("nothing", 1), more)
    assert {action for action, _ in less.changes} == {"deleted"}
    assert [less.standing, less.warnings] == [[], []]
    assert before.outputs["queue"] not in less.client("sqs").list_queues().get("QueueUrls", [])
    assert not any(
        each["FunctionName"] == before.outputs["function"]
        for each in less.client("lambda").list_functions()["Functions"]
    )


def test_what_stands_on_a_replaced_resource_is_made_anew_or_renewed(again: Again, code: Path) -> None:
    def program(path: str) -> Callable[[], None]:
        def with_role() -> None:
            role = aws.iam.Role("role", assume_role_policy=TRUST, path=path)
            aws.iam.RolePolicy("policy", role=role.name, policy=MAY_SEND)
            aws.lambda_.Function(
                "front",
                code=pulumi.FileArchive(str(code)),
                handler="front.handler",
                runtime="python3.11",
                role=role.arn,
            )

        return with_role

    after = again(program("/b/"), again(program("/a/")))
    assert sorted(after.changes) == [("replaced", "policy"), ("replaced", "role"), ("updated", "front")]
    role = next(one.id for one in after.standing if one.name == "role")
    assert len(after.client("iam").list_role_policies(RoleName=role)["PolicyNames"]) == 1


def test_a_program_that_fails_leaves_everything_as_it_was(again: Again, code: Path) -> None:
    before = again(shop(code))

    def failing() -> None:
        shop(code, seconds=60)()
        aws.get_region()  # which lets Pulumi register what is there so far
        raise ZeroDivisionError("in the program")

    with pytest.raises(ZeroDivisionError):
        again(failing, before)
    attributes = before.client("sqs").get_queue_attributes(
        QueueUrl=before.outputs["queue"], AttributeNames=["VisibilityTimeout"]
    )["Attributes"]
    assert attributes["VisibilityTimeout"] == "30"
    assert again(shop(code, seconds=60), before).changes == [("updated", "jobs")]


def test_nothing_is_left_of_what_could_not_be_created(again: Again) -> None:
    def program(arn: str) -> Callable[[], None]:
        def both() -> None:
            aws.iam.Role("role", assume_role_policy=TRUST, managed_policy_arns=[arn])

        return both

    own = "arn:aws:iam::123456789012:policy/missing"
    with pytest.raises(EngineError, match="could not be created"):
        again(program(own), again(lambda: None))
    assert again(program("arn:aws:iam::aws:policy/AmazonS3FullAccess")).changes == [("created", "role")]


def test_ignored_changes_change_nothing(again: Again) -> None:
    def program(seconds: int) -> Callable[[], None]:
        options = pulumi.ResourceOptions(ignore_changes=["visibilityTimeoutSeconds"])
        return lambda: pulumi.export(
            "url", aws.sqs.Queue("jobs", visibility_timeout_seconds=seconds, opts=options).url
        )

    assert again(program(60), again(program(30))).changes == []


def test_a_stash_keeps_its_first_value(again: Again) -> None:
    def program(value: str) -> Callable[[], None]:
        return lambda: pulumi.export("kept", pulumi.Stash("stash", input=value).output)

    assert again(program("second"), again(program("first"))).outputs["kept"] == "first"


def test_a_layer_is_published_anew_and_its_functions_get_it(again: Again, code: Path, tmp_path: Path) -> None:
    layer = tmp_path / "layer"
    (layer / "python").mkdir(parents=True)
    (layer / "python" / "helper.py").write_text("VALUE = 'old'\n")
    (code / "front.py").write_text("import helper\ndef handler(event, context):\n    return helper.VALUE\n")

    def program() -> None:
        version = aws.lambda_.LayerVersion("helper", layer_name="helper", code=pulumi.FileArchive(str(layer)))
        role = aws.iam.Role("role", assume_role_policy=TRUST)
        function = aws.lambda_.Function(
            "front",
            code=pulumi.FileArchive(str(code)),
            handler="front.handler",
            runtime="python3.11",
            role=role.arn,
            layers=[version.arn],
        )
        pulumi.export("function", function.name)

    before = again(program)
    assert answer(before) == "old"
    (layer / "python" / "helper.py").write_text("VALUE = 'new'\n")
    after = again(program, before)
    assert sorted(after.changes) == [("replaced", "helper"), ("updated", "front")]
    assert answer(after) == "new"
    assert len(after.client("lambda").list_layer_versions(LayerName="helper")["LayerVersions"]) == 1


def test_each_update_names_a_type_that_is_supported() -> None:
    assert UPDATES.keys() <= RESOURCES.keys()
