"""Outgoing calls, whichever SDK is behind the API: of AWS through botocore, of HTTP through three clients.

Inside every AWS call its span is described and its tracing header written. These wrappers go on before either
SDK's own, so they run innermost: the header that leaves is theirs. The OpenTelemetry instrumentation alone
leaves the function segment as `Parent` in Lambda. One more goes around it all, and takes every frame of
tracing out of what the call raises.

A call of requests, urllib3 or httpx gets one span, and none where another instrumentation records it.
"""

from __future__ import annotations

import functools
import importlib.util
import sys
import traceback
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

from opentelemetry import context as context_api
from opentelemetry import trace
from opentelemetry.trace import Span, SpanKind

from tracing import _aws
from tracing._context import NAME, Contexts
from tracing._exceptions import note
from tracing._safely import hide_frames, safely

if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec
    from types import ModuleType

SCOPE = "tracing.http"

_INSTRUMENTATIONS = (SCOPE, "opentelemetry.instrumentation.", "aws_xray_sdk")
_MAX_CALLERS = 40


def wrap_botocore(contexts: Contexts, instrument: Callable[[], None]) -> None:
    """Wrap botocore, `instrument` it with an SDK and wrap it again; called once botocore is imported."""
    from botocore.client import BaseClient  # noqa: PLC0415 - only where the handler uses it
    from botocore.endpoint import Endpoint  # noqa: PLC0415

    call, prepare = BaseClient._make_api_call, Endpoint.prepare_request  # noqa: SLF001 - both SDKs wrap it too
    BaseClient._make_api_call = _described(call)  # noqa: SLF001
    Endpoint.prepare_request = _with_header(prepare, contexts)
    with safely("instrumenting botocore"):
        instrument()
    BaseClient._make_api_call = _without_frames(BaseClient._make_api_call, call)  # noqa: SLF001
    Endpoint.prepare_request = _without_frames(Endpoint.prepare_request, prepare)


def _without_frames(instrumented: Callable[..., Any], function: Callable[..., Any]) -> Callable[..., Any]:
    """Let what `instrumented` raises look as if `function` had been called itself."""

    @functools.wraps(function)
    def called(*args: Any, **kwargs: Any) -> Any:
        try:
            return instrumented(*args, **kwargs)
        except BaseException as error:
            hide_frames(error, function.__code__)
            raise

    return called


def _with_header(prepare: Callable[..., Any], contexts: Contexts) -> Callable[..., Any]:
    @functools.wraps(prepare)
    def prepare_request(endpoint: Any, request: Any) -> Any:
        with safely("writing the tracing header"):
            header, headers = contexts.outgoing(), request.headers
            if header and headers.get(NAME) != header:
                del headers[NAME]
                headers[NAME] = header
        return prepare(endpoint, request)

    return prepare_request


def _described(call: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(call)
    def make_api_call(client: Any, operation_name: str, api_params: Any) -> Any:
        span = trace.get_current_span()
        if not _is_aws_call(span):
            return call(client, operation_name, api_params)
        service = client.meta.service_model.endpoint_prefix
        with safely("describing an AWS call"):
            _begin(span, service, operation_name, client.meta.region_name, api_params)
        try:
            reply = call(client, operation_name, api_params)
        except Exception as error:
            with safely("describing an AWS error"):
                _failed(span, service, error)
            raise
        with safely("describing an AWS reply"):
            span.set_attributes(_aws.of_reply(service, reply))
        return reply

    return make_api_call


def _is_aws_call(span: Span) -> bool:
    attributes = getattr(span, "attributes", None) or {}
    return span.is_recording() and attributes.get("rpc.system") == "aws-api"


def _begin(span: Span, service: str, operation: str, region: str | None, params: Any) -> None:
    span.set_attributes(
        {
            "peer.service": service,
            "rpc.method": operation,
            **_aws.of_request(service, operation, region, params),
        }
    )


def _failed(span: Span, service: str, error: Exception) -> None:
    """Note what came back, and an exception whose stack ends where the user's code called botocore."""
    reply = getattr(error, "response", None)
    if isinstance(reply, dict):
        span.set_attributes(_aws.of_reply(service, reply))
    note(span, error, stack=at_caller)


def at_caller(lines: list[str]) -> list[str]:
    """Let the frames inside the client give way to those that led to it; chained exceptions stay."""
    start = max((number for number, line in enumerate(lines) if line.startswith("Traceback ")), default=None)
    if start is None:
        return lines
    end = next(number for number in range(start + 1, len(lines)) if not lines[number].startswith("  File "))
    frame = sys._getframe()  # noqa: SLF001 - `inspect` costs a cold start
    while frame.f_back and frame.f_globals.get("__package__") == __package__:
        frame = frame.f_back
    callers = traceback.format_list(traceback.extract_stack(frame, limit=_MAX_CALLERS))
    return [*lines[: start + 1], *callers, *lines[end:]]


def instrument_http(provider: trace.TracerProvider, contexts: Contexts) -> None:
    """Wrap each HTTP client as soon as the handler imports it."""
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
    return getattr(span, "kind", None) is SpanKind.CLIENT and _scope(span).startswith(_INSTRUMENTATIONS)


def _scope(span: Span) -> str:
    return getattr(getattr(span, "instrumentation_scope", None), "name", None) or ""


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


def when_imported(name: str, hook: Callable[[], None]) -> None:
    """Run `hook` now if the module is there, else right after its import."""
    if name in sys.modules:
        hook()
        return
    if _finder not in sys.meta_path:
        sys.meta_path.insert(0, _finder)
    _finder.hooks.setdefault(name, []).append(hook)


class _Finder:
    """One meta path finder for all, as each is asked for every import; `importlib.abc` costs a cold start."""

    def __init__(self) -> None:
        self.hooks: dict[str, list[Callable[[], None]]] = {}

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        hooks = self.hooks.pop(fullname, None)
        if hooks is None:
            return None
        del path, target
        spec = importlib.util.find_spec(fullname)
        if spec is not None and spec.loader is not None:
            spec.loader = _Loader(  # type: ignore[assignment]
                spec.loader, hooks
            )
        return spec


_finder = _Finder()


class _Loader:
    """The module's own loader, and the hooks after it."""

    def __init__(self, loader: Any, hooks: Sequence[Callable[[], None]]) -> None:
        self._loader = loader
        self._hooks = hooks

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        created: ModuleType | None = self._loader.create_module(spec)
        return created

    def exec_module(self, module: ModuleType) -> None:
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        module.__loader__ = self._loader
        self._loader.exec_module(module)
        for hook in self._hooks:
            hook()
