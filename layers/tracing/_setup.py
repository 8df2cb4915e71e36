"""Sets tracing up once, as the environment says."""

from __future__ import annotations

import functools
import logging
import os
from importlib.util import find_spec
from typing import TYPE_CHECKING

from tracing._settings import Settings

if TYPE_CHECKING:
    from opentelemetry import trace

    from tracing._context import Contexts
    from tracing._costs import Costs
    from tracing._export import Exporter
    from tracing._keep import Keeper
    from tracing._recorder import Recorder
    from tracing._runtime import Runtime
    from tracing._sender import Losses

log = logging.getLogger("tracing")

_SDK = "opentelemetry.sdk.trace"
_MISSING = {"otel": "opentelemetry-sdk", "native": "aws-xray-sdk and opentelemetry-api"}


@functools.cache
def has_api() -> bool:
    """Whether the OpenTelemetry API is there: without it there is nothing to speak to."""
    return find_spec("opentelemetry") is not None and find_spec("opentelemetry.trace") is not None


@functools.cache
def configure() -> Runtime | None:
    """Set up what `TRACING_MODE` and `TRACING_EXPORT` name; a second call returns the first one's result.

    `None` where this library opens no spans of its own: mode `off`, missing packages, or another provider
    that is already at work, such as ADOT's auto-instrumentation.
    """
    settings = Settings(os.environ)
    mode = settings.mode or ("otel" if has_api() and find_spec("opentelemetry.sdk") else "off")
    if mode == "off":
        return None
    if not has_api():
        log.warning("TRACING_MODE=%s needs the package %s; tracing is off", mode, _MISSING[mode])
        return None
    costs = _costs(settings)
    runtime: Runtime | None = (
        costs.timed("import", "tracing", _try, mode, settings, costs) if costs else _try(mode, settings, None)
    )
    if costs and runtime is None:
        costs.stop()
    return runtime


def _costs(settings: Settings) -> Costs | None:
    """Time what Lambda's handler imports from here on, as long as no invocation has come."""
    if settings.cold_starts == "plain":
        return None
    from tracing._costs import of_handler  # noqa: PLC0415

    costs = of_handler()
    if costs:
        costs.watch()
    return costs


def _try(mode: str, settings: Settings, costs: Costs | None) -> Runtime | None:
    try:
        return None if _others_at_work() else _start(mode, settings, costs)
    except ImportError as error:
        log.warning("TRACING_MODE=%s needs the package %s (%s); tracing is off", mode, _MISSING[mode], error)
    except Exception:
        log.exception("tracing could not be set up; it is off")
    return None


def _others_at_work() -> bool:
    from opentelemetry import trace  # noqa: PLC0415 - may be absent where tracing is off

    return not isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider)


def _start(mode: str, settings: Settings, costs: Costs | None) -> Runtime:
    from opentelemetry import trace  # noqa: PLC0415

    from tracing._context import Contexts  # noqa: PLC0415
    from tracing._exceptions import use_span  # noqa: PLC0415
    from tracing._recorder import Recorder  # noqa: PLC0415
    from tracing._runtime import Runtime  # noqa: PLC0415
    from tracing._sender import Losses  # noqa: PLC0415

    losses = Losses()
    resource = _resource() if settings.export == "otlp" else {}
    exporter = _exporter(settings, losses, resource)
    recorder = Recorder(exporter, losses, _keeper(settings, losses), costs)
    contexts = Contexts(recorder)
    provider = _provider(mode, recorder, contexts, resource)
    trace.set_tracer_provider(provider)
    trace.use_span = use_span  # what instrumentations of other libraries call
    _use_propagator(contexts)
    _instrument_later(mode, settings, provider, contexts)
    if costs:
        _time_clients(costs)
    runtime = Runtime(recorder, contexts, provider.get_tracer("tracing"))
    os.register_at_fork(after_in_child=runtime.reset)
    return runtime


def _resource() -> dict[str, object]:
    from tracing._otel import resource  # noqa: PLC0415

    return resource(os.environ)


def _exporter(settings: Settings, losses: Losses, resource: dict[str, object]) -> Exporter:
    from tracing._export import XRay  # noqa: PLC0415
    from tracing._sender import Datagrams, Sender, Transport, pack_documents  # noqa: PLC0415

    datagrams = Datagrams(settings.daemon)
    if settings.export == "xray":
        return XRay(Sender(pack_documents, datagrams, losses), losses)
    from tracing._otlp_export import Http, Otlp, pack_spans  # noqa: PLC0415

    url = settings.otlp_url
    transport: Transport = Http(url, settings.otlp_headers) if url else datagrams
    return Otlp(Sender(pack_spans(resource, datagrams=url is None), transport, losses), losses, resource)


def _keeper(settings: Settings, losses: Losses) -> Keeper | None:
    if settings.keep is None:
        return None
    from tracing._keep import Keeper  # noqa: PLC0415
    from tracing._recorder import random_id  # noqa: PLC0415

    return Keeper(settings.keep, losses, lambda: random_id(8))


def _provider(
    mode: str, recorder: Recorder, contexts: Contexts, resource: dict[str, object]
) -> trace.TracerProvider:
    if mode == "native":
        from tracing import _native  # noqa: PLC0415

        return _native.provider(recorder, contexts)
    from tracing import _otel  # noqa: PLC0415

    return _otel.provider(recorder, contexts, resource)


def _use_propagator(contexts: Contexts) -> None:
    """Make it the global one as soon as somebody asks for that: few do, and importing it costs."""
    from tracing import _calls  # noqa: PLC0415
    from tracing._safely import safely  # noqa: PLC0415

    def install() -> None:
        with safely("setting the propagator"):
            from opentelemetry import propagate  # noqa: PLC0415

            from tracing._propagator import Propagator  # noqa: PLC0415

            propagate.set_global_textmap(Propagator(contexts))

    _calls.when_imported("opentelemetry.propagate", install)


def _instrument_later(
    mode: str, settings: Settings, provider: trace.TracerProvider, contexts: Contexts
) -> None:
    """Instrument botocore as soon as the handler imports it; a failure leaves its calls untraced."""
    from tracing import _calls  # noqa: PLC0415
    from tracing._safely import safely  # noqa: PLC0415

    def instrument_botocore() -> None:
        if mode == "native":
            from tracing import _native  # noqa: PLC0415

            _native.instrument()
        else:
            from tracing import _otel  # noqa: PLC0415

            _otel.instrument(provider, extensions=settings.export == "otlp")

    def install() -> None:
        import botocore.client  # noqa: PLC0415

        if hasattr(botocore.client, "_xray_enabled"):
            log.warning("botocore is already patched by the X-Ray SDK; its calls are left to that patch")
            return
        with safely("wrapping botocore"):
            _calls.wrap_botocore(contexts, instrument_botocore)

    _calls.when_imported("botocore.session", install)
    _calls.instrument_http(provider, contexts)


def _time_clients(costs: Costs) -> None:
    from tracing import _calls  # noqa: PLC0415

    def install() -> None:
        from botocore.session import Session  # noqa: PLC0415 - only where the handler uses it

        costs.watch_clients(Session)

    _calls.when_imported("botocore.session", install)
