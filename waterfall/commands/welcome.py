"""What `waterfall up` and `serve` do and say once all is ready: one request, its waterfall, the addresses."""

from __future__ import annotations

import json
import re
import shlex
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from rich.text import Text

from waterfall.commands.asking import Asking
from waterfall.commands.context import showing
from waterfall.pulumi.workspace import stale
from waterfall.shell import exports, typed
from waterfall.stack.first_request import Polling
from waterfall.stack.requests import Request
from waterfall.stack.routes import Route, addressed, first_route
from waterfall.terminal.teller import Teller
from waterfall.terminal.text import clean
from waterfall.traces.client import ReadError, Source, connect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from embedded_aws.server import Status
    from waterfall.traces.client import Reader

_MACHINE = re.compile(r"arn:[\w-]+:states:[\w-]+:\d+:stateMachine:[\w-]+")


@dataclass(slots=True)
class Welcome:
    """Greets whoever started a stack; `teller.failed` tells afterwards whether the request went wrong.

    `request` is sent in the place of the first route's.
    """

    teller: Teller
    request: Request | None = None
    now: Callable[[], float] = time.time
    polling: Polling = field(default_factory=Polling)

    def asking(self, stack: Status, reader: Reader) -> Asking:
        """Return what sends requests to a stack and shows their traces, read by `reader`."""
        source = _source(stack)
        return Asking(source, reader, self.teller, showing(source), stack.tracing, self.now, self.polling)

    def warn(self, warnings: Sequence[str]) -> None:
        """Print warnings whole."""
        for warning in warnings:
            self.teller.note(warning)

    def greet(self, stack: Status, *, stays: bool = True) -> None:
        """Send the first request, show its trace, print warnings and what was deployed.

        Of a stack that stays, how to go on with it is printed as well.
        """
        sent = None
        try:
            sent = self._first_request(stack)
        except ReadError as error:
            self.teller.fail(str(error))
        self.teller.lines([Text(), *_outputs(stack.outputs)])
        self.teller.lines([*self._addresses(stack, sent), Text()] if stays else [])
        self.tell_stale(stack)
        self.warn(stack.warnings)
        if stack.resources:
            self.teller.lines([Text(_counted(stack.resources), style="bold")])

    def serve(self, stack: Status) -> None:
        """Print how to use a stack without a program."""
        self.teller.lines([Text(), *self._addresses(stack, None), Text()])
        self.tell_stale(stack)

    def tell_stale(self, stack: Status) -> None:
        """Print what Pulumi remembers of an embedded AWS that has ended: this one has none of it."""
        data = stack.storage.get("directory")
        for left in stale(Path(data)) if data else ():
            space = left.workspace
            where = f"-C {shlex.quote(space.kept().directory)} --stack {space.stack}"
            self.teller.note(
                f"{_resources(left.resources)} of {space.project}/{space.stack} ended with the last run; "
                f"to make them again, type: {typed(f'pulumi {where} -- up')}"
            )

    def _first_request(self, stack: Status) -> Request | None:
        """Send what was asked for, or a request to the first route; return it with its whole URL."""
        source = _source(stack)
        asking = self.asking(stack, connect(source))
        if self.request:
            sent = addressed(source, self.request, stack.apis.values())
            asking.request(sent)
            return sent
        route = self._route(stack)
        if route is None:
            return None
        sent = Request(route.method, route.url, {}, None)
        # What a request without a body, or with made up parameters, is refused for says nothing.
        asking.request(sent, accepted=400 if route.is_plain else 500)
        return sent

    def _route(self, stack: Status) -> Route | None:
        if not stack.apis:
            self.teller.note("no request was sent: this program deploys no API and no function URL")
            return None
        route = first_route(_source(stack), stack.apis.values())
        if route is None:
            self.teller.note("no request was sent: this API has no route")
        return route

    def _addresses(self, stack: Status, sent: Request | None) -> Iterator[Text]:
        rows = [
            *(("API", url) for url in stack.apis.values()),
            ("try", _curl(sent) if sent else _execution(stack.outputs)),
            (
                "open",
                f"{stack.console}    (console: traces, service map, waterfall)" if stack.console else "",
            ),
            ("debug", ", ".join(f"{name} {port}" for name, port in stack.debug.items())),
            ("deploy", "" if stack.project else typed("pulumi -- up")),
            ("then", f"{showing(_source(stack))}    (also: logs, traces, map, compare)"),
            ("AWS", f"{stack.endpoint}    (the AWS CLI and SDKs, after these:)"),
            *(("", line) for line in exports(stack.endpoint, stack.region)),
            ("X-Ray", f"{stack.daemon}    (daemon, UDP and TCP)"),
            ("OTLP", f"{stack.otlp.rstrip('/')}/v1/traces" if stack.otlp else ""),
            ("stop", "Ctrl-C"),
        ]
        for title, value in rows:
            if value:
                yield Text.assemble((f"{title:>6}", "bold"), f"  {clean(value)}")


def _outputs(outputs: Mapping[str, object]) -> list[Text]:
    """Return the program's outputs, as `pulumi up` prints them."""
    if not outputs:
        return []
    width = max(len(clean(name)) for name in outputs)
    found = [
        f"    {clean(name):<{width}} : {clean(json.dumps(value, ensure_ascii=False))}"
        for name, value in sorted(outputs.items())
    ]
    return [Text("Outputs:", style="bold"), *(Text(line) for line in found), Text()]


def _counted(resources: Mapping[str, int]) -> str:
    """Return `41 resources: 38 run, 2 stored only, 1 skipped`, without the kinds that there are none of."""
    kinds = ", ".join(f"{number} {kind}" for kind, number in resources.items() if number)
    return f"{_resources(sum(resources.values()))}{f': {kinds}' if kinds else ''}"


def _resources(number: int) -> str:
    return f"{number} resource{'' if number == 1 else 's'}"


def _curl(request: Request) -> str:
    words = ["curl", *([] if request.method == "GET" else ["-X", request.method]), request.target]
    words += [word for name, value in request.headers.items() for word in ("-H", f"{name}: {value}")]
    return shlex.join([*words, *(["-d", request.body.decode()] if request.body else [])])


def _execution(outputs: Mapping[str, object]) -> str:
    """Return what to type to start the first state machine that the program's outputs name."""
    machines = [value for _, value in sorted(outputs.items()) if _is_machine(value)]
    return f"aws stepfunctions start-execution --state-machine-arn {machines[0]}" if machines else ""


def _is_machine(value: object) -> bool:
    return isinstance(value, str) and bool(_MACHINE.fullmatch(value))


def _source(stack: Status) -> Source:
    return Source(stack.endpoint, region=stack.region)
