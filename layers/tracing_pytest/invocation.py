"""Runs a handler as the Lambda runtime would and keeps what it sends."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

import pytest
from opentelemetry import trace as api

from tracing import _setup
from tracing._context import ENVIRONMENT
from tracing._export import XRay
from tracing._sender import Losses, Sender, pack_documents
from tracing_pytest.trace import Trace, trace_of

FUNCTION = "function"
_ARN = f"arn:aws:lambda:us-east-1:123456789012:function:{FUNCTION}"
_PROVIDERS = {"tracing._otel": "otel", "tracing._native": "native"}


def mode_here() -> str:
    """Return the mode that this process was set up in; `off` where it was not."""
    provider = type(api.get_tracer_provider()).__module__
    return _PROVIDERS.get(provider, "off") if _setup.configure() else "off"


@dataclass(frozen=True)
class Context:
    """Lambda's context object.

    https://docs.aws.amazon.com/lambda/latest/dg/python-context.html
    """

    aws_request_id: str
    function_name: str = FUNCTION
    function_version: str = "$LATEST"
    invoked_function_arn: str = _ARN
    memory_limit_in_mb: str = "128"
    log_group_name: str = f"/aws/lambda/{FUNCTION}"
    log_stream_name: str = "2026/01/01/[$LATEST]00000000000000000000000000000000"
    identity: None = None
    client_context: None = None
    deadline: float = field(default_factory=lambda: time.monotonic() + 900, repr=False)

    def get_remaining_time_in_millis(self) -> int:
        return max(0, int((self.deadline - time.monotonic()) * 1000))


class Memory:
    """Takes the place of the X-Ray daemon."""

    hold_seconds = 0.0
    held_bytes = 0

    def __init__(self) -> None:
        self.bodies: list[bytes] = []

    def idle(self) -> bool:
        return True

    def send(self, body: bytes) -> bool:
        self.bodies.append(body)
        return True

    def documents(self, trace_id: str) -> list[Mapping[str, Any]]:
        """Return the documents of a trace, embedded ones each on its own."""
        found = [document for body in self.bodies for document in _flat(json.loads(body), {})]
        return [document for document in found if document.get("trace_id") == trace_id]


class Traced:
    """Runs handlers; `pictures` holds a title and a tree for each run."""

    def __init__(self, memory: Memory, flush: Callable[[], None]) -> None:
        self.pictures: list[tuple[str, str]] = []
        self._memory = memory
        self._flush = flush

    def __call__(
        self,
        handler: Callable[[Any, Any], Any],
        event: Any = None,
        context: Any = None,
        *,
        raises: type[BaseException] | tuple[type[BaseException], ...] = (),
        sampled: bool = True,
    ) -> Trace:
        """Call the handler in a trace of its own and return what it left.

        `context` takes the place of Lambda's context object. An exception that `raises` names is returned as
        the trace's `error`; any other is raised on, with the trace as a note. A handler that does not raise
        what `raises` names fails the test. Work done at import belongs to no call.
        """
        __tracebackhide__ = True
        trace_id = f"1-{int(time.time()):08x}-{os.urandom(12).hex()}"
        header = f"Root={trace_id};Parent={os.urandom(8).hex()};Sampled={int(sampled)}"
        context = Context(os.urandom(16).hex()) if context is None else context
        result, error = None, None
        with patch.dict(os.environ, {ENVIRONMENT: header}):
            try:
                result = handler(event, context)
            except BaseException as raised:  # noqa: BLE001 - raised on below
                error = raised
            self._flush()
        trace = trace_of(self._memory.documents(trace_id), result=result, error=error)
        self.pictures.append((f"Trace of {getattr(handler, '__qualname__', handler)}", str(trace)))
        if error is not None and not isinstance(error, raises):
            error.add_note(f"The trace:\n{trace}")
            raise error
        if raises and error is None:
            pytest.fail(f"the handler raised nothing; expected: {raises}\n{trace}", pytrace=False)
        return trace


@contextmanager
def collecting(mode: str) -> Iterator[Traced]:
    """Keep what is sent until the block ends."""
    runtime = _setup.configure()
    if runtime is None or mode_here() != mode:
        pytest.fail(
            f"this test needs tracing in mode {mode}, but `tracing` was imported in mode {mode_here()}: "
            "something sets TRACING_MODE or a tracer provider of its own before; remove that from the tests",
            pytrace=False,
        )
    recorder, memory, losses = runtime.recorder, Memory(), Losses()
    recorder.invoked(0, 0, sampled=False)
    with ExitStack() as patches:
        exporter = XRay(Sender(pack_documents, memory, losses), losses)
        patches.enter_context(patch.object(recorder, "exporter", exporter))
        if recorder.keeper:
            from tracing._keep import Limit  # noqa: PLC0415 - only where the tests keep failures

            patches.enter_context(patch.object(recorder.keeper, "limit", Limit(sys.maxsize)))
        yield Traced(memory, recorder.flush)


def _flat(document: Any, parent: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the document and those embedded in it, with what they inherit."""
    inherited = {"trace_id": parent["trace_id"], "parent_id": parent["id"]} if parent else {}
    own = {**inherited, **document}
    children = own.pop("subsegments", [])
    yield own
    for child in children:
        yield from _flat(child, own)
