"""Outgoing HTTP calls of requests, urllib3 and httpx: one span each, whichever SDK is behind the API.

A call that another instrumentation already records gets no second span.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Self
from urllib.parse import urlsplit

from opentelemetry import context as context_api
from opentelemetry import trace
from opentelemetry.trace import Span, SpanKind

from tracing._boto import at_caller
from tracing._context import Contexts
from tracing._header import NAME
from tracing._lazy import when_imported
from tracing._raised import note
from tracing._safely import hide_frames, safely

SCOPE = "tracing.http"

_INSTRUMENTATIONS = (SCOPE, "opentelemetry.instrumentation.", "aws_xray_sdk")


def instrument(provider: trace.TracerProvider, contexts: Contexts) -> None:
    """Wrap each client as soon as the handler imports it."""
    calls = Calls(provider.get_tracer(SCOPE), contexts)
    for module, wrap in (
        ("requests.sessions", _wrap_requests),
        ("urllib3.connectionpool", _wrap_urllib3),
        ("httpx", _wrap_httpx),
    ):
        when_imported(module, functools.partial(_guarded, wrap, calls))


def _guarded(wrap: Callable[[Calls], None], calls: Calls) -> None:
    with safely("instrumenting an HTTP client"):
        wrap(calls)


class Call:
    """One call under way, which ends with the `with` block; without a span it does nothing."""

    def __init__(self) -> None:
        self.span: Span | None = None
        self.token: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> None:
        if error is not None:
            if self.span is not None:
                note(self.span, error, stack=at_caller)
            hide_frames(error)
        with safely("ending an HTTP call"):
            if self.span is not None:
                context_api.detach(self.token)
                self.span.end()

    def answered(self, status: int) -> None:
        with safely("describing an HTTP response"):
            if self.span is not None:
                self.span.set_attribute("http.response.status_code", status)


class Calls:
    """Begins the calls of one process."""

    def __init__(self, tracer: trace.Tracer, contexts: Contexts) -> None:
        self._tracer = tracer
        self._contexts = contexts

    def begin(self, method: str, url: str) -> Call:
        """Start a span and make it current."""
        call = Call()
        with safely("tracing an HTTP call"):
            if not _is_recorded_already(trace.get_current_span()):
                call.span = self._start(method, url)
                call.token = context_api.attach(trace.set_span_in_context(call.span))
        return call

    def _start(self, method: str, url: str) -> Span:
        parts = urlsplit(url)
        host = parts.hostname or "unknown host"
        attributes = {
            "http.request.method": method.upper(),
            "url.full": parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl(),
            "server.address": host,
        }
        return self._tracer.start_span(host, kind=SpanKind.CLIENT, attributes=attributes)

    def write_header(self, headers: Any) -> None:
        """Make the headers of a call carry the trace on."""
        with safely("writing the tracing header"):
            if value := self._contexts.outgoing():
                headers[NAME] = value


def _is_recorded_already(span: Span) -> bool:
    scope = getattr(getattr(span, "instrumentation_scope", None), "name", "")
    return getattr(span, "kind", None) is SpanKind.CLIENT and scope.startswith(_INSTRUMENTATIONS)


def _wrap_requests(calls: Calls) -> None:
    from requests import sessions  # noqa: PLC0415 - only where the handler uses it

    session_class: Any = sessions.Session
    send = session_class.send

    @functools.wraps(send)
    def traced(session: Any, request: Any, **kwargs: Any) -> Any:
        with calls.begin(request.method, request.url) as call:
            calls.write_header(request.headers)
            response = send(session, request, **kwargs)
            call.answered(response.status_code)
        return response

    session_class.send = traced


def _wrap_urllib3(calls: Calls) -> None:
    from urllib3 import connectionpool  # noqa: PLC0415 - only where the handler uses it

    pool_class: Any = connectionpool.HTTPConnectionPool
    urlopen = pool_class.urlopen

    @functools.wraps(urlopen)
    def traced(
        pool: Any, method: str, url: str, body: Any = None, headers: Any = None, *args: Any, **kwargs: Any
    ) -> Any:
        if type(pool).__module__.startswith("botocore."):  # an AWS call, recorded and carried on as such
            return urlopen(pool, method, url, body, headers, *args, **kwargs)
        full = url if "://" in url else f"{pool.scheme}://{_authority(pool)}{url}"
        with calls.begin(method, full) as call:
            with safely("copying headers"):  # those given are the user's
                headers = (pool.headers if headers is None else headers).copy()
                calls.write_header(headers)
            response = urlopen(pool, method, url, body, headers, *args, **kwargs)
            call.answered(response.status)
        return response

    pool_class.urlopen = traced


def _authority(pool: Any) -> str:
    """Return `host:port`, without the port that the scheme implies."""
    host = f"[{pool.host}]" if ":" in pool.host else pool.host
    default = {"http": 80, "https": 443}.get(pool.scheme)
    return str(host) if pool.port in {None, default} else f"{host}:{pool.port}"


def _wrap_httpx(calls: Calls) -> None:
    import httpx  # noqa: PLC0415 - only where the handler uses it

    client_class: Any = httpx.Client
    async_class: Any = httpx.AsyncClient
    send, send_async = client_class.send, async_class.send

    @functools.wraps(send)
    def traced(client: Any, request: Any, **kwargs: Any) -> Any:
        with calls.begin(request.method, str(request.url)) as call:
            calls.write_header(request.headers)
            response = send(client, request, **kwargs)
            call.answered(response.status_code)
        return response

    @functools.wraps(send_async)
    async def traced_async(client: Any, request: Any, **kwargs: Any) -> Any:
        with calls.begin(request.method, str(request.url)) as call:
            calls.write_header(request.headers)
            response = await send_async(client, request, **kwargs)
            call.answered(response.status_code)
        return response

    client_class.send, async_class.send = traced, traced_async
