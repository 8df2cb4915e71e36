"""What stands around a trace, for its page.

`GET /api/traces/{id}/linked`    `traces` of its messages' consumers, and `senders`: what it is linked to
`GET /api/traces/{id}/previous`  `trace`: the one before it of the same request, or `null`
`GET /api/traces/{id}/request`   what is known of the request that began it, to send it again
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool
from starlette.routing import Route

from waterfall.traces.links import linked_traces, senders_of
from waterfall.traces.previous import previous_of
from waterfall.web import shapes
from waterfall.web.response import json_response
from waterfall.why.client import Journal

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request
    from starlette.responses import Response

    from waterfall.traces.client import Reader, Source
    from waterfall.traces.model import Trace


class Around:
    """Answers about the trace that `found` returns for a request."""

    def __init__(
        self,
        reader: Reader,
        source: Source,
        clock: Callable[[], float],
        found: Callable[[Request], Trace],
    ) -> None:
        self._reader = reader
        self._clock = clock
        self._found = found
        self._endpoint = None if source.aws else source.endpoint
        self._journal = Journal(self._endpoint)

    def routes(self) -> list[Route]:
        answers = {"linked": self._linked, "previous": self._previous, "request": self._request}
        return [Route(f"/api/traces/{{id}}/{name}", _answering(of)) for name, of in answers.items()]

    def _linked(self, request: Request) -> dict[str, Any]:
        trace = self._found(request)
        later = linked_traces(self._reader, trace, self._clock())
        return shapes.linked_shape(trace, later, senders_of(self._reader, trace))

    def _previous(self, request: Request) -> dict[str, Any]:
        return shapes.previous_shape(previous_of(self._reader, self._found(request)))

    def _request(self, request: Request) -> dict[str, Any]:
        trace = self._found(request)
        told = self._journal.one(trace.id)
        return shapes.request_shape(trace, (told or {}).get("entry"), self._endpoint)


def _answering(answer: Callable[[Request], dict[str, Any]]) -> Callable[[Request], Any]:
    async def endpoint(request: Request) -> Response:
        return json_response(await run_in_threadpool(answer, request))

    return endpoint
