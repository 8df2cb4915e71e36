"""The console's web application: pages, static files, and the API that they read.

`GET /api/source`                     what is read: `endpoint`, `aws`, `profile`, `region`, `indexed_only`
`GET /api/traces/{id}`                `waterfall.trace/1`, with what a picture needs besides
`GET /api/traces/{id}/documents/{n}`  the document of node `n`
`GET /api/traces/{id}/logs`           `waterfall.logs/1`: what its invocations wrote
`GET /api/traces/{id}/files/{format}` the trace as a file: `html`, `json`, `otlp` or `chrome`
`GET /api/map`                        `waterfall.map/1`; a time, or `trace`
`GET /api/compare`                    two traces, `a` and `b`, side by side
`GET /api/requests`                   `waterfall.requests/1`; `limit`
`GET /api/why`                        `waterfall.why/1`; `request` as `waterfall why` takes it, or the last

`waterfall.web.lists` adds the lists of traces, `waterfall.web.around` what stands around one, and
`waterfall.web.faults` what is about fault injection.

A time is `since` (seconds back from now) or `start` and `end` (epoch seconds). A failure answers
`{"error": sentence, "code": name}`: 400 what was asked is wrong, 404 not there, 502 X-Ray cannot be read.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from waterfall.compare.difference import compare
from waterfall.logs.client import Logs
from waterfall.logs.shapes import trace_logs_shape
from waterfall.traces import arguments
from waterfall.traces.client import Reader, ReadError, RefusedError, Source
from waterfall.traces.links import linked_traces
from waterfall.traces.lists import Lists
from waterfall.traces.marking import marked, marked_by
from waterfall.traces.shapes import map_shape
from waterfall.web import files, shapes
from waterfall.web.around import Around
from waterfall.web.faults import Experiments
from waterfall.web.guard import Guard
from waterfall.web.lists import TraceLists
from waterfall.web.modules import STATIC, index
from waterfall.web.query import BadRequestError, limit_of, span_of
from waterfall.web.response import json_response
from waterfall.why.question import question
from waterfall.why.service import Explainer, UnknownRequestError
from waterfall.why.shapes import answer_shape, list_shape

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

    from waterfall.traces.model import Trace

PAGES = ("/", "/traces", "/map", "/compare", "/faults", "/why", "/trace/{id}")
"""Every page is the same document: the address is the page's state, which its scripts read."""

MOST_LINES, FEWEST_LINES = 3000, 20
"""How many log lines of a trace are sent, and of one invocation at least."""


def create_app(reader: Reader, source: Source, clock: Callable[[], float] = time.time) -> Starlette:
    api = _Api(reader, source, clock)
    lists = TraceLists(Lists(reader, source), clock)
    routes = [
        Route("/api/source", api.source),
        *lists.routes(),
        Route("/api/traces/{id}", api.trace),
        Route("/api/traces/{id}/documents/{position:int}", api.document),
        Route("/api/traces/{id}/logs", api.logs),
        Route("/api/traces/{id}/files/{format}", api.file),
        Route("/api/map", api.map),
        Route("/api/compare", api.compare),
        Route("/api/requests", api.requests),
        Route("/api/why", api.why),
        *Around(reader, source, clock, api.found).routes(),
        *Experiments(source, clock).routes(),
        Mount("/static", StaticFiles(directory=STATIC)),
        *(Route(path, _page) for path in PAGES),
    ]
    failures: Any = {
        ReadError: _failed,
        BadRequestError: _failed,
        NotThereError: _failed,
        404: _nowhere,
    }
    app = Starlette(routes=routes, middleware=[Middleware(Guard)], exception_handlers=failures)
    app.state.news = lists.news
    return app


class NotThereError(Exception):
    """What was asked for does not exist; the message is for the reader."""


async def _page(_: Request) -> Response:
    return HTMLResponse(index())


async def _nowhere(request: Request, _: Exception) -> Response:
    """Answer what has no address here: to people with a page that says so."""
    path = request.url.path
    if path.startswith(("/api/", "/static/")):
        return json_response({"error": f"there is no {path[:200]} here", "code": "NotFound"}, 404)
    return HTMLResponse(index(), 404)


async def _failed(_: Request, problem: Exception) -> Response:
    if isinstance(problem, RefusedError) and problem.is_about_request:
        status, code, message = 400, problem.code, problem.reason
    elif isinstance(problem, BadRequestError):
        status, code, message = 400, "BadRequest", str(problem)
    elif isinstance(problem, NotThereError | UnknownRequestError):
        status, code, message = 404, "NotFound", str(problem)
    else:
        status, code, message = 502, "Unreadable", str(problem)
    return json_response({"error": message, "code": code}, status)


class _Api:
    """Answers from a Reader, whose calls block: each runs in a thread."""

    def __init__(self, reader: Reader, source: Source, clock: Callable[[], float]) -> None:
        self._reader = reader
        self._source = source
        self._clock = clock
        self._explainer = Explainer(reader, source)
        self._logs = Logs(source, clock)

    async def source(self, _: Request) -> Response:
        def read() -> Any:
            indexed = self._source.aws and self._reader.keeps_all_in_logs()
            return shapes.source_shape(self._source, indexed_only=indexed)

        return json_response(await run_in_threadpool(read))

    async def trace(self, request: Request) -> Response:
        return json_response(await run_in_threadpool(lambda: shapes.detailed_trace(self.found(request))))

    async def document(self, request: Request) -> Response:
        position = request.path_params["position"]
        trace = await run_in_threadpool(lambda: self.found(request))
        if position >= len(trace.nodes):
            raise NotThereError(f"trace {trace.id} has no node {position}")
        return json_response(shapes.raw_document(trace.nodes[position].document))

    async def logs(self, request: Request) -> Response:
        def read() -> Any:
            trace = self.found(request)
            found = self._logs.of_trace(trace)
            return trace_logs_shape(trace.id, found, max(MOST_LINES // max(1, len(found)), FEWEST_LINES))

        return json_response(await run_in_threadpool(read))

    async def file(self, request: Request) -> Response:
        format_ = request.path_params["format"]
        if format_ not in files.FORMATS:
            raise NotThereError(f"there is no file {format_!r}: ask for {', '.join(files.FORMATS)}")

        def write() -> Response:
            trace = self.found(request)
            now = self._clock()
            linked = linked_traces(self._reader, trace, now) if format_ == "html" else ()
            text = files.written(trace, format_, now, linked)
            about = {"Content-Disposition": f'attachment; filename="{files.name_of(trace, format_)}"'}
            return Response(text, headers=about, media_type="application/octet-stream")

        return await run_in_threadpool(write)

    async def map(self, request: Request) -> Response:
        def read() -> Any:
            if "trace" in request.query_params:
                trace = self._found(request.query_params["trace"])
                return marked_by(self._reader.map_of(trace), trace)
            graph = self._reader.service_map(*span_of(request.query_params, self._clock()))
            return marked(graph, self._reader, aws=self._source.aws)

        return json_response(map_shape(await run_in_threadpool(read)))

    async def compare(self, request: Request) -> Response:
        ids = [request.query_params.get(name, "") for name in ("a", "b")]

        def read() -> Any:
            return shapes.side_by_side(compare(self._found(ids[0]), self._found(ids[1])))

        return json_response(await run_in_threadpool(read))

    async def requests(self, request: Request) -> Response:
        limit = limit_of(request.query_params)
        return json_response(await run_in_threadpool(lambda: list_shape(self._explainer.newest(limit))))

    async def why(self, request: Request) -> Response:
        try:
            asked = question(request.query_params.get("request", "").split())
        except ValueError as error:
            raise BadRequestError(str(error)) from error
        now = self._clock()
        return json_response(await run_in_threadpool(lambda: answer_shape(self._explainer.ask(asked, now))))

    def found(self, request: Request) -> Trace:
        return self._found(request.path_params["id"])

    def _found(self, given: str) -> Trace:
        try:
            wanted = arguments.trace_id(given)
        except ValueError as error:
            raise BadRequestError(str(error)) from error
        found = self._reader.get([wanted])
        if not found:
            raise NotThereError(
                f"no trace {wanted}: it was not sampled, has not arrived yet, or is older than X-Ray keeps it"
            )
        return found[0]
