"""Fault injection in the console: what runs, what can be started, and two buttons.

`GET /api/faults/running`  experiments that are not over, for the strip above every view
`GET /api/faults`          all experiments, newest first, templates, and `functions` for `put`
`POST /api/faults/start`   `{"id": of a template}`
`POST /api/faults/put`     `{"function": its name, "fault": "delay 500ms", "percentage": 1 to 100}`
`POST /api/faults/stop`    `{"id": of an experiment}`

Both first ones answer in the form `waterfall.faults/1`; where FIS may not be used or does not exist,
`unavailable` says why and the lists are empty.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from waterfall.faults.client import Experiment, Faults, Template
from waterfall.faults.direct import read_fault
from waterfall.faults.shapes import experiments_shape, templates_shape
from waterfall.stack.invocations import arn_of, functions
from waterfall.traces.client import RefusedError, Source
from waterfall.web.query import BadRequestError
from waterfall.web.response import json_response

MOST_SHOWN = 20
_LONGEST_BODY = 1000
_SECONDS = 300.0
"""How long a fault lasts that is put into a function here."""
_Found = tuple[Sequence[Experiment], Sequence[Template], Sequence[str]]


class Experiments:
    """Answers from FIS, whose calls block: each runs in a thread."""

    def __init__(self, source: Source, clock: Callable[[], float]) -> None:
        self._source = source
        self._clock = clock

    @cached_property
    def _faults(self) -> Faults:
        return Faults(self._source)

    def routes(self) -> list[Route]:
        return [
            Route("/api/faults", self.all),
            Route("/api/faults/running", self.running),
            Route("/api/faults/start", self.start, methods=["POST"]),
            Route("/api/faults/put", self.put, methods=["POST"]),
            Route("/api/faults/stop", self.stop, methods=["POST"]),
        ]

    async def running(self, _: Request) -> Response:
        return await self._answer(lambda: (self._faults.experiments(active=True), [], []))

    async def all(self, _: Request) -> Response:
        return await self._answer(
            lambda: (
                self._faults.experiments(most=MOST_SHOWN),
                self._faults.templates(),
                [] if self._source.aws else functions(self._source),
            )
        )

    async def put(self, request: Request) -> Response:
        given = await _given(request)
        name, fault, percentage = (given.get(key) for key in ("function", "fault", "percentage"))
        if not (isinstance(name, str) and isinstance(fault, str) and type(percentage) is int):
            raise BadRequestError('the body is not {"function": text, "fault": text, "percentage": number}')
        try:
            read = read_fault(fault)
        except ValueError as error:
            raise BadRequestError(str(error)) from error

        def put() -> Experiment:
            arn = arn_of(self._source, name)
            return self._faults.put(read, name, arn, percentage=percentage, seconds=_SECONDS)

        return json_response(experiments_shape([await run_in_threadpool(put)], self._clock()))

    async def start(self, request: Request) -> Response:
        wanted = await _wanted(request)
        started = await run_in_threadpool(lambda: self._faults.start(wanted))
        return json_response(experiments_shape([started], self._clock()))

    async def stop(self, request: Request) -> Response:
        wanted = await _wanted(request)
        stopped = await run_in_threadpool(lambda: self._faults.stop(wanted))
        return json_response(experiments_shape(stopped, self._clock()))

    async def _answer(self, read: Callable[[], _Found]) -> Response:
        unavailable = None
        try:
            experiments, templates, names = await run_in_threadpool(read)
        except RefusedError as error:
            experiments, templates, names, unavailable = [], [], [], str(error)
        shape = experiments_shape(experiments, self._clock()) | templates_shape(templates)
        return json_response(shape | {"functions": names, "unavailable": unavailable})


async def _given(request: Request) -> Mapping[str, Any]:
    """Return the object that a request's body is; anything else is none."""
    body = await request.body()
    try:
        given: Any = json.loads(body) if len(body) <= _LONGEST_BODY else None
    except (RecursionError, ValueError):
        given = None
    return given if isinstance(given, dict) else {}


async def _wanted(request: Request) -> str:
    """Return the `id` that a request names; raises BadRequestError."""
    wanted = (await _given(request)).get("id")
    if not isinstance(wanted, str) or not wanted:
        raise BadRequestError('the body is not {"id": text}: give the id of an experiment or template')
    return wanted
