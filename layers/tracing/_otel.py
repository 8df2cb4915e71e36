"""Mode `otel`: the OpenTelemetry SDK behind the API."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.extension.aws.trace import AwsXRayIdGenerator
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanLimits, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace import Span as SdkSpan
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import Decision, Sampler, SamplingResult
from opentelemetry.trace import Span

from tracing._context import Contexts, ParentedTracer
from tracing._exceptions import Recording
from tracing._later import postponing
from tracing._recorder import Recorder, random_id
from tracing._safely import safely

_SELDOM_USED = (
    "asyncio",
    "opentelemetry.instrumentation.dependencies",  # checks versions, which is skipped here
    "opentelemetry.propagate",
    "packaging",
)


class SystemRandomIds(RandomIdGenerator):
    """Span ids from the operating system."""

    def generate_span_id(self) -> int:
        return random_id(8)


class Ids(AwsXRayIdGenerator):
    """X-Ray's ids, with randomness that cannot repeat.

    AWS's generator draws on the `random` module, which repeats itself after a snapshot is restored, and when
    a handler seeds it.
    """

    random_id_generator = SystemRandomIds()

    def generate_span_id(self) -> int:
        return random_id(8)

    def generate_trace_id(self) -> int:
        begun_at = super().generate_trace_id() >> 96
        return begun_at << 96 | random_id(12)


class RecordingSpan(Recording, SdkSpan):
    """A span of the SDK that leaves exceptions as they are; the SDK has no other place to say so."""


RECORDED_BY = {"aws": {"xray": {"sdk": "opentelemetry for python"}}}
"""What an invocation's outermost spans say of their recorder, as the collector's exporter writes it.

The X-Ray SDK says nothing in Lambda: so whoever reads a trace can tell which of the two was at work.
"""


class Processor(SpanProcessor):
    """Hands every span to the recorder."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        del parent_context
        span.__class__ = RecordingSpan
        self._recorder.started(span)

    def on_end(self, span: ReadableSpan) -> None:
        with safely("sending a span"):
            is_outermost = span.parent is None or span.parent.is_remote
            self._recorder.ended(span, RECORDED_BY if is_outermost else {})


class AsParent(Sampler):
    """The SDK's `ParentBased` in one step; what is not sampled may be recorded, and stays unsampled."""

    def __init__(self, *, into_memory: bool) -> None:
        self._unsampled = Decision.RECORD_ONLY if into_memory else Decision.DROP

    def should_sample(  # noqa: PLR0917 - the OpenTelemetry SDK
        self,
        parent_context: Context | None,
        trace_id: int,
        name: str,
        kind: Any = None,
        attributes: Any = None,
        links: Any = None,
        trace_state: Any = None,
    ) -> SamplingResult:
        del trace_id, name, kind, links, trace_state
        parent = trace.get_current_span(parent_context).get_span_context()
        if not parent.is_valid:
            return SamplingResult(Decision.DROP)
        decision = Decision.RECORD_AND_SAMPLE if parent.trace_flags.sampled else self._unsampled
        dropped = decision is Decision.DROP
        return SamplingResult(decision, None if dropped else attributes, parent.trace_state)

    def get_description(self) -> str:
        return "AsParent"


class Provider(trace.TracerProvider):
    """The SDK's provider; a span without parent belongs to the running invocation."""

    def __init__(self, provider: TracerProvider, contexts: Contexts) -> None:
        self._provider = provider
        self._contexts = contexts

    def get_tracer(self, *args: Any, **kwargs: Any) -> trace.Tracer:
        return ParentedTracer(self._provider.get_tracer(*args, **kwargs), self._contexts)

    def __getattr__(self, name: str) -> Any:
        """What else the SDK's provider has: `add_span_processor`, `force_flush`, `resource`."""
        return getattr(self._provider, name)


def provider(recorder: Recorder, contexts: Contexts, resource: Mapping[str, Any]) -> trace.TracerProvider:
    """The SDK without discovery: everything that it would look up is given."""
    unset = SpanLimits.UNSET
    sdk = TracerProvider(
        sampler=AsParent(into_memory=recorder.keeper is not None),
        resource=Resource(dict(resource)),
        shutdown_on_exit=False,
        id_generator=Ids(),
        span_limits=SpanLimits(
            max_attributes=unset,
            max_events=unset,
            max_links=unset,
            max_span_attributes=unset,
            max_event_attributes=unset,
            max_link_attributes=unset,
            max_attribute_length=unset,
            max_span_attribute_length=unset,
        ),
    )
    sdk.add_span_processor(Processor(recorder))
    return Provider(sdk, contexts)


def _botocore_instrumentation() -> tuple[Any, Any]:
    from opentelemetry.instrumentation.botocore import (  # noqa: PLC0415 - only where the handler uses it
        BotocoreInstrumentor,
        extensions,
    )

    return BotocoreInstrumentor(), extensions  # type: ignore[no-untyped-call]


def instrument(provider: trace.TracerProvider, *, extensions: bool) -> None:
    """Instrument botocore, once; `extensions` keeps the attributes of OpenTelemetry's conventions.

    The extensions of Lambda and SNS change what the user sends, so they always go.
    """
    from tracing._propagator import Silent  # noqa: PLC0415

    instrumentor, known = postponing(_SELDOM_USED, _botocore_instrumentation)
    if instrumentor.is_instrumented_by_opentelemetry:
        return
    table = known._BOTOCORE_EXTENSIONS  # noqa: SLF001 - there is no other switch
    for name in list(table):
        if not extensions or name in {"lambda", "sns"}:
            del table[name]
    instrumentor.instrument(tracer_provider=provider, propagator=Silent(), skip_dep_check=True)


def resource(environ: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """https://opentelemetry.io/docs/specs/semconv/resource/faas/ ."""
    from opentelemetry.sdk.version import __version__  # noqa: PLC0415

    function = environ.get("AWS_LAMBDA_FUNCTION_NAME")
    found = {
        "service.name": environ.get("OTEL_SERVICE_NAME") or function or "unknown_service",
        "telemetry.sdk.name": "opentelemetry",
        "telemetry.sdk.language": "python",
        "telemetry.sdk.version": __version__,
    }
    if function:
        found |= {
            "cloud.provider": "aws",
            "cloud.platform": "aws_lambda",
            "cloud.region": environ.get("AWS_REGION", ""),
            "faas.name": function,
            "faas.version": environ.get("AWS_LAMBDA_FUNCTION_VERSION", ""),
            "faas.instance": environ.get("AWS_LAMBDA_LOG_STREAM_NAME", ""),
        }
    for part in environ.get("OTEL_RESOURCE_ATTRIBUTES", "").split(","):
        key, equals, value = part.partition("=")
        if equals:
            found[key.strip()] = value.strip()
    return {key: value for key, value in found.items() if value}
