"""Asks a stack something, and shows what became of it: the answer, its waterfall, the traces linked to it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from http import HTTPStatus

from rich.text import Text

from waterfall.shell import typed
from waterfall.stack import first_request
from waterfall.stack.first_request import HttpResponse, Polling, new_trace_id
from waterfall.stack.requests import Request
from waterfall.terminal import waterfall
from waterfall.terminal.screen import DIM, STYLES
from waterfall.terminal.teller import Teller
from waterfall.terminal.text import clean, shorten
from waterfall.traces.client import Reader, Source
from waterfall.traces.model import Trace

LINKED_WITHIN = 5.0
"""Seconds in which a queue's consumer is waited for."""

_REFUSED = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)


@dataclass(slots=True)
class Asking:
    """Asks the stack at `source`, whose traces `reader` reads.

    `show` is what to type to see a trace, without its id; `tracing` is the stack's setting of that name.
    """

    source: Source
    reader: Reader
    teller: Teller
    show: str
    tracing: str | None = None
    now: Callable[[], float] = time.time
    polling: Polling = field(default_factory=Polling)

    def request(self, request: Request, *, accepted: int = 400, follow: bool = True) -> Trace | None:
        """Send a request to a URL, and return the trace that was shown, if there is one.

        It failed with a status of `accepted` or more. `follow` waits for the traces linked to it. Raises
        ReadError.
        """
        given = {name.lower() for name in request.headers}
        # HTTP APIs and function URLs answer without a tracing header, so the request brings one.
        trace_id = None if "x-amzn-trace-id" in given else new_trace_id(self.now())
        answer = first_request.send(request, trace_id=trace_id)
        arrow = self.teller.screen.glyphs.arrow
        style = STYLES["ok" if answer.status < 400 else "fault"]
        line = Text.assemble(
            f"{request.method} {clean(request.target)} {arrow} ",
            (str(answer.status), style),
            (f" {shorten(clean(answer.body), 200)}", DIM),
        )
        self.teller.lines([Text(), line, Text()])
        self.teller.failed = answer.status >= accepted
        return self._trace_of(answer, follow=follow)

    def _trace_of(self, answer: HttpResponse, *, follow: bool) -> Trace | None:
        if self.tracing == "off" and not answer.sampled:
            self.teller.note("tracing is off: this request left no trace")
        elif answer.sampled is False and answer.status in _REFUSED:
            self.teller.note(
                f"the request was refused, and left no trace: `{typed('why')}` says what it lacks"
            )
        elif answer.sampled is False:
            self.teller.note("the sampling rules passed this request over: it left no trace")
        elif answer.trace_id is None:
            self.teller.fail("the response names no trace: it has no X-Amzn-Trace-Id header")
        elif answer.status == HTTPStatus.NOT_IMPLEMENTED:
            # Only a REST API has a segment of its own, whatever it calls.
            polling = replace(self.polling, limit=min(1.0, self.polling.limit))
            found = first_request.whole_trace(self.reader, answer.trace_id, polling)
            if not self._shown(found, follow=follow):
                self.teller.note("what this route needs is not emulated: the request left no trace")
            return found
        else:
            return self.trace(answer.trace_id, follow=follow)
        return None

    def trace(self, trace_id: str, *, follow: bool = True) -> Trace | None:
        """Show a trace as soon as it is whole, and what is linked to it; return it."""
        found = first_request.whole_trace(self.reader, trace_id, self.polling)
        if not self._shown(found, follow=follow):
            limit = f"{self.polling.limit:.0f}"
            if self.tracing:
                self.teller.fail(f"no trace {trace_id} came within {limit} s of the response")
            else:
                self.teller.note(
                    f"this request left no trace {trace_id}: is tracing on in its stage and function? "
                    f"`{typed('why')} {trace_id}` says what became of it"
                )
        return found

    def _shown(self, trace: Trace | None, *, follow: bool) -> bool:
        if trace is None:
            return False
        self.teller.lines(waterfall.render(trace, self.teller.screen, now=self.now()))
        if follow and first_request.has_consumers(trace, self.source):
            self._linked(trace)
        return True

    def _linked(self, trace: Trace) -> None:
        polling = Polling(min(LINKED_WITHIN, self.polling.limit), self.polling.clock, self.polling.pause)
        linked = first_request.linked_trace(self.reader, trace, self.now, polling)
        if linked is None:
            self.teller.note("the message it sent has not been consumed yet: no linked trace")
            return
        arrow = self.teller.screen.glyphs.arrow
        found = Text(f"{arrow} linked trace, of the message's consumer: {linked}", style="cyan")
        self.teller.lines([found, Text(f"  {self.show} {linked}", style=DIM)])
