"""Lambda: https://docs.aws.amazon.com/lambda/latest/api/API_Operations.html."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NoReturn

from botocore.exceptions import ClientError
from pulumi import asset

from embedded_aws.engine.archives import archive_bytes
from embedded_aws.engine.errors import EngineError, NotEmulatedError
from embedded_aws.engine.registration import Update, invoke_arn

if TYPE_CHECKING:
    from embedded_aws.engine.registration import Created, Registration, State
    from embedded_aws.engine.standing import Before

_NAMES = {"commands": "Command", "entryPoints": "EntryPoint"}
_PYTHON = re.compile(r"python\d\.\d+")
_TRUSTS_NOBODY = '{"Version": "2012-10-17", "Statement": []}'
_NO_SUCH_ROLE = ("cannot be assumed by Lambda", "Cross-account pass role is not allowed")


def function(r: Registration) -> Created:
    """Run the function's Python under Lambda's runtime; other runtimes and images are stored only."""
    runtime = str(r.inputs.get("runtime", ""))
    if runtime.startswith("python") and not _PYTHON.fullmatch(runtime):
        raise EngineError(
            f"its runtime '{runtime}' is none of AWS's; name Python's version, as python3.13 does"
        )
    name = r.physical_name(max_length=64)
    answer = _create_function(
        r,
        FunctionName=name,
        Code=_code(r, "imageUri"),
        PackageType=r.inputs.get("packageType", "Image" if "imageUri" in r.inputs else "Zip"),
        Tags=r.tags or None,
    )
    _reserve_concurrency(r, name)
    _tell_of_runtime(r)
    arn = answer["FunctionArn"].removesuffix(":$LATEST").removesuffix(f":{answer['Version']}")
    qualified = f"{arn}:{answer['Version']}"
    return name, {
        "name": name,
        "arn": arn,
        "qualifiedArn": qualified,
        "invokeArn": invoke_arn(r.region, arn),
        "qualifiedInvokeArn": invoke_arn(r.region, qualified),
        "responseStreamingInvokeArn": invoke_arn(
            r.region, arn, "2021-11-15", "response-streaming-invocations"
        ),
        "version": answer["Version"],
        "lastModified": answer["LastModified"],
        "codeSha256": answer["CodeSha256"],
        "sourceCodeSize": answer["CodeSize"],
        "memorySize": answer.get("MemorySize"),
        "timeout": answer.get("Timeout"),
        "architectures": answer.get("Architectures"),
    }


def _tell_of_runtime(r: Registration) -> None:
    runtime = str(r.inputs.get("runtime", ""))
    if runtime and not runtime.startswith("python3."):
        r.stored_only(f"runtime {runtime} cannot run here, only Python 3's; invoking it answers 501")


_CODE = ("code", "s3Bucket", "s3Key", "s3ObjectVersion", "imageUri", "sourceCodeHash")
_UNSET: Mapping[str, Any] = {
    "Description": "",
    "Environment": {"Variables": {}},
    "Layers": [],
    "MemorySize": 128,
    "Timeout": 3,
    "TracingConfig": {"Mode": "PassThrough"},
}
"""What a function has where a program says nothing."""


def update_function(r: Registration, before: Before) -> State:
    """Give the function its new code and settings; invocations that run end with the old ones."""
    name, client, answer = before.standing.id, r.client("lambda"), {}
    if not before.changed.isdisjoint(_CODE):
        answer = client.update_function_code(
            FunctionName=name, **_code(r, "imageUri"), Publish=bool(r.inputs.get("publish"))
        )
    if before.changed - {*_CODE, "tags", "publish", "reservedConcurrentExecutions"}:
        answer |= _update_configuration(r, before, name)
    if before.has("reservedConcurrentExecutions"):
        client.delete_function_concurrency(FunctionName=name)
        _reserve_concurrency(r, name)
    if before.has("runtime"):
        _tell_of_runtime(r)
    found = {
        "lastModified": answer.get("LastModified"),
        "codeSha256": answer.get("CodeSha256"),
        "sourceCodeSize": answer.get("CodeSize"),
        "memorySize": answer.get("MemorySize"),
        "timeout": answer.get("Timeout"),
    }
    return {key: value for key, value in found.items() if value is not None}


def _update_configuration(r: Registration, before: Before, name: str) -> dict[str, Any]:
    layers, role = [str(arn) for arn in r.inputs.get("layers", [])], str(r.inputs["role"])
    while True:
        unset = {key: value for key, value in _UNSET.items() if f"{key[0].lower()}{key[1:]}" not in r.inputs}
        unset = {key: value for key, value in unset.items() if before.has(f"{key[0].lower()}{key[1:]}")}
        if layers:
            unset["Layers"] = layers
        try:
            return r.call("lambda", "update_function_configuration", FunctionName=name, Role=role, **unset)
        except ClientError as error:
            refusal, reason = error, str(error)
        layers, role = _without_foreign(r, reason, layers, role) or _refused(refusal)


def _refused(error: ClientError) -> NoReturn:
    raise error


def _without_foreign(
    r: Registration, reason: str, layers: list[str], role: str
) -> tuple[list[str], str] | None:
    """Return layers and role without what only another account has; `None` when that is not the reason."""
    missing = next((arn for arn in layers if f"layer {arn}: not known here" in reason), None)
    if missing:
        r.warn(f"layer {missing} is not here; the function runs without it: put that into its code")
        return [arn for arn in layers if arn != missing], role
    if role == r.inputs["role"] and any(text in reason for text in _NO_SUCH_ROLE):
        return layers, _stand_in_role(r, role)
    return None


def _create_function(r: Registration, **given: Any) -> dict[str, Any]:
    """Create it without what only other accounts have: public layers, a role that exists there."""
    layers, role = [str(arn) for arn in r.inputs.get("layers", [])], str(r.inputs["role"])
    while True:
        try:
            return r.call("lambda", "create_function", _NAMES, Layers=layers or None, Role=role, **given)
        except ClientError as error:
            refusal, reason = error, str(error)
        layers, role = _without_foreign(r, reason, layers, role) or _refused(refusal)


def _stand_in_role(r: Registration, arn: str) -> str:
    """Make a role of the same name here, where nothing is refused for lack of permission."""
    client, name = r.client("iam"), arn.rpartition("/")[2]
    r.warn(f"role {arn} is not here; a role without permissions stands for it")
    with contextlib.suppress(client.exceptions.EntityAlreadyExistsException):
        client.create_role(RoleName=name, AssumeRolePolicyDocument=_TRUSTS_NOBODY)
    return str(client.get_role(RoleName=name)["Role"]["Arn"])


def layer_version(r: Registration) -> Created:
    """Unpack the layer under `/opt` of the functions that name it."""
    answer = r.call("lambda", "publish_layer_version", Content=_code(r))
    arn = answer["LayerVersionArn"]
    return arn, {
        "arn": arn,
        "layerArn": answer["LayerArn"],
        "version": str(answer["Version"]),
        "createdDate": answer["CreatedDate"],
        "codeSha256": answer["Content"].get("CodeSha256"),
        "sourceCodeSize": answer["Content"].get("CodeSize"),
    }


def permission(r: Registration) -> Created:
    """Keep the statement; nothing is refused for lack of permission."""
    statement = r.physical_name("statementId", max_length=100)
    r.call("lambda", "add_permission", {"function": "FunctionName"}, StatementId=statement)
    return statement, {"statementId": statement}


def event_source_mapping(r: Registration) -> Created:
    """Invoke the function with a queue's messages or a stream's records; another source is skipped."""
    try:
        answer = r.call(
            "lambda", "create_event_source_mapping", DestinationConfig=_destination(r), Tags=r.tags or None
        )
    except ClientError as error:
        if error.response["Error"].get("Code") != "NotImplemented":
            raise
        raise NotEmulatedError(str(error.response["Error"].get("Message"))) from error
    mapping = answer["UUID"]
    return mapping, {
        "uuid": mapping,
        "arn": r.arn("lambda", f"event-source-mapping:{mapping}"),
        "functionArn": answer["FunctionArn"],
        "state": answer.get("State"),
        "stateTransitionReason": answer.get("StateTransitionReason"),
        "lastProcessingResult": answer.get("LastProcessingResult"),
    }


def update_event_source_mapping(r: Registration, before: Before) -> State:
    """Change how batches are made; where a stream has been read to stays."""
    answer = r.call(
        "lambda",
        "update_event_source_mapping",
        UUID=before.standing.id,
        DestinationConfig=_destination(r),
    )
    return {"functionArn": answer["FunctionArn"], "state": answer.get("State")}


def _destination(r: Registration) -> dict[str, Any] | None:
    """Return where a stream's mapping sends what it gives up, if anything is delivered there."""
    config = r.inputs.get("destinationConfig") or {}
    arn = (config.get("onFailure") or {}).get("destinationArn")
    if arn and arn.split(":")[2:3] not in (["sqs"], ["sns"]):
        r.warn(f"what it gives up goes to queues and topics alone here, not to {arn}")
        return None
    return {"OnFailure": {"Destination": arn}} if arn else None


def event_invoke_config(r: Registration) -> Created:
    """Retry asynchronous invocations and send them on as configured."""
    r.call("lambda", "put_function_event_invoke_config")
    name, qualifier = r.inputs["functionName"], r.inputs.get("qualifier")
    return f"{name}:{qualifier}" if qualifier else name, {}


def alias(r: Registration) -> Created:
    """Let the function be invoked under the alias."""
    name = r.physical_name(max_length=128)
    answer = r.call("lambda", "create_alias", Name=name)
    arn = answer["AliasArn"]
    return arn, {"name": name, "arn": arn, "invokeArn": invoke_arn(r.region, arn)}


def update_alias(r: Registration, before: Before) -> State:
    """Let the alias lead to another version."""
    r.call("lambda", "update_alias", Name=before.standing.state["name"])
    return {}


def function_url(r: Registration) -> Created:
    """Serve the function at an address of its own, in the format of HTTP APIs."""
    answer = r.call(
        "lambda", "create_function_url_config", {"authorizationType": "AuthType", "function": "FunctionName"}
    )
    arn = answer["FunctionArn"]
    id_ = answer["FunctionUrl"].partition("//")[2].partition(".")[0]
    return r.inputs["functionName"], {
        "functionArn": arn,
        "urlId": id_,
        # AWS answers https://<id>.lambda-url.<region>.on.aws/; this one can be reached.
        "functionUrl": f"{r.clients.endpoint}/lambda-url/{id_}/",
        "invokeMode": answer.get("InvokeMode", "BUFFERED"),
    }


def _code(r: Registration, *image: str) -> dict[str, Any]:
    if "code" in r.inputs:
        return {"ZipFile": _archive(r)}
    keys = ("s3Bucket", "s3Key", "s3ObjectVersion", *image)
    code = {f"{key[0].upper()}{key[1:]}": str(r.inputs[key]) for key in keys if r.inputs.get(key)}
    if not code:
        raise EngineError("it has no code; give `code=pulumi.FileArchive(...)` or `s3_bucket` and `s3_key`")
    if "ImageUri" in code:
        r.stored_only("container images cannot run here; invoking it answers 501")
    return code


def _archive(r: Registration) -> bytes:
    """Return the code; where the runtime cannot run here, it need not be built."""
    try:
        return archive_bytes(r.inputs["code"])
    except EngineError as error:
        if str(r.inputs.get("runtime", "python")).startswith("python"):
            raise
        r.warn(f"{error}; it was created without code")
        return archive_bytes(asset.AssetArchive({"missing": asset.StringAsset(str(error))}))


def _reserve_concurrency(r: Registration, name: str) -> None:
    reserved = int(r.inputs.get("reservedConcurrentExecutions", -1))
    if reserved >= 0:  # the provider's -1 means: not reserved
        r.client("lambda").put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=reserved)


RESOURCES = {
    "aws:lambda/function:Function": function,
    "aws:lambda/layerVersion:LayerVersion": layer_version,
    "aws:lambda/permission:Permission": permission,
    "aws:lambda/eventSourceMapping:EventSourceMapping": event_source_mapping,
    "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": event_invoke_config,
    "aws:lambda/alias:Alias": alias,
    "aws:lambda/functionUrl:FunctionUrl": function_url,
}

UPDATES = {
    "aws:lambda/function:Function": Update(
        update_function, frozenset({"name", "namePrefix", "packageType", "architectures"})
    ),
    "aws:lambda/alias:Alias": Update(update_alias, frozenset({"name", "functionName"})),
    "aws:lambda/eventSourceMapping:EventSourceMapping": Update(
        update_event_source_mapping,
        frozenset({"eventSourceArn", "startingPosition", "startingPositionTimestamp"}),
    ),
}
