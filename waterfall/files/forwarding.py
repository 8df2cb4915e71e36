"""Whole traces, those parts included that AWS's services record, to an OTLP backend as they come in."""

from __future__ import annotations

import contextlib
import http.client
import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from loopback_guard import is_loopback
from waterfall.files.otlp import otlp_shape
from waterfall.traces.client import LOCAL_DELAY, Reader, ReadError
from waterfall.traces.model import Trace

Post = Callable[[dict[str, Any]], None]
"""Sends one OTLP request; raises ForwardError."""

QUIET = 30.0
"""Seconds without a change after which a finished trace is asked for no more."""
LONGEST = 15 * 60.0
"""Seconds that Lambda lets a function run: an unfinished trace may stay as it is for so long."""
_PATH = "/v1/traces"
_PATIENCE = 10.0
_REFUSALS = frozenset({400, 413, 422})
"""HTTP statuses that tell of the request; the others are of the backend, its address or the credentials."""


class ForwardError(Exception):
    """The backend did not take what it was sent; the message is one line for the user."""


class RefusedError(ForwardError):
    """The backend will never take it, but may take others."""


@dataclass(slots=True)
class _Known:
    """What was seen of a trace: how much of it, when that changed last, and which nodes were sent."""

    changed: float
    size: tuple[int, float] = (0, 0.0)
    unfinished: bool = False
    sent: set[str] = field(default_factory=set)


class Forwarder:
    """Sends each trace once it has not changed from one look to the next, and later what came after that.

    Of traces that began before `start` nothing is sent; `delay` is how old one is at most when it is found.
    """

    def __init__(self, reader: Reader, post: Post, start: float, delay: float = LOCAL_DELAY) -> None:
        self._reader = reader
        self._post = post
        self._start = start
        self._delay = delay
        self._known: dict[str, _Known] = {}
        self._sent = 0
        self.is_ending = False
        """Whether these are the last looks: what waits for its beginning goes without it."""

    @property
    def is_settled(self) -> bool:
        """Tell whether the last look found nothing to send, and nothing that is still to be sent."""
        return not self._sent and all(one.sent and not one.unfinished for one in self._known.values())

    def look(self, now: float) -> int:
        """Send what is new, and return of how many traces; raises ReadError and ForwardError.

        What was not sent because of an error is sent by the next look, but for what was refused for good.
        """
        for summary in self._reader.summaries(max(self._start, now - self._delay), now + 1):
            self._known.setdefault(summary.id, _Known(now))
        for id_ in [id_ for id_, known in self._known.items() if self._is_over(known, now)]:
            del self._known[id_]
        asked = [
            id_
            for id_, known in self._known.items()
            if known.unfinished or now - known.changed <= QUIET or not known.sent
        ]
        self._sent, refused = 0, None
        for trace in self._reader.get(asked):
            try:
                self._sent += self._forward(trace, now)
            except RefusedError as error:
                refused = error
        if refused:
            raise refused
        return self._sent

    def _is_over(self, known: _Known, now: float) -> bool:
        """Tell whether a trace may be forgotten: that is too old to be found again."""
        waits = known.unfinished or not known.sent
        return now - known.changed > (LONGEST if waits else self._delay + QUIET)

    def _forward(self, trace: Trace, now: float) -> bool:
        known = self._known[trace.id]
        size = len(trace.nodes), sum(trace.end_of(node) for node in trace.nodes)
        known.unfinished = trace.unfinished
        if size != known.size:
            known.size, known.changed = size, now
            return False
        if _lacks_its_beginning(trace) and now - known.changed <= QUIET and not self.is_ending:
            return False
        new = {node.id for node in trace.nodes if not node.in_progress} - known.sent
        request = otlp_shape(trace, new)
        if not request["resourceSpans"]:
            return False
        try:
            self._post(request)
        except RefusedError:
            known.sent |= new
            raise
        known.sent |= new
        return True


def _lacks_its_beginning(trace: Trace) -> bool:
    """Tell whether a function's own segment is still to come: its parts do not know what they are of."""
    return any(root.parent_id and not root.is_segment for root in trace.roots)


def forwarding(
    forwarder: Forwarder, clock: Callable[[], float], pause: Callable[[], object]
) -> Iterator[int | str]:
    """Look again and again: yield how many traces went out, or once for each cause why they did not.

    A cause is told again once something was sent in between.

    `pause` waits between looks, and ends them when it returns something true.
    """
    told = ""
    while True:
        try:
            count = forwarder.look(clock())
        except (ForwardError, ReadError) as error:
            if str(error) != told:
                told = str(error)
                yield told
        else:
            if count:
                told = ""
                yield count
        if pause():
            return


def backend(text: str) -> str:
    """Return where a backend takes traces, given by its base URL or by the whole; raises ValueError.

    https://opentelemetry.io/docs/specs/otel/protocol/exporter/#endpoint-urls-for-otlphttp
    """
    url = urllib.parse.urlsplit(text)
    if url.scheme not in {"http", "https"} or not url.hostname:
        raise ValueError(f"{text!r} is not an OTLP backend: give a URL such as http://localhost:4318")
    return text if url.path.strip("/") else url._replace(path=_PATH).geturl()


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Follows none: a POST would become a GET, and headers such as credentials would go elsewhere."""

    def redirect_request(self, *_: object) -> None:
        return None


def poster(url: str, headers: Mapping[str, str]) -> Post:
    """Return what sends OTLP in JSON over HTTP; past any proxy to a backend of this machine."""
    here = is_loopback(urllib.parse.urlsplit(url).hostname or "")
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({} if here else None), _NoRedirects)

    def post(request: dict[str, Any]) -> None:
        body = json.dumps(request, separators=(",", ":")).encode()
        told = {"Content-Type": "application/json", **headers}
        sent = urllib.request.Request(url, body, told, method="POST")  # noqa: S310 - what the user names
        try:
            opener.open(sent, timeout=_PATIENCE).close()  # its text may have no end
        except urllib.error.HTTPError as error:
            text = ""
            with error, contextlib.suppress(OSError, http.client.HTTPException):
                text = error.read(300).decode(errors="replace")
            to = error.headers.get("Location") if 300 <= error.code < 400 else None
            reason = f"to {to}: give the URL that takes them" if to else " ".join(text.split())
            kind = RefusedError if error.code in _REFUSALS else ForwardError
            raise kind(f"{url} refused traces: {error.code} {reason}".rstrip()) from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise ForwardError(f"{url} cannot be reached: {getattr(error, 'reason', error)}") from error

    return post
