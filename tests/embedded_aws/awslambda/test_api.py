from __future__ import annotations

import base64
import io
import json
import sys
import zipfile
from typing import Any

import pytest
from botocore.exceptions import ClientError

from embedded_aws.awslambda.runtime.provision import find_adot
from tests.embedded_aws.awslambda.harness import RUNTIME, Stack, zipped
from tests.embedded_aws.raw import exchange, request, signed

CUSTOM = "def handler(event, context): return context.client_context.custom"
ADOT = "arn:aws:lambda:us-east-1:615299751070:layer:AWSOpenTelemetryDistroPython:29"


def refusal(call: Any, **request: Any) -> tuple[str, str, int]:
    with pytest.raises(ClientError) as caught:
        call(**request)
    error = caught.value.response
    return error["Error"]["Code"], error["Error"]["Message"], error["ResponseMetadata"]["HTTPStatusCode"]


def test_boto3_invokes_a_function(stack: Stack) -> None:
    """boto3's invoke runs the function and shows status, version, payload and log."""
    name = stack.deploy("def handler(event, context): print('hello'); return event")
    reply = stack.client("lambda").invoke(FunctionName=name, Payload=b'{"a": 1}', LogType="Tail")
    assert (reply["StatusCode"], reply["ExecutedVersion"]) == (200, "$LATEST")
    assert json.loads(reply["Payload"].read()) == {"a": 1}
    assert "hello" in base64.b64decode(reply["LogResult"]).decode()


def test_a_function_error_is_named_in_its_header(stack: Stack) -> None:
    """boto3 sees a handler's exception as FunctionError with status 200."""
    name = stack.deploy("def handler(event, context): raise KeyError('x')")
    reply = stack.client("lambda").invoke(FunctionName=name)
    assert (reply["StatusCode"], reply["FunctionError"]) == (200, "Unhandled")


def test_the_client_context_reaches_the_handler(stack: Stack) -> None:
    """The base64 client context of a call is the context's custom data."""
    context = base64.b64encode(json.dumps({"custom": {"k": "v"}}).encode()).decode()
    reply = stack.client("lambda").invoke(FunctionName=stack.deploy(CUSTOM), ClientContext=context)
    assert json.loads(reply["Payload"].read()) == {"k": "v"}


@pytest.mark.parametrize(
    "text", ['{"custom": {"k": "é😀"}}', '{\n"custom":\r\n{"k": "v\\n"}}', '{"custom": {"k": "\\ud800"}}']
)
def test_any_client_context_reaches_the_handler(stack: Stack, text: str) -> None:
    """Characters outside ASCII and line breaks come as they were sent; half a character becomes `?`."""
    context = base64.b64encode(text.encode()).decode()
    reply = stack.client("lambda").invoke(FunctionName=stack.deploy(CUSTOM), ClientContext=context)
    wanted = json.loads(text.replace("\\ud800", "?"))["custom"]
    assert json.loads(reply["Payload"].read()) == wanted


@pytest.mark.parametrize("context", ["!", "/w==", "W10=", base64.b64encode(b"[" * 2000).decode(), "A" * 3584])
def test_a_client_context_that_is_none_is_refused(stack: Stack, context: str) -> None:
    """What is not a JSON object in Base64, or too long, does not reach the runtime."""
    code, message, status = refusal(
        stack.client("lambda").invoke, FunctionName=stack.deploy(CUSTOM), ClientContext=context
    )
    assert (code, status) == ("InvalidRequestContentException", 400)
    assert message.startswith("Client context must")


@pytest.mark.parametrize(
    "header", [b"\xe9", b"Root=1-5759e988-bd862e3fe1be46a994272793;a=\xe9\x01", b"a=" + b"x" * 200_000]
)
def test_no_trace_header_ends_a_worker(stack: Stack, header: bytes) -> None:
    """A header that cannot be handed on is none: the function runs, and again in the same environment."""
    name = stack.deploy("import os\ndef handler(event, context): return os.getpid()")
    call = request(
        f"POST /2015-03-31/functions/{name}/invocations",
        {**signed("lambda"), "X-Amzn-Trace-Id": header},
        b"{}",
    )
    first, second = exchange(stack.url, call), exchange(stack.url, call)
    assert (first.status, second.status) == (200, 200)
    assert first.json() == second.json()


UNREADABLE = [
    b"[" * 100_000,
    b'{"a":NaN}',
    b"\xff",
    b"9" * 5000,
    b'{"FunctionName": 5, "Timeout": "x"}',
    b"[]",
]


@pytest.mark.parametrize("body", UNREADABLE)
@pytest.mark.parametrize(
    "line",
    [
        "POST /2015-03-31/functions",
        "PUT /2015-03-31/functions/nope/configuration",
        "PUT /2015-03-31/functions/nope/code",
        "POST /2018-10-31/layers/nope/versions",
        "POST /2015-03-31/event-source-mappings",
    ],
)
def test_a_body_that_cannot_be_read_is_refused(stack: Stack, line: str, body: bytes) -> None:
    """Whatever is sent to whichever operation, the answer is an error of Lambda."""
    answer = exchange(stack.url, request(line, signed("lambda"), body))
    assert 400 <= answer.status < 500
    assert answer.json().get("Message") or answer.json()["message"]


@pytest.mark.parametrize(
    "line",
    [
        "POST /2015-03-31/functions",
        "PUT /2015-03-31/functions/nope/configuration",
        "POST /2015-03-31/event-source-mappings",
        "PUT /2015-03-31/event-source-mappings/nope",
    ],
)
@pytest.mark.parametrize("body", [b"{", b"[]", b'{"FunctionName": "nope",}'])
def test_invalid_json_is_named(stack: Stack, line: str, body: bytes) -> None:
    """As what it is, before anything is looked for."""
    answer = exchange(stack.url, request(line, signed("lambda"), body))
    assert answer.status == 400
    assert "Could not parse request body into json: " in str(answer.json())


@pytest.mark.parametrize("payload", UNREADABLE[:4])
@pytest.mark.parametrize("kind", ["RequestResponse", "Event"])
def test_an_event_that_cannot_be_read_is_refused(stack: Stack, kind: str, payload: bytes) -> None:
    """It does not reach the function."""
    name = stack.deploy("def handler(event, context): return event")
    code, message, status = refusal(
        stack.client("lambda").invoke, FunctionName=name, InvocationType=kind, Payload=payload
    )
    assert (code, status) == ("InvalidRequestContentException", 400)
    assert message.startswith("Could not parse request body into json: ")


def test_a_reply_that_is_not_json_reaches_its_destination(stack: Stack) -> None:
    """A handler may return any bytes; the record has them as text."""
    url = stack.client("sqs").create_queue(QueueName=f"{stack.work_dir.name}-bytes")["QueueUrl"]
    arn = f"arn:aws:sqs:us-east-1:123456789012:{stack.work_dir.name}-bytes"
    name = stack.deploy("def handler(event, context): return b'[' * 100_000")
    lambda_ = stack.client("lambda")
    lambda_.put_function_event_invoke_config(
        FunctionName=name, DestinationConfig={"OnSuccess": {"Destination": arn}}
    )
    lambda_.invoke(FunctionName=name, InvocationType="Event")
    [message] = stack.client("sqs").receive_message(QueueUrl=url, WaitTimeSeconds=20)["Messages"]
    assert json.loads(message["Body"])["responsePayload"] == "[" * 100_000


def test_a_layer_that_is_no_zip_is_refused(stack: Stack) -> None:
    """The error is AWS's, with the reason."""
    code, message, status = refusal(
        stack.client("lambda").publish_layer_version, LayerName="no-zip", Content={"ZipFile": b"not a zip"}
    )
    assert (code, status) == ("InvalidParameterValueException", 400)
    assert message.startswith("Could not unzip uploaded file.")


def test_updated_code_that_is_no_zip_is_refused(stack: Stack) -> None:
    """The function keeps the code that it has."""
    name = stack.deploy("def handler(event, context): return 1")
    code, _, status = refusal(
        stack.client("lambda").update_function_code, FunctionName=name, ZipFile=b"not a zip"
    )
    assert (code, status) == ("InvalidParameterValueException", 400)
    assert stack.invoke(name).payload == b"1"


def test_a_variable_with_a_null_character_is_refused(stack: Stack) -> None:
    """No process can have one."""
    name = stack.deploy("def handler(event, context): return 1")
    code, _, status = refusal(
        stack.client("lambda").update_function_configuration,
        FunctionName=name,
        Environment={"Variables": {"AB": "a\0b"}},
    )
    assert (code, status) == ("InvalidParameterValueException", 400)


def test_an_event_invocation_answers_at_once(stack: Stack) -> None:
    """An asynchronous invocation answers 202 without payload, and runs."""
    name = stack.deploy("def handler(event, context): pass")
    reply = stack.client("lambda").invoke(FunctionName=name, InvocationType="Event", Payload=b"{}")
    assert (reply["StatusCode"], reply["Payload"].read()) == (202, b"")
    stack.sink.wait(name, lambda found: any(d["origin"] == "AWS::Lambda::Function" for d in found))


def test_arn_and_partial_arn_name_the_function(stack: Stack) -> None:
    """A function can be invoked by its ARN, a partial ARN, and a qualified name."""
    name = stack.deploy("def handler(event, context): return context.invoked_function_arn")
    arn = f"arn:aws:lambda:us-east-1:123456789012:function:{name}"
    client = stack.client("lambda")
    for reference, invoked in (
        (arn, arn),
        (f"123456789012:function:{name}", arn),
        (f"{name}:$LATEST", f"{arn}:$LATEST"),
    ):
        assert json.loads(client.invoke(FunctionName=reference)["Payload"].read()) == invoked


def test_an_alias_runs_its_version(stack: Stack) -> None:
    """A published version keeps its code, and an alias leads to it."""
    name = stack.deploy("def handler(event, context): return context.function_version")
    client = stack.client("lambda")
    client.publish_version(FunctionName=name)
    client.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    reply = client.invoke(FunctionName=name, Qualifier="live")
    assert (reply["ExecutedVersion"], json.loads(reply["Payload"].read())) == ("1", "1")


def test_throttling_is_boto3s_exception(stack: Stack) -> None:
    """Reserved concurrency of zero raises TooManyRequestsException in boto3."""
    name = stack.deploy("def handler(event, context): pass")
    client = stack.client("lambda")
    client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    with pytest.raises(client.exceptions.TooManyRequestsException) as caught:
        client.invoke(FunctionName=name)
    assert caught.value.response["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"


def test_account_settings_count_the_functions(stack: Stack) -> None:
    """Quotas are AWS's default ones; what functions reserve is not left for the others."""
    client = stack.client("lambda")
    before = client.get_account_settings()
    name = stack.deploy("def handler(event, context): pass")
    client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=100)
    after = client.get_account_settings()
    size = client.get_function(FunctionName=name)["Configuration"]["CodeSize"]
    assert after["AccountUsage"]["FunctionCount"] == before["AccountUsage"]["FunctionCount"] + 1
    assert after["AccountUsage"]["TotalCodeSize"] == before["AccountUsage"]["TotalCodeSize"] + size
    free, ever = "UnreservedConcurrentExecutions", "ConcurrentExecutions"
    assert before["AccountLimit"][free] - after["AccountLimit"][free] == 100
    assert after["AccountLimit"][ever] == 1000


def test_tracing_mode_can_be_changed(stack: Stack) -> None:
    """An update of TracingConfig, which moto ignores, takes effect and is shown."""
    name = stack.deploy("def handler(event, context): pass", active=False)
    client = stack.client("lambda")
    client.update_function_configuration(FunctionName=name, TracingConfig={"Mode": "Active"})
    assert client.get_function_configuration(FunctionName=name)["TracingConfig"] == {"Mode": "Active"}
    client.invoke(FunctionName=name)
    assert stack.sink.wait(name, bool)


def test_settings_that_moto_drops_are_shown(stack: Stack) -> None:
    """LoggingConfig, DeadLetterConfig and SnapStart come back in replies as they were set."""
    settings: dict[str, Any] = {
        "LoggingConfig": {"LogFormat": "JSON"},
        "DeadLetterConfig": {"TargetArn": "arn:aws:sqs:us-east-1:123456789012:dlq"},
        "SnapStart": {"ApplyOn": "PublishedVersions"},
    }
    name = stack.deploy("def handler(event, context): pass", **settings)
    shown = stack.client("lambda").get_function(FunctionName=name)["Configuration"]
    levels = {"ApplicationLogLevel": "INFO", "SystemLogLevel": "INFO"}
    assert shown["LoggingConfig"] == {"LogGroup": f"/aws/lambda/{name}", "LogFormat": "JSON", **levels}
    assert shown["DeadLetterConfig"] == settings["DeadLetterConfig"]
    assert shown["SnapStart"]["ApplyOn"] == "PublishedVersions"


def test_the_managed_adot_layer_is_accepted_and_shown(stack: Stack) -> None:
    """The ADOT layer's ARN of another account is kept in its place between own layers."""
    client = stack.client("lambda")
    own = client.publish_layer_version(LayerName="own", Content={"ZipFile": zipped({"python/x.py": ""})})
    name = stack.deploy("def handler(event, context): pass", Layers=[ADOT, own["LayerVersionArn"]])
    layers = client.get_function_configuration(FunctionName=name)["Layers"]
    assert [layer["Arn"] for layer in layers] == [ADOT, own["LayerVersionArn"]]
    assert stack.service.catalog.function(name).layers[0].directory == find_adot()


def test_an_unknown_foreign_layer_is_refused(stack: Stack) -> None:
    """A layer of another account that cannot be had here is refused, naming it."""
    arn = "arn:aws:lambda:us-east-1:999999999999:layer:Secret:1"
    with pytest.raises(ClientError, match=f"layer {arn}: not known here"):
        stack.deploy("def handler(event, context): pass", Layers=[arn])


def test_a_layers_modules_can_be_imported(stack: Stack) -> None:
    """What a layer holds under python/ and python/lib/…/site-packages can be imported; a later layer wins."""
    client = stack.client("lambda")
    site = f"python/lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages"
    arns = [
        client.publish_layer_version(LayerName=layer, Content={"ZipFile": zipped(files)})["LayerVersionArn"]
        for layer, files in (
            ("first", {"python/one.py": "x = 1", f"{site}/two.py": "x = 2"}),
            ("second", {"python/one.py": "x = 10"}),
        )
    ]
    name = stack.deploy("import one, two\ndef handler(event, context): return [one.x, two.x]", Layers=arns)
    assert json.loads(stack.invoke(name).payload) == [10, 2]


def test_the_functions_own_modules_win_over_a_layers(stack: Stack) -> None:
    """A module in the zip hides the layer's of the same name."""
    content = {"ZipFile": zipped({"python/both.py": "x = 'layer'"})}
    arn = stack.client("lambda").publish_layer_version(LayerName="hidden", Content=content)["LayerVersionArn"]
    files = {"app.py": "import both\ndef handler(event, context): return both.x", "both.py": "x = 'task'"}
    assert json.loads(stack.invoke(stack.deploy(files, Layers=[arn])).payload) == "task"


def test_a_zip_without_the_handlers_file_is_refused(stack: Stack) -> None:
    """A function whose zip lacks the handler's module is refused, saying what is missing, and not kept."""
    with pytest.raises(ClientError, match=r"needs app.py .*the zip holds other.py"):
        stack.deploy({"other.py": ""}, FunctionName="without-handler")
    code, _, status = refusal(stack.client("lambda").get_function, FunctionName="without-handler")
    assert (code, status) == ("ResourceNotFoundException", 404)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"timeout": 901}, "Timeout 901: must be from 1 to 900"),
        ({"Handler": "app"}, "is not <module>.<function>"),
        (
            {"Environment": {"Variables": {"AWS_REGION": "x"}}},
            "Reserved keys used in this request: AWS_REGION",
        ),
        (
            {"Environment": {"Variables": {"ONE": "x" * 2048, "TWO": "ä" * 1024}}},
            "exceeded the 4KB limit. Measured as JSON: 4115 bytes",
        ),
    ],
)
def test_wrong_settings_are_refused(stack: Stack, settings: dict[str, Any], message: str) -> None:
    """A setting that Lambda does not take is refused, naming it and what is allowed."""
    with pytest.raises(ClientError, match=message):
        stack.deploy("def handler(event, context): pass", **settings)


def test_a_function_of_another_runtime_says_why_it_does_not_run(stack: Stack) -> None:
    """A function that is not Python exists, with any handler, and its invocations say why they fail."""
    name = stack.deploy({"index.js": ""}, Runtime="nodejs22.x", Handler="index.handler")
    client = stack.client("lambda")
    assert client.get_function(FunctionName=name)["Configuration"]["Runtime"] == "nodejs22.x"
    code, message, status = refusal(client.invoke, FunctionName=name)
    assert (code, status) == ("NotImplemented", 501)
    assert message == (
        f"function {name} has the runtime nodejs22.x: the embedded AWS runs Python functions from zips only"
    )


def test_code_that_is_not_a_zip_is_refused(stack: Stack) -> None:
    """Code that is no zip file is refused, naming the function."""
    request = {
        "FunctionName": "no-zip",
        "Runtime": RUNTIME,
        "Handler": "app.handler",
        "Role": f"arn:aws:iam::123456789012:role/{stack.work_dir.name}",
        "Code": {"ZipFile": b"not a zip"},
    }
    code, message, status = refusal(stack.client("lambda").create_function, **request)
    assert (code, status) == ("InvalidParameterValueException", 400)
    assert "function no-zip: the code is not a zip file" in message


def test_updated_code_runs(stack: Stack) -> None:
    """After UpdateFunctionCode the next invocation runs the new code."""
    name = stack.deploy("def handler(event, context): return 1")
    stack.invoke(name)
    code = zipped({"app.py": "def handler(event, context): return 2"})
    stack.client("lambda").update_function_code(FunctionName=name, ZipFile=code)
    assert json.loads(stack.invoke(name).payload) == 2


def test_a_wrapper_script_of_a_layer_starts_the_worker(stack: Stack) -> None:
    """AWS_LAMBDA_EXEC_WRAPPER=/opt/… runs the layer's script, which may change the environment."""
    script = '#!/bin/sh\nexport WRAPPED="$#"\nexec "$@"\n'
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        info = zipfile.ZipInfo("wrap")
        info.external_attr = 0o755 << 16
        archive.writestr(info, script)
    client = stack.client("lambda")
    arn = client.publish_layer_version(LayerName="wrap", Content={"ZipFile": buffer.getvalue()})[
        "LayerVersionArn"
    ]
    name = stack.deploy(
        "import os\ndef handler(event, context): return os.environ['WRAPPED']",
        Layers=[arn],
        Environment={"Variables": {"AWS_LAMBDA_EXEC_WRAPPER": "/opt/wrap"}},
    )
    assert json.loads(stack.invoke(name).payload) == "2"


def test_a_missing_wrapper_script_is_reported(stack: Stack) -> None:
    """A wrapper that no layer holds fails the invocation, naming the file."""
    name = stack.deploy(
        "def handler(event, context): pass",
        Environment={"Variables": {"AWS_LAMBDA_EXEC_WRAPPER": "/opt/none"}},
    )
    assert "/opt/none" in json.loads(stack.invoke(name).payload)["errorMessage"]


def test_async_settings_can_be_changed(stack: Stack) -> None:
    """A second event invoke config replaces the first; an update keeps what it does not name."""
    name = stack.deploy("def handler(event, context): pass")
    client = stack.client("lambda")
    client.put_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=1)
    client.put_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=0)
    client.update_function_event_invoke_config(FunctionName=name, MaximumEventAgeInSeconds=60)
    shown = client.get_function_event_invoke_config(FunctionName=name)
    assert (shown["MaximumRetryAttempts"], shown["MaximumEventAgeInSeconds"]) == (0, 60)


def test_an_unknown_function_is_not_found(stack: Stack) -> None:
    """boto3 raises ResourceNotFoundException for a function that is not there."""
    client = stack.client("lambda")
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.invoke(FunctionName="nowhere")


def test_a_payload_that_is_not_json_is_refused(stack: Stack) -> None:
    """boto3 raises InvalidRequestContentException for a payload that is not JSON."""
    name = stack.deploy("def handler(event, context): pass")
    code, message, status = refusal(stack.client("lambda").invoke, FunctionName=name, Payload=b"{")
    assert (code, status) == ("InvalidRequestContentException", 400)
    assert message.startswith("Could not parse request body into json")
