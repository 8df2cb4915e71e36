"""What `waterfall up` does and says once its stack is ready: one request, its waterfall, the addresses."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, TextIO

from rich.text import Text

from waterfall.ports import LOCAL_ENDPOINT
from waterfall.shell import typed
from waterfall.stack import first_request
from waterfall.stack.first_request import Polling, new_trace_id
from waterfall.stack.registry import running
from waterfall.stack.routes import Route, first_route
from waterfall.terminal import waterfall
from waterfall.terminal.screen import DIM, STYLES, Screen, to_text, wrapped
from waterfall.terminal.text import clean, shorten
from waterfall.traces.client import ReadError, Source, connect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from embedded_aws.server import Status
    from waterfall.traces.client import Reader
    from waterfall.traces.model import Trace

LINKED_WITHIN = 5.0
"""Seconds in which a queue's consumer is waited for."""


@dataclass(slots=True)
class Welcome:
    """Greets whoever started a stack; `failed` tells afterwards whether the first request went wrong."""

    out: TextIO
    screen: Screen
    now: Callable[[], float] = time.time
    polling: Polling = field(default_factory=Polling)
    failed: bool = False

    def progress(self, line: str) -> None:
        """Print one line about what is being done."""
        self._print([Text(shorten(f"{self.screen.glyphs.dot} {clean(line)}", self.screen.width), style=DIM)])

    def warn(self, warnings: Sequence[str]) -> None:
        """Print warnings whole."""
        for warning in warnings:
            self._note(warning)

    def greet(self, stack: Status, *, stays: bool = True) -> None:
        """Send the first request, show its trace, print warnings and what was deployed.

        Of a stack that stays, how to go on with it is printed as well.
        """
        route = None
        try:
            route = self._route(stack)
            if route:
                self._first_request(stack, connect(Source(stack.endpoint)), route)
        except ReadError as error:
            self._fail(str(error))
        self._print([Text(), *self._addresses(stack, route), Text()] if stays else [Text()])
        self.warn(stack.warnings)
        if stack.resources:
            self._print([Text(_counted(stack.resources), style="bold")])

    def _route(self, stack: Status) -> Route | None:
        if not stack.apis:
            self._note("no request was sent: this program deploys no API and no function URL")
            return None
        route = first_route(_source(stack), stack.apis.values())
        if route is None:
            self._note("no request was sent: this API has no route")
        return route

    def _first_request(self, stack: Status, reader: Reader, route: Route) -> None:
        # HTTP APIs answer without a tracing header, so the request brings one.
        trace_id = None if route.tells_trace else new_trace_id(self.now())
        answer = first_request.send(route.method, route.url, trace_id=trace_id)
        glyphs = self.screen.glyphs
        style = STYLES["ok" if answer.status < 400 else "fault"]
        body = shorten(clean(answer.body), 200)
        line = Text.assemble(
            f"{route.method} {clean(route.url)} {glyphs.arrow} ",
            (str(answer.status), style),
            (f" {body}", DIM),
        )
        self._print([Text(), line, Text()])
        # What a request without a body, or with made up parameters, is refused for says nothing.
        self.failed = answer.status >= (400 if route.is_plain else 500)
        if stack.tracing == "off":
            self._note("tracing is off: this request left no trace")
        elif answer.sampled is False:
            self._note("the sampling rules passed this request over: it left no trace")
        elif answer.status == HTTPStatus.NOT_IMPLEMENTED and not route.tells_trace:
            self._note("what this route needs is not emulated: the request left no trace")
        elif answer.trace_id is None:
            self._fail("the response names no trace: it has no X-Amzn-Trace-Id header")
        else:
            self._show(stack, reader, answer.trace_id)

    def _show(self, stack: Status, reader: Reader, trace_id: str) -> None:
        trace = first_request.whole_trace(reader, trace_id, self.polling)
        if trace is None:
            if stack.tracing:
                self._fail(f"no trace {trace_id} came within {self.polling.limit:.0f} s of the response")
            else:
                self._note(f"this request left no trace {trace_id}: is tracing on in its stage and function?")
            return
        self._print(waterfall.render(trace, self.screen, now=self.now()))
        if first_request.has_consumers(trace, _source(stack)):
            self._show_link(stack, reader, trace)

    def _show_link(self, stack: Status, reader: Reader, trace: Trace) -> None:
        polling = Polling(min(LINKED_WITHIN, self.polling.limit), self.polling.clock, self.polling.pause)
        linked = first_request.linked_trace(reader, trace, self.now, polling)
        if linked is None:
            self._note("the message it sent has not been consumed yet: no linked trace")
        else:
            arrow = self.screen.glyphs.arrow
            self._print([Text(f"{arrow} linked trace, of the message's consumer: {linked}", style="cyan")])
            self._print([Text(f"  {_show(stack)} {linked}", style=DIM)])

    def _addresses(self, stack: Status, route: Route | None) -> Iterator[Text]:
        verb = "" if route is None or route.method == "GET" else f"-X {route.method} "
        rows = [
            *(("API", url) for url in stack.apis.values()),
            ("try", f"curl {verb}{route.url}" if route else ""),
            (
                "open",
                f"{stack.console}    (console: traces, service map, waterfall)" if stack.console else "",
            ),
            ("then", f"{_show(stack)}    (also: logs, traces, map, compare)"),
            ("AWS", f"{stack.endpoint}    (the AWS CLI and SDKs, after these:)"),
            *(("", line) for line in exports(stack)),
            ("X-Ray", f"{stack.daemon}    (daemon, UDP and TCP)"),
            ("OTLP", f"{stack.otlp.rstrip('/')}/v1/traces" if stack.otlp else ""),
            ("stop", "Ctrl-C"),
        ]
        for title, value in rows:
            if value:
                yield Text.assemble((f"{title:>6}", "bold"), f"  {clean(value)}")

    def _fail(self, message: str) -> None:
        self.failed = True
        self._say(f"{self.screen.glyphs.marks['fault']} {message}", STYLES["fault"])

    def _note(self, message: str) -> None:
        self._say(f"{self.screen.glyphs.warning} {message}", STYLES["error"])

    def _say(self, message: str, style: str) -> None:
        self._print(
            [
                Text(line, style=style)
                for line in wrapped(clean(message), self.screen.width, self.screen.glyphs)
            ]
        )

    def _print(self, lines: list[Text]) -> None:
        self.out.write(to_text(lines, self.screen))
        self.out.flush()


def _counted(resources: Mapping[str, int]) -> str:
    """Return `41 resources: 38 run, 2 stored only, 1 skipped`, without the kinds that there are none of."""
    total = sum(resources.values())
    kinds = ", ".join(f"{number} {kind}" for kind, number in resources.items() if number)
    return f"{total} resource{'' if total == 1 else 's'}{f': {kinds}' if kinds else ''}"


def _source(stack: Status) -> Source:
    return Source(stack.endpoint, region=stack.region)


def exports(stack: Status) -> list[str]:
    """Return what a shell needs so that the AWS CLI and every SDK use a stack, as they stand.

    Nothing checks the keys, but no SDK sends a request without some to sign it with. The region has two
    names: boto3 and version 1 of the CLI read the second alone, the SDKs for JavaScript and Java the first.
    https://docs.aws.amazon.com/sdkref/latest/guide/feature-region.html
    https://boto3.amazonaws.com/v1/documentation/api/latest/guide/configuration.html
    """
    return [
        f"export AWS_ENDPOINT_URL={stack.endpoint}",
        "export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test",
        f"export AWS_REGION={stack.region} AWS_DEFAULT_REGION={stack.region}",
    ]


def _show(stack: Status) -> str:
    """Return what to type to see a stack's latest trace; it is found if no other one runs."""
    found = [each.endpoint for each in running()] or [LOCAL_ENDPOINT]
    return typed("show" if found == [stack.endpoint] else f"show --endpoint {stack.endpoint}")
