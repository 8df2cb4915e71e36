"""What a Pulumi program talks to in the place of Pulumi's engine: its resource monitor, in this process.

https://github.com/pulumi/pulumi/blob/master/proto/pulumi/resource.proto
A program serialises a resource that it passes where an id is meant (`role=role`) to the id, because this
monitor does not ask for references: the AWS provider does not either, so Pulumi's engine hands it ids too.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from google.protobuf.empty_pb2 import Empty
from google.protobuf.json_format import MessageToDict
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime import rpc
from pulumi.runtime.proto import provider_pb2, resource_pb2, resource_pb2_grpc

from embedded_aws.engine import places, values
from embedded_aws.engine.deployment import Request
from embedded_aws.engine.transforms import Transforms

if TYPE_CHECKING:
    from collections.abc import Mapping

    from embedded_aws.engine.deployment import Deployment

_STACK = "pulumi:pulumi:Stack"
_STACK_REFERENCE = "pulumi:pulumi:StackReference"
_GET_RESOURCE = "pulumi:pulumi:getResource"
_InvokeResponse = getattr(resource_pb2, "ResourceInvokeResponse", provider_pb2.InvokeResponse)
"""By its newer name, and by the one in older SDKs."""

_FEATURES = {
    "secrets": "SECRETS",
    "aliasSpecs": "ALIAS_SPECS",
    "deletedWith": "DELETED_WITH",
    "transforms": "TRANSFORMS",
    "invokeTransforms": "INVOKE_TRANSFORMS",
    "parameterization": "PARAMETERIZATION",
    "resourceHooks": "RESOURCE_HOOKS",
    "errorHooks": "ERROR_HOOKS",
    "replaceWith": "REPLACE_WITH",
    "replacementTrigger": "REPLACEMENT_TRIGGER",
}
"""By the names that older SDKs ask for, and those that newer ones read."""


class Monitor(resource_pb2_grpc.ResourceMonitorStub):
    """Passes registrations and function calls on to a deployment; `outputs` are the stack's, at the end.

    It is the client of an engine by its class alone, because older SDKs offer transforms to no other one.
    """

    def __init__(self, deployment: Deployment, project: str, stack: str) -> None:
        self.outputs: dict[str, Any] = {}
        self._deployment = deployment
        self._prefix = f"urn:pulumi:{stack}::{project}::"
        self._transforms = Transforms()

    def close(self) -> None:
        self._transforms.close()

    def GetDeploymentInfo(self, _request: Any) -> Any:  # noqa: N802 - the names of the gRPC methods
        known = resource_pb2.ResourceMonitorFeature.DESCRIPTOR.values_by_name
        names = (f"RESOURCE_MONITOR_FEATURE_{name}" for name in _FEATURES.values())
        numbers = [known[name].number for name in names if name in known]
        return resource_pb2.DeploymentInfo(supportedFeatures=numbers)

    def SupportsFeature(self, request: Any) -> Any:  # noqa: N802
        return resource_pb2.SupportsFeatureResponse(hasSupport=request.id in _FEATURES)

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802
        urn = self._urn(request)
        if request.type == _STACK:
            return resource_pb2.RegisterResourceResponse(urn=urn)
        self._deployment.claim(urn)
        asked = self._request(urn, request)
        with self._deployment.failing(asked.label):
            self._transforms.apply(urn, request)
        self._warn_about(request, asked)
        if request.remote:
            asked = self._request(urn, request)
            # Resources below it have the provider that was given for theirs, not the component's own.
            created = "", self._deployment.compose(replace(asked, provider=request.providers.get("aws", "")))
        elif request.custom:
            created = self._deployment.register(self._request(urn, request))
        else:
            return resource_pb2.RegisterResourceResponse(urn=urn)
        return resource_pb2.RegisterResourceResponse(urn=urn, id=created[0], object=_struct(created[1]))

    def ReadResource(self, request: Any) -> Any:  # noqa: N802
        urn = self._urn(request)
        asked = self._request(urn, request)
        state = self._deployment.read(asked, request.id)
        return resource_pb2.ReadResourceResponse(urn=urn, properties=_struct(state))

    def Invoke(self, request: Any) -> Any:  # noqa: N802
        if request.tok == _GET_RESOURCE:
            found = self._deployment.state_of(request.args["urn"])
            return _InvokeResponse(**{"return": _struct(found)})
        label = f"function {request.tok}{places.told()}"
        with self._deployment.failing(label):
            self._transforms.apply_to_function(request)
        args = rpc.deserialize_properties(request.args)
        state = self._deployment.invoke(request.tok, args, request.provider, label)
        return _InvokeResponse(**{"return": _struct(state)})

    def Call(self, request: Any) -> Any:  # noqa: N802
        raise self._deployment.fail(
            f"method {request.tok} is not supported here: component packages cannot run here"
        )

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802
        if f"::{_STACK}::" in request.urn:
            self.outputs.update(values.masked(MessageToDict(request.outputs)))
        return Empty()

    def RegisterStackTransform(self, request: Any) -> Any:  # noqa: N802
        self._transforms.add(request)
        return Empty()

    def RegisterStackInvokeTransform(self, request: Any) -> Any:  # noqa: N802
        self._transforms.add_for_functions(request)
        return Empty()

    def RegisterPackage(self, request: Any) -> Any:  # noqa: N802
        return resource_pb2.RegisterPackageResponse(ref=request.name)

    def RegisterResourceHook(self, _request: Any) -> Any:  # noqa: N802
        return Empty()

    RegisterErrorHook = SignalAndWaitForShutdown = RegisterResourceHook

    def _urn(self, request: Any) -> str:
        parent_type = request.parent.split("::")[2] if request.parent else _STACK
        qualified = request.type if parent_type == _STACK else f"{parent_type}${request.type}"
        return f"{self._prefix}{qualified}::{request.name}"

    def _request(self, urn: str, request: Any) -> Request:
        given = request.object if hasattr(request, "object") else request.properties
        needs = {one for each in getattr(request, "propertyDependencies", {}).values() for one in each.urns}
        return Request(
            urn=urn,
            type=request.type,
            name=request.name,
            inputs=rpc.deserialize_properties(given),
            provider=request.provider,
            place=places.current(),
            needs=frozenset(needs),
            secrets=frozenset(request.additionalSecretOutputs),
            ignored=frozenset(getattr(request, "ignoreChanges", ())),
            kept=bool(getattr(request, "retainOnDelete", False) or getattr(request, "protect", False)),
        )

    def _warn_about(self, request: Any, asked: Request) -> None:
        if request.importId:
            self._deployment.warn(
                f"{asked.label}: import of '{request.importId}' has no effect; it was created anew"
            )
        if (hooks := getattr(request, "hooks", None)) and hooks.ListFields():
            self._deployment.warn(f"{asked.label}: resource hooks are not run here")


def _struct(state: Mapping[str, Any]) -> Struct:
    struct = Struct()
    struct.update(values.wire(state))
    return struct
