"""A resource provider named `aws` for Pulumi's real engine, as small as a test needs it.

Check, Diff and what the engine asks besides are as the AWS provider's: it makes names, keeps them, and tells
which inputs cannot be changed in place. What is created, changed, read and deleted is a cloud's business:
`accepting.Accepting` is one that accepts everything, `embedded.Embedded` makes the calls on an embedded AWS.
https://github.com/pulumi/pulumi/blob/master/proto/pulumi/provider.proto
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Protocol

import grpc
from google.protobuf.empty_pb2 import Empty
from google.protobuf.json_format import MessageToDict
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

JOURNAL = "PULUMI_CLI_TEST_JOURNAL"
"""Names the file to which each call that changes something is added, as a line of JSON."""

State = dict[str, Any]

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""What a preview sends for what is known after the deployment only."""

_WITHOUT_LIMITS = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]

NAMES: Mapping[str, str] = {
    "aws:apigateway/restApi:RestApi": "name",
    "aws:cloudwatch/logGroup:LogGroup": "name",
    "aws:cloudwatch/metricAlarm:MetricAlarm": "name",
    "aws:dynamodb/table:Table": "name",
    "aws:iam/role:Role": "name",
    "aws:iam/rolePolicy:RolePolicy": "name",
    "aws:lambda/function:Function": "name",
    "aws:s3/bucket:Bucket": "bucket",
    "aws:sqs/queue:Queue": "name",
    "aws:xray/samplingRule:SamplingRule": "ruleName",
}
"""The input that is the physical name, which the provider makes where the program gives none."""

REPLACES: Mapping[str, frozenset[str]] = {
    "aws:apigateway/deployment:Deployment": frozenset({"restApi", "triggers"}),
    "aws:apigateway/methodSettings:MethodSettings": frozenset({"restApi", "stageName", "methodPath"}),
    "aws:apigateway/stage:Stage": frozenset({"restApi", "stageName"}),
    "aws:cloudwatch/logGroup:LogGroup": frozenset({"name", "namePrefix", "logGroupClass"}),
    "aws:cloudwatch/metricAlarm:MetricAlarm": frozenset({"name"}),
    "aws:dynamodb/table:Table": frozenset({"name", "hashKey", "rangeKey", "localSecondaryIndexes"}),
    "aws:iam/role:Role": frozenset({"name", "namePrefix", "path"}),
    "aws:iam/rolePolicy:RolePolicy": frozenset({"name", "role"}),
    "aws:lambda/eventSourceMapping:EventSourceMapping": frozenset({"eventSourceArn", "startingPosition"}),
    "aws:lambda/function:Function": frozenset({"name", "packageType"}),
    "aws:lambda/layerVersion:LayerVersion": frozenset({
        "code", "compatibleArchitectures", "compatibleRuntimes", "description", "layerName", "licenseInfo",
    }),
    "aws:lambda/permission:Permission": frozenset({
        "action", "function", "principal", "qualifier", "sourceAccount", "sourceArn", "statementId",
    }),
    "aws:s3/bucket:Bucket": frozenset({"bucket", "bucketPrefix"}),
    "aws:s3/bucketPolicy:BucketPolicy": frozenset({"bucket"}),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": frozenset({"bucket"}),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": frozenset({"bucket"}),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": frozenset({
        "bucket",
    }),
    "aws:sqs/queue:Queue": frozenset({"name", "namePrefix", "fifoQueue"}),
    "aws:sqs/queuePolicy:QueuePolicy": frozenset({"queueUrl"}),
    "aws:xray/samplingRule:SamplingRule": frozenset({"ruleName"}),
}  # fmt: skip
"""Inputs that the AWS provider marks `ForceNew`; types that are not here change in place.

https://github.com/hashicorp/terraform-provider-aws/tree/main/internal/service
"""


class Cloud(Protocol):
    """Where resources are; properties are as on Pulumi's wire, ids and states as the AWS provider's."""

    def create(self, urn: str, properties: Struct) -> tuple[str, State]: ...

    def update(self, urn: str, id_: str, old: Struct, new: Struct) -> State: ...

    def read(self, urn: str, id_: str, inputs: Struct) -> State | None:
        """Return the inputs as they are there now; None when the resource is gone."""

    def find(self, type_: str, id_: str) -> State:
        """Return the properties of a resource that no stack has (`get`)."""

    def delete(self, urn: str, id_: str, properties: Struct) -> None: ...

    def invoke(self, token: str, args: Struct) -> State: ...


class Provider(provider_pb2_grpc.ResourceProviderServicer):
    """Answers the engine; `choose` makes the cloud of the configuration `aws:…`, given without the prefix."""

    def __init__(self, choose: Callable[[Mapping[str, str]], Cloud]) -> None:
        self._choose = choose
        self._cloud: Cloud | None = None
        self._lock = threading.Lock()
        self.cancelled = threading.Event()

    @property
    def cloud(self) -> Cloud:
        assert self._cloud, "the engine configures a provider before it asks"
        return self._cloud

    def Handshake(self, _request: Any, _context: Any) -> Any:  # noqa: N802 - the names of the gRPC methods
        return provider_pb2.ProviderHandshakeResponse(supports_autonaming_configuration=True)

    def GetPluginInfo(self, _request: Any, _context: Any) -> Any:  # noqa: N802
        return plugin_pb2.PluginInfo(version="7.51.1")

    def CheckConfig(self, request: Any, _context: Any) -> Any:  # noqa: N802
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, _request: Any, _context: Any) -> Any:  # noqa: N802
        return provider_pb2.DiffResponse(changes=provider_pb2.DiffResponse.DIFF_NONE)

    def Configure(self, request: Any, _context: Any) -> Any:  # noqa: N802
        given = MessageToDict(request.args)
        self._cloud = self._choose(given)
        return provider_pb2.ConfigureResponse(
            acceptSecrets=False, supportsPreview=True, supports_autonaming_configuration=True
        )

    def Check(self, request: Any, _context: Any) -> Any:  # noqa: N802
        inputs, type_ = request.news, type_of(request.urn)
        key = NAMES.get(type_)
        if key and key not in inputs:
            inputs[key] = _name(request, key)
        return provider_pb2.CheckResponse(inputs=inputs)

    def Diff(self, request: Any, _context: Any) -> Any:  # noqa: N802
        old, new = _comparable(request.old_inputs), _comparable(request.news)
        changed = sorted(key for key in {*old, *new} if old.get(key) != new.get(key))
        changed = [key for key in changed if key not in request.ignoreChanges]
        replaces = [key for key in changed if key in REPLACES.get(type_of(request.urn), ())]
        kinds = provider_pb2.DiffResponse
        return kinds(
            changes=kinds.DIFF_SOME if changed else kinds.DIFF_NONE, diffs=changed, replaces=replaces
        )

    def Create(self, request: Any, _context: Any) -> Any:  # noqa: N802
        if request.preview:
            return provider_pb2.CreateResponse(properties=request.properties)
        id_, state = self.cloud.create(request.urn, request.properties)
        self._note("create", request.urn, id_, request.properties)
        return provider_pb2.CreateResponse(id=id_, properties=struct(state))

    def Read(self, request: Any, _context: Any) -> Any:  # noqa: N802
        if not request.inputs.fields:
            found = self.cloud.find(type_of(request.urn), request.id)
            return provider_pb2.ReadResponse(id=request.id, properties=struct(found))
        inputs = self.cloud.read(request.urn, request.id, request.inputs)
        if inputs is None:
            return provider_pb2.ReadResponse()
        state = {**MessageToDict(request.properties), **inputs}
        return provider_pb2.ReadResponse(id=request.id, properties=struct(state), inputs=struct(inputs))

    def Update(self, request: Any, _context: Any) -> Any:  # noqa: N802
        state = {**MessageToDict(request.olds), **MessageToDict(request.news)}
        if not request.preview:
            state |= self.cloud.update(request.urn, request.id, request.old_inputs, request.news)
            self._note("update", request.urn, request.id, request.news)
        return provider_pb2.UpdateResponse(properties=struct(state))

    def Delete(self, request: Any, _context: Any) -> Any:  # noqa: N802
        self.cloud.delete(request.urn, request.id, request.properties)
        self._note("delete", request.urn, request.id, request.properties)
        return Empty()

    def Invoke(self, request: Any, _context: Any) -> Any:  # noqa: N802
        answer = provider_pb2.InvokeResponse()
        getattr(answer, "return").CopyFrom(struct(self.cloud.invoke(request.tok, request.args)))
        return answer

    def Cancel(self, _request: Any, _context: Any) -> Any:  # noqa: N802
        self.cancelled.set()
        return Empty()

    def _note(self, did: str, urn: str, id_: str, properties: Struct) -> None:
        if path := os.environ.get(JOURNAL):
            line = {"did": did, "type": type_of(urn), "name": urn.rpartition("::")[2], "id": id_}
            with self._lock, Path(path).open("a", encoding="utf-8") as journal:
                journal.write(json.dumps({**line, "properties": MessageToDict(properties)}) + "\n")


def type_of(urn: str) -> str:
    """Return the type token of a URN, without its parents'."""
    return urn.split("::")[2].rpartition("$")[2]


def struct(values: Mapping[str, Any]) -> Struct:
    """Return values as the wire carries them."""
    made = Struct()
    made.update(values)
    return made


def _name(request: Any, key: str) -> str:
    """Keep the name that was made before; a new one is what the engine proposes, or of the engine's seed."""
    if key in request.olds:
        return str(request.olds[key])
    if request.autonaming.proposed_name:
        return str(request.autonaming.proposed_name)
    digest = hashlib.sha256(request.randomSeed).hexdigest()
    return f"{request.urn.rpartition('::')[2]}-{digest[:7]}"


def _comparable(properties: Struct) -> dict[str, Any]:
    """Return properties by which an archive is its content, wherever it lies."""

    def without_path(value: Any) -> Any:
        if isinstance(value, dict):
            unlike = {"path", "text"} if "hash" in value else set()
            return {key: without_path(part) for key, part in value.items() if key not in unlike}
        return [without_path(part) for part in value] if isinstance(value, list) else value

    plain: dict[str, Any] = without_path(MessageToDict(properties))
    return plain


def serve(provider: Provider) -> None:
    """Serve on a free port, which the engine reads from standard output, until it ends this process."""
    server = grpc.server(ThreadPoolExecutor(16), options=_WITHOUT_LIMITS)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(provider, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    server.wait_for_termination()
