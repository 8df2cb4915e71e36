"""Run a program's transforms, as Pulumi's engine does: the program offers them on a port of its own.

https://www.pulumi.com/docs/iac/concepts/resources/options/transforms/
A resource's own come first, then those of its parent, the parent's parent and so on, then the stack's.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import grpc
from pulumi.runtime.proto import resource_pb2

from embedded_aws.engine.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Iterator

_OPTIONS = (("grpc.enable_http_proxy", 0), ("grpc.max_receive_message_length", -1))


class Transforms:
    """The transforms of one run; resources are registered from several threads at once."""

    def __init__(self) -> None:
        self._stack: list[Any] = []
        self._invokes: list[Any] = []
        self._own: dict[str, tuple[str, list[Any]]] = {}
        self._channels: dict[str, grpc.Channel] = {}
        self._lock = threading.Lock()

    def add(self, callback: Any) -> None:
        """Note a transform of the whole stack."""
        self._stack.append(callback)

    def add_for_functions(self, callback: Any) -> None:
        """Note a transform of the stack's function calls."""
        self._invokes.append(callback)

    def apply(self, urn: str, request: Any) -> None:
        """Change a registration as its transforms do: its inputs and its provider.

        Raises EngineError when one of them raises.
        """
        # Older SDKs know no transforms, and have no messages for them.
        self._own[urn] = (request.parent, list(getattr(request, "transforms", ())))
        for callback in [*self._inherited(urn), *self._stack]:
            options = resource_pb2.TransformResourceOptions(
                provider=request.provider,
                providers=request.providers,
                depends_on=request.dependencies,
                protect=request.protect,
                version=request.version,
            )
            asked = resource_pb2.TransformRequest(
                type=request.type,
                name=request.name,
                custom=request.custom,
                parent=request.parent,
                properties=request.object,
                options=options,
            )
            answer = resource_pb2.TransformResponse.FromString(self._call(callback, asked))
            request.object.CopyFrom(answer.properties)
            if answer.HasField("options"):
                request.provider = answer.options.provider

    def apply_to_function(self, request: Any) -> None:
        """Change a function call as the stack's transforms do: its arguments and its provider."""
        for callback in self._invokes:
            options = resource_pb2.TransformInvokeOptions(provider=request.provider, version=request.version)
            asked = resource_pb2.TransformInvokeRequest(token=request.tok, args=request.args, options=options)
            answer = resource_pb2.TransformInvokeResponse.FromString(self._call(callback, asked))
            request.args.CopyFrom(answer.args)
            if answer.HasField("options"):
                request.provider = answer.options.provider

    def close(self) -> None:
        """End the connections to the program."""
        for channel in self._channels.values():
            channel.close()

    def _inherited(self, urn: str) -> Iterator[Any]:
        while urn in self._own:
            urn, callbacks = self._own[urn]
            yield from callbacks

    def _call(self, callback: Any, asked: Any) -> bytes:
        from pulumi.runtime.proto import callback_pb2, callback_pb2_grpc  # noqa: PLC0415 - as above

        with self._lock:
            channel = self._channels.get(callback.target)
            if channel is None:
                channel = grpc.insecure_channel(callback.target, options=_OPTIONS)
                self._channels[callback.target] = channel
        request = callback_pb2.CallbackInvokeRequest(token=callback.token, request=asked.SerializeToString())
        try:
            answer = callback_pb2_grpc.CallbacksStub(channel).Invoke(request)
        except grpc.RpcError as error:
            told = str(error.details()).partition(" error: ")[2].partition(":\n")[0]
            raise EngineError(f"a transform raised: {told}") from error
        return bytes(answer.response)
