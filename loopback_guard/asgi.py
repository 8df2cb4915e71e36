"""The decision in front of an ASGI application, and CORS for the origins that are admitted."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware

from loopback_guard import refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp, Receive, Scope, Send


class Api(NamedTuple):
    """Whether a request is for a deployed API: by its host, by its path."""

    host: bool = False
    path: bool = False


class LoopbackGuard:
    """An ASGI application in front of another: passes on what may come in, and answers the rest itself.

    `answer` builds the refusal of a request for a reason, in the form that the listener's clients understand;
    `api` tells whether a request is for a deployed API. Those answer CORS themselves; of everything else the
    `allowed` origins may use all methods and headers, and read all headers of the answer.
    """

    def __init__(
        self,
        app: ASGIApp,
        answer: Callable[[Scope, str], ASGIApp],
        *,
        api: Callable[[Scope], Api] = lambda _scope: Api(),
        allowed: frozenset[str] = frozenset(),
    ) -> None:
        self._app = app
        self._answer = answer
        self._api = api
        self._allowed = allowed
        self._shared = (
            CORSMiddleware(
                app, allow_origins=allowed, allow_methods=["*"], allow_headers=["*"], expose_headers=["*"]
            )
            if allowed
            else app
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request; nothing else comes in."""
        if scope["type"] != "http":
            return
        api = self._api(scope)
        reason = refusal(
            scope["method"],
            Headers(raw=scope["headers"]).items(),
            api_host=api.host,
            api_path=api.path,
            allowed=self._allowed,
        )
        if reason:
            await self._answer(scope, reason)(scope, receive, send)
        else:
            await (self._app if any(api) else self._shared)(scope, receive, send)
