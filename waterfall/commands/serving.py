"""What `up` and `serve` have in common: where to listen, what to keep, the console beside the stack."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from loopback_guard import parse_origin
from waterfall.commands import options
from waterfall.ports import AWS_PORT, CONSOLE_PORT, DAEMON_PORT, OTLP_PORT
from waterfall.stack import KEEP_SETTING
from waterfall.stack.registry import Noted, noted
from waterfall.terminal.text import clean, message
from waterfall.traces import arguments
from waterfall.traces.client import Source, connect
from waterfall.web.listener import ConsoleError, address_of, bind

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from embedded_aws.server import ServeOptions, Status
    from waterfall.commands.welcome import Welcome
    from waterfall.files.forwarding import Forwarder
    from waterfall.stack.requests import Request

_LOOKS, _LAST_LOOKS = 1.0, 0.1
"""Seconds between looks for traces to forward, and at the end."""
_LAST, _LAST_AT_A_SIGNAL = 5.0, 0.7
"""Seconds in which those traces are sent that a stack has when it stops by itself, and when it is stopped."""


def add_serving(parser: argparse.ArgumentParser) -> None:
    """Add the options of every embedded AWS, whatever is deployed into it."""
    parser.add_argument(
        "--sampling",
        choices=("all", "aws"),
        default="all",
        help="of a program without sampling rules: trace all requests (default), or, as AWS does, "
        "1 per second and 5 %% of the others",
    )
    parser.add_argument(
        "--forward",
        type=options.told(_backend),
        metavar="URL",
        help="send whole traces to this OTLP backend too, such as http://localhost:4320",
    )
    options.add_header(parser, "--forward-header", "with --forward: a header for the backend; repeatable")
    options.add_port(parser, "--port", AWS_PORT, "the AWS endpoint")
    options.add_port(parser, "--console-port", CONSOLE_PORT, "the web console")
    options.add_port(parser, "--daemon-port", DAEMON_PORT, "the X-Ray daemon, UDP and TCP")
    options.add_port(parser, "--otlp-port", OTLP_PORT, "the OTLP receiver, HTTP")
    parser.add_argument(
        "--allow-origin",
        action="append",
        default=[],
        type=options.told(parse_origin),
        metavar="URL",
        help="let the pages of a front end, such as http://localhost:3000, use AWS and OTLP; repeatable",
    )
    parser.add_argument(
        "--max-data",
        type=options.told(arguments.size),
        metavar="SIZE",
        help="what traces and logs take on disk at most; the oldest go first (default: 512M)",
    )
    parser.add_argument(
        "--data", type=Path, metavar="DIR", help="where traces are kept (default: DIR/.waterfall)"
    )


def _backend(url: str) -> str:
    from waterfall.files.forwarding import backend  # noqa: PLC0415 - only this option needs it

    return backend(url)


@dataclass
class Serving:
    """One run with the options of `add_serving`; `name` and `directory` are told to other commands.

    `request` is sent in the place of the first route's.
    """

    given: argparse.Namespace
    name: Callable[[Status], str]
    directory: Path
    request: Request | None = None

    @cached_property
    def welcome(self) -> Welcome:
        """What greets, and tells on the way to it: imported once there is something to tell."""
        from waterfall.commands.welcome import Welcome  # noqa: PLC0415 - the stack starts first
        from waterfall.terminal.screen import screen_of  # noqa: PLC0415
        from waterfall.terminal.teller import Teller  # noqa: PLC0415

        return Welcome(Teller(sys.stdout, screen_of(sys.stdout)), self.request)

    def run(self, serve: ServeOptions, greet: Callable[[Status], bool]) -> int:
        """Serve until Ctrl-C, or until `greet`, called once the stack is ready, returns `False`."""
        from embedded_aws.server import StartupError, run  # noqa: PLC0415 - help does without

        forwards: list[_Forwards] = []
        waits = _LAST_AT_A_SIGNAL

        def on_stop() -> None:
            for one in forwards:
                one.finish(waits)

        try:
            with contextlib.ExitStack() as started:
                listener = started.enter_context(bind(self.given.console_port, "--console-port"))

                def on_ready(status: Status) -> bool:
                    nonlocal waits
                    from waterfall.web.server import serving  # noqa: PLC0415 - the stack starts first

                    source = Source(status.endpoint, region=status.region)
                    started.enter_context(serving(source, listener))
                    if self.given.forward:
                        forwards.append(self._forward(source))
                    directory = str(self.directory.resolve())
                    here = Noted(status.endpoint, status.region, self.name(status), directory)
                    started.enter_context(noted(here))
                    stays = greet(status)
                    waits = _LAST_AT_A_SIGNAL if stays else _LAST
                    return stays

                completed = self._completed(replace(serve, on_stop=on_stop), address_of(listener))
                return run(completed, on_ready=on_ready, on_progress=self._progress)
        except (StartupError, ConsoleError) as error:
            if isinstance(error, StartupError):
                self.welcome.warn(error.warnings)
            sys.stderr.write(f"waterfall: {message(error)}\n")
            return 1

    def _progress(self, line: str) -> None:
        self.welcome.teller.progress(line)

    def _forward(self, source: Source) -> _Forwards:
        """Begin to send traces to the backend."""
        from waterfall.files.forwarding import Forwarder, poster  # noqa: PLC0415 - as above

        post = poster(self.given.forward, dict(self.given.forward_header))
        forwarder = Forwarder(connect(source), post, time.time())
        found = _Forwards(forwarder, lambda text: self.welcome.warn([text]))
        threading.Thread(target=found.run, name="forwarding", daemon=True).start()
        return found

    def _completed(self, serve: ServeOptions, console: str) -> ServeOptions:
        given = self.given
        serve = replace(
            serve,
            sampling=given.sampling,
            port=given.port,
            daemon_port=given.daemon_port,
            otlp_port=given.otlp_port,
            console=console,
            data=given.data,
            allowed_origins=frozenset(given.allow_origin),
            record_faults_where=KEEP_SETTING,
        )
        return serve if given.max_data is None else replace(serve, most_bytes=given.max_data)


@dataclass(slots=True)
class _Forwards:
    """Sends traces until it is told to finish, in a thread; says once what went wrong."""

    forwarder: Forwarder
    warn: Callable[[str], None]
    _until: float = 0.0
    _closing: threading.Event = field(default_factory=threading.Event)
    _done: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        from waterfall.files.forwarding import forwarding  # noqa: PLC0415 - as above

        for told in forwarding(self.forwarder, time.time, self._pause):
            if isinstance(told, str) and not self._is_over():
                ending = self._closing.is_set()
                problem = "were not forwarded" if ending else "are not forwarded for now"
                self.warn(f"traces {problem}: {clean(told)}")
        self._done.set()

    def finish(self, seconds: float) -> None:
        """Send what there is, in this time at most."""
        self._until = time.monotonic() + seconds
        self.forwarder.is_ending = True
        self._closing.set()
        self._done.wait(seconds)

    def _pause(self) -> bool:
        if not self._closing.is_set():
            self._closing.wait(_LOOKS)
            return False
        time.sleep(_LAST_LOOKS)
        return self.forwarder.is_settled or self._is_over()

    def _is_over(self) -> bool:
        return self._closing.is_set() and time.monotonic() > self._until
