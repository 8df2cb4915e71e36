from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest

from embedded_aws.engine.errors import EngineError
from tests.embedded_aws.engine.conftest import Deploy
from tests.embedded_aws.engine.resources.test_iam import ASSUME

CODE = pulumi.AssetArchive({"app.py": pulumi.StringAsset("def handler(event, context): return event")})


def function(logical: str = "work", **settings: Any) -> aws.lambda_.Function:
    role = aws.iam.Role(f"{logical}-role", assume_role_policy=ASSUME)
    given: dict[str, Any] = {"code": CODE, "runtime": "python3.13", "handler": "app.handler"} | settings
    made: aws.lambda_.Function = aws.lambda_.Function(logical, role=role.arn, **given)
    return made


def test_function_has_all_its_settings(deploy: Deploy) -> None:
    """Every setting of a function arrives at Lambda in Lambda's own names."""

    def program() -> None:
        dead = aws.sqs.Queue("dead")
        layer = aws.lambda_.LayerVersion(
            "lib", layer_name="settings-lib", code=CODE, compatible_runtimes=["python3.13"]
        )
        made = function(
            memory_size=256,
            timeout=9,
            architectures=["arm64"],
            layers=[layer.arn],
            environment={"variables": {"lowerKey": "kept", "QUEUE": dead.url}},
            tracing_config={"mode": "Active"},
            logging_config={"log_format": "JSON", "log_group": "/aws/lambda/mine"},
            dead_letter_config={"target_arn": dead.arn},
            ephemeral_storage={"size": 1024},
            reserved_concurrent_executions=3,
            tags={"team": "a"},
        )
        pulumi.export("name", made.name)
        pulumi.export("arn", made.arn)
        pulumi.export("hash", made.code_sha256)
        pulumi.export("dead", {"arn": dead.arn, "url": dead.url})
        pulumi.export("layer", layer.arn)

    done = deploy(program)
    found = done.client("lambda").get_function(FunctionName=done.outputs["name"])
    settings = found["Configuration"]
    assert {
        key: settings[key] for key in ("FunctionArn", "CodeSha256", "MemorySize", "Timeout", "Architectures")
    } == {
        "FunctionArn": done.outputs["arn"],
        "CodeSha256": done.outputs["hash"],
        "MemorySize": 256,
        "Timeout": 9,
        "Architectures": ["arm64"],
    }
    assert settings["Environment"]["Variables"] == {"lowerKey": "kept", "QUEUE": done.outputs["dead"]["url"]}
    assert settings["TracingConfig"] == {"Mode": "Active"}
    assert settings["LoggingConfig"] == {
        "LogFormat": "JSON",
        "LogGroup": "/aws/lambda/mine",
        "ApplicationLogLevel": "INFO",
        "SystemLogLevel": "INFO",
    }
    assert settings["DeadLetterConfig"] == {"TargetArn": done.outputs["dead"]["arn"]}
    assert settings["EphemeralStorage"] == {"Size": 1024}
    assert [layer["Arn"] for layer in settings["Layers"]] == [done.outputs["layer"]]
    assert found["Concurrency"] == {"ReservedConcurrentExecutions": 3}
    assert found["Tags"] == {"team": "a"}
    assert done.warnings == []


def test_function_runs_its_code(deploy: Deploy) -> None:
    """The code that arrives is the program's: invoking it answers."""
    version = f"python{'.'.join(map(str, __import__('sys').version_info[:2]))}"
    done = deploy(
        lambda: pulumi.export("name", function(runtime=version, architectures=None, timeout=20).name)
    )
    answer = done.client("lambda").invoke(FunctionName=done.outputs["name"], Payload=b'{"a": 1}')
    assert json.loads(answer["Payload"].read()) == {"a": 1}


def test_outputs_are_those_of_the_provider(deploy: Deploy) -> None:
    """ARNs for integrations and versions are formed as on AWS."""

    def program() -> None:
        made = function(publish=True, name="outputs")
        for key in ("arn", "qualified_arn", "invoke_arn", "version"):
            pulumi.export(key, getattr(made, key))

    arn = "arn:aws:lambda:eu-west-1:123456789012:function:outputs"
    assert deploy(program).outputs == {
        "arn": arn,
        "qualified_arn": f"{arn}:1",
        "invoke_arn": f"arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/{arn}/invocations",
        "version": "1",
    }


def test_code_may_come_from_s3(deploy: Deploy) -> None:
    """`s3_bucket` and `s3_key` name an uploaded zip."""

    def program() -> None:
        bucket = aws.s3.Bucket("code")
        upload = aws.s3.BucketObjectv2("code", bucket=bucket.id, key="app.zip", source=CODE)
        made = function("direct"), function(code=None, s3_bucket=bucket.id, s3_key=upload.key)
        pulumi.export("hashes", [each.code_sha256 for each in made])

    direct, uploaded = deploy(program).outputs["hashes"]
    assert uploaded == direct


def test_permission_mapping_invoke_config_and_alias(deploy: Deploy) -> None:
    """What hangs on a function arrives: policy statement, event source, async settings, alias."""

    def program() -> None:
        queue = aws.sqs.Queue("jobs")
        made = function(publish=True)
        aws.lambda_.Permission(
            "api", action="lambda:InvokeFunction", function=made.name, principal="apigateway.amazonaws.com",
            source_arn="arn:aws:execute-api:eu-west-1:123456789012:abc/*/*",
        )  # fmt: skip
        mapping = aws.lambda_.EventSourceMapping(
            "jobs", event_source_arn=queue.arn, function_name=made.arn, batch_size=5,
            function_response_types=["ReportBatchItemFailures"], scaling_config={"maximum_concurrency": 2},
        )  # fmt: skip
        aws.lambda_.FunctionEventInvokeConfig("async", function_name=made.name, maximum_retry_attempts=1)
        alias = aws.lambda_.Alias("live", name="live", function_name=made.name, function_version=made.version)
        pulumi.export("name", made.name)
        pulumi.export("uuid", mapping.uuid)
        pulumi.export("alias", alias.arn)

    done = deploy(program)
    client, name = done.client("lambda"), done.outputs["name"]
    (statement,) = json.loads(client.get_policy(FunctionName=name)["Policy"])["Statement"]
    assert statement["Action"] == "lambda:InvokeFunction"
    assert statement["Principal"] == {"Service": "apigateway.amazonaws.com"}
    mapping = client.get_event_source_mapping(UUID=done.outputs["uuid"])
    assert (mapping["BatchSize"], mapping["FunctionResponseTypes"]) == (5, ["ReportBatchItemFailures"])
    assert mapping["ScalingConfig"] == {"MaximumConcurrency": 2}
    assert client.get_function_event_invoke_config(FunctionName=name)["MaximumRetryAttempts"] == 1
    assert client.get_alias(FunctionName=name, Name="live")["AliasArn"] == done.outputs["alias"]
    assert done.warnings == []


def test_function_without_code_is_an_error(deploy: Deploy) -> None:
    """The message says which function and what to give."""
    with pytest.raises(
        EngineError, match=r"Function 'work' could not be created: it has no code; give `code="
    ):
        deploy(lambda: function(code=None))


def test_missing_archive_is_named(deploy: Deploy) -> None:
    """A FileArchive whose file is gone fails with the path and the resource."""
    with pytest.raises(
        EngineError, match=r"Function 'work' could not be created: .*/gone\.zip cannot be read"
    ):
        deploy(lambda: function(code=pulumi.FileArchive("gone.zip")))


def test_layer_that_is_not_here_is_left_out(deploy: Deploy) -> None:
    """A public layer of another account cannot be had: the function runs without it, and this is told."""
    theirs = "arn:aws:lambda:eu-west-1:017000801446:layer:AWSLambdaPowertoolsPythonV3-python313-x86_64:7"

    def program() -> None:
        own = aws.lambda_.LayerVersion("lib", layer_name="beside-theirs", code=CODE)
        made = function(layers=[theirs, own.arn])
        pulumi.export("name", made.name)
        pulumi.export("own", own.arn)

    done = deploy(program)
    found = done.client("lambda").get_function_configuration(FunctionName=done.outputs["name"])
    assert [layer["Arn"] for layer in found["Layers"]] == [done.outputs["own"]]
    (warning,) = done.warnings
    assert f"Function 'work': layer {theirs} is not here; the function runs without it" in warning


def test_event_source_that_is_not_emulated_is_skipped(deploy: Deploy) -> None:
    """A mapping of a source that cannot be polled here stops nothing."""

    def program() -> None:
        broker = "arn:aws:mq:eu-west-1:123456789012:broker:b:b-1"
        aws.lambda_.EventSourceMapping(
            "mq", event_source_arn=broker, function_name=function().arn, queues="q"
        )

    done = deploy(program)
    (warning,) = done.warnings
    assert "EventSourceMapping 'mq': EventSourceArn arn:aws:mq:" in warning
    assert done.counts["skipped"] == 1


def test_code_that_cannot_run_here_need_not_be_built(deploy: Deploy, tmp_path: Path) -> None:
    """A function of another runtime exists without its code, and the warning names the folder."""

    def program() -> None:
        code = pulumi.FileArchive(str(tmp_path / "publish"))
        pulumi.export("name", function(runtime="dotnet8", handler="app::app.F::Get", code=code).name)

    done = deploy(program)
    assert done.client("lambda").get_function_configuration(FunctionName=done.outputs["name"])
    assert (
        f"{tmp_path}/publish cannot be read: No such file or directory; build or create it first"
        in "".join(done.warnings)
    )


def test_code_may_lie_in_a_bucket(deploy: Deploy) -> None:
    """Code from an object runs; a bucket without versions gives no version to ask for."""

    def program() -> None:
        code: Any = aws.s3.BucketObjectv2(
            "code", bucket=aws.s3.Bucket("code").id, key="code.zip", source=CODE
        )
        role = aws.iam.Role("worker", assume_role_policy=ASSUME)
        made = aws.lambda_.Function(
            "work", role=role.arn, runtime="python3.13", handler="app.handler",
            s3_bucket=code.bucket, s3_key=code.key, s3_object_version=code.version_id,
        )  # fmt: skip
        pulumi.export("name", made.name)

    done = deploy(program)
    answer = done.client("lambda").invoke(FunctionName=done.outputs["name"], Payload='"echo"')
    assert json.loads(answer["Payload"].read()) == "echo"


@pytest.mark.parametrize("account", ["123456789012", "111122223333"])
def test_role_that_exists_elsewhere_stops_nothing(deploy: Deploy, account: str) -> None:
    """A role that the program names by its ARN, of any account, need not be here."""
    role = f"arn:aws:iam::{account}:role/service-role/of-{account}"

    def program() -> None:
        made = aws.lambda_.Function("work", role=role, runtime="python3.13", handler="app.handler", code=CODE)
        pulumi.export("name", made.name)
        pulumi.export("role", made.role)

    done = deploy(program)
    assert done.client("lambda").get_function_configuration(FunctionName=done.outputs["name"])
    assert done.outputs["role"] == role
    (warning,) = done.warnings
    assert warning.endswith(f"role {role} is not here; a role without permissions stands for it")


@pytest.mark.parametrize("runtime", ["python", "python3", "python-3.12"])
def test_python_without_its_version_is_an_error(deploy: Deploy, runtime: str) -> None:
    """As on AWS, where no runtime is called so; the message says what is."""
    with pytest.raises(EngineError, match=f"its runtime '{runtime}' is none of AWS's; .* as python3.13 does"):
        deploy(lambda: function(runtime=runtime) and None)


def test_settings_of_an_image_arrive(deploy: Deploy) -> None:
    """What an image is started with is kept, although it is not run."""
    image: dict[str, Any] = {"commands": ["app.handler"], "entry_points": ["/lambda-entry"]}

    def program() -> None:
        made = function(
            image_uri="123456789012.dkr.ecr.us-east-1.amazonaws.com/app:1", package_type="Image",
            image_config=image, code=None, runtime=None, handler=None,
        )  # fmt: skip
        pulumi.export("name", made.name)

    done = deploy(program)
    [warning] = done.warnings
    assert "container images cannot run here" in warning
