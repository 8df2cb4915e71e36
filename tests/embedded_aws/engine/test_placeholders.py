"""What is not supported is skipped: it has placeholders of the right types, and the rest runs."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pulumi
import pulumi_aws as aws
import pytest

from embedded_aws.engine.errors import EngineError
from tests.embedded_aws.engine.conftest import Deploy
from tests.embedded_aws.engine.resources.test_lambda import function

REGION_AND_ACCOUNT = "eu-west-1:123456789012"


def test_outputs_have_their_types_and_say_what_they_are(deploy: Deploy) -> None:
    """Id, ARN, URL, host, number, flag, list, mapping and object of a skipped resource are of these types."""

    def program() -> None:
        database = aws.rds.Instance("db", instance_class="db.t3.micro", allocated_storage=5)
        net = aws.ecr.Repository("net", image_tag_mutability="MUTABLE")
        graph = aws.appsync.GraphQLApi("graph", authentication_type="API_KEY")
        certificate = aws.acm.Certificate("site", domain_name="site.example", validation_method="DNS")
        pulumi.export("id", net.id)
        pulumi.export("arn", net.arn)
        pulumi.export("given", net.image_tag_mutability)
        pulumi.export("number", database.port.apply(lambda port: port + 1))
        pulumi.export("flag", database.multi_az.apply(lambda flag: not flag))
        pulumi.export("text", database.status.apply(str.upper))
        pulumi.export("host", database.address)
        pulumi.export("url", graph.uris["GRAPHQL"])
        pulumi.export("tags", net.tags_all.apply(len))
        pulumi.export("record", certificate.domain_validation_options[0].resource_record_name)

    done = deploy(program)
    out = done.outputs
    assert out["id"].startswith("net-")
    assert out["id"].endswith("-placeholder")
    assert out["arn"] == f"arn:aws:ecr:{REGION_AND_ACCOUNT}:repository/{out['id']}"
    assert (out["given"], out["number"], out["flag"], out["tags"]) == ("MUTABLE", 1, True, 0)
    assert out["text"].endswith("-PLACEHOLDER-STATUS")
    assert out["host"].endswith(".rds.placeholder.invalid")
    assert out["url"].startswith("https://graph-")
    assert out["url"].endswith(".appsync.placeholder.invalid")
    assert out["record"].endswith("-placeholder")
    assert len(done.warnings) == 4


def test_what_needs_it_and_works_without_runs(deploy: Deploy) -> None:
    """A function whose environment names a skipped resource is made, and answers."""

    def program() -> None:
        net = aws.ecr.Repository("net")
        made = function(environment={"variables": {"NET": net.arn}})
        pulumi.export("name", made.name)

    done = deploy(program)
    found = done.client("lambda").get_function_configuration(FunctionName=done.outputs["name"])
    assert found["Environment"]["Variables"]["NET"].endswith("-placeholder")


def test_what_cannot_be_made_without_it_is_skipped_with_the_reason(deploy: Deploy) -> None:
    """A resource that AWS refuses because an input is a placeholder is skipped, and the rest runs."""

    def program() -> None:
        net = aws.ecr.Repository("net")
        aws.lambda_.Permission(
            "net", function=net.id, action="lambda:InvokeFunction", principal="sns.amazonaws.com"
        )
        pulumi.export("queue", aws.sqs.Queue("jobs").name)

    done = deploy(program)
    assert done.outputs["queue"].startswith("jobs-")
    assert done.warnings[1].startswith(
        "aws:lambda/permission:Permission 'net': it needs aws:ecr/repository:Repository 'net', which was "
        "skipped (AddPermission answered ResourceNotFoundException"
    )
    assert done.counts == {"run": 1, "stored only": 0, "skipped": 2}


def test_what_cannot_be_made_with_a_functions_placeholder_is_skipped(deploy: Deploy) -> None:
    """A looked-up value that is a placeholder is told as the reason, also as a part of another text."""

    def program() -> None:
        topic = aws.sns.get_topic(name="news")
        aws.sns.TopicSubscription("news", topic=f"{topic.arn}-eu", protocol="sqs", endpoint="arn:aws:sqs:::q")

    (_, warning) = deploy(program).warnings
    assert "TopicSubscription 'news': it needs what is not here, for which 'arn:aws:sns:" in warning
    assert "getTopic-placeholder-eu' stands (Subscribe answered NotFound" in warning


def test_outputs_that_nothing_set_are_empty_values(deploy: Deploy) -> None:
    """An output that the SDK promises is never None: an unset one is empty, as the provider has it."""

    def program() -> None:
        bucket = aws.s3.Bucket("files")
        pulumi.export("zone", bucket.hosted_zone_id.apply(len))

    assert deploy(program).outputs == {"zone": 0}


def test_existing_resource_of_an_unsupported_type_keeps_its_id(deploy: Deploy) -> None:
    """`Vpc.get` gives placeholders around the id that it was asked for."""

    def program() -> None:
        vpc = aws.ec2.Vpc.get("main", "vpc-123")
        pulumi.export("id", vpc.id)
        pulumi.export("cidr", vpc.cidr_block.apply(type).apply(lambda kind: kind.__name__))

    done = deploy(program)
    assert done.outputs == {"id": "vpc-123", "cidr": "str"}
    assert done.warnings == ["aws:ec2/vpc:Vpc 'main': 'vpc-123' is not here; it was skipped"]


def test_unsupported_function_answers_with_placeholders(deploy: Deploy) -> None:
    """Its arguments are echoed, what it would look up says what it is, and one warning names it."""

    def program() -> None:
        key = aws.kms.get_key(key_id="alias/net")
        pulumi.export("asked", key.key_id)
        pulumi.export("arn", key.arn)
        pulumi.export("subnets", aws.ec2.get_subnets_output().ids.apply(lambda ids: len(set(ids))))

    done = deploy(program)
    assert done.outputs == {
        "asked": "alias/net",
        "arn": f"arn:aws:kms:{REGION_AND_ACCOUNT}:getkey/getKey-placeholder",
        "subnets": 3,
    }
    assert done.warnings == [
        f"function {token}: it is not supported here; it answers with placeholders"
        for token in ("aws:kms/getKey:getKey", "aws:ec2/getSubnets:getSubnets")
    ]


def test_type_of_an_unknown_provider_is_skipped(deploy: Deploy) -> None:
    """A resource whose class nobody knows has an id, and its inputs as outputs."""

    def program() -> None:
        thing = pulumi.CustomResource("acme:index:Thing", "one", {"size": 3, "colour": None})
        pulumi.export("id", thing.id)

    done = deploy(program)
    assert done.outputs["id"].endswith("-placeholder")
    assert done.warnings == ["acme:index:Thing 'one': this type is not supported here; it was skipped"]


def test_component_of_a_package_has_placeholders(deploy: Deploy) -> None:
    """A component that a package's own program would make is skipped; its resources are placeholders too."""

    class Network(pulumi.ComponentResource):
        pulumi_type = "acme:index:Network"

        def __init__(self, name: str) -> None:
            super().__init__(self.pulumi_type, name, {"vpc": None, "kinds": None}, remote=True)

        @property
        @pulumi.getter
        def vpc(self) -> pulumi.Output[aws.ec2.Vpc]:
            found: pulumi.Output[aws.ec2.Vpc] = pulumi.get(self, "vpc")
            return found

        @property
        @pulumi.getter
        def kinds(self) -> pulumi.Output[Sequence[aws.lambda_.Runtime]]:
            found: pulumi.Output[Sequence[aws.lambda_.Runtime]] = pulumi.get(self, "kinds")
            return found

    def program() -> None:
        network = Network("net")
        pulumi.export("cidr", network.vpc.cidr_block)
        pulumi.export("kind", network.kinds[0])

    done = deploy(program)
    assert done.outputs["cidr"].endswith("-placeholder-cidrBlock")
    assert done.outputs["kind"] in set(aws.lambda_.Runtime)
    assert done.warnings == ["acme:index:Network 'net': component packages cannot run here; it was skipped"]


def test_stack_reference_reads_what_configuration_gives(deploy: Deploy) -> None:
    """Outputs of another stack come from `REFERENCE:OUTPUT` in the configuration; lists as JSON."""

    def program() -> None:
        network = pulumi.StackReference("acme/network/dev")
        pulumi.export("vpc", network.require_output("vpcId"))
        pulumi.export("zones", network.get_output("zones").apply(len))

    done = deploy(
        program,
        **{"acme/network/dev:vpcId": "123456789012", "acme/network/dev:zones": json.dumps(["a", "b"])},
    )
    assert done.outputs == {"vpc": "123456789012", "zones": 2}


def test_stack_reference_that_is_not_at_hand_says_how_to_give_it(deploy: Deploy) -> None:
    """A stack that is not known is one message with what to type."""
    with pytest.raises(
        EngineError,
        match=r"StackReference 'acme/network/dev' failed: no stack 'acme/network/dev' runs here "
        r"\(running: none\); start it with `waterfall up`, or give the outputs that are used, each with "
        "--config acme/network/dev:OUTPUT=VALUE",
    ):
        deploy(lambda: pulumi.StackReference("acme/network/dev"))
