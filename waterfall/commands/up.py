"""`waterfall up`: deploys a program onto the embedded AWS, and serves it with the console."""

from __future__ import annotations

import contextlib
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from loopback_guard import parse_origin
from waterfall.commands import options
from waterfall.commands.options import Command
from waterfall.commands.welcome import Welcome
from waterfall.ports import AWS_PORT, CONSOLE_PORT, DAEMON_PORT, OTLP_PORT
from waterfall.stack import KEEP_SETTING
from waterfall.stack.registry import Noted, noted, running
from waterfall.stack.requests import read_request
from waterfall.terminal.screen import screen_of
from waterfall.terminal.teller import Teller
from waterfall.traces import arguments
from waterfall.traces.client import Source
from waterfall.web.listener import ConsoleError, address_of, bind

if TYPE_CHECKING:
    import argparse

    from embedded_aws.server import Status


def _add_options(parser: argparse.ArgumentParser) -> None:
    options.add_program(parser)
    parser.add_argument("--tracing", metavar="MODE", help="short for --config tracing=MODE")
    parser.add_argument("--export", metavar="WAY", help="short for --config export=WAY")
    parser.add_argument(
        "--strict", action="store_true", help="fail when the program has resources that are skipped here"
    )
    parser.add_argument(
        "--instrument",
        action="store_true",
        help="run Python functions under ADOT's wrapper script: their AWS calls show without a change",
    )
    parser.add_argument(
        "--sampling",
        choices=("all", "aws"),
        default="all",
        help="of a program without sampling rules: trace all requests (default), or, as AWS does, "
        "1 per second and 5 %% of the others",
    )
    parser.add_argument(
        "--request",
        type=options.told(read_request),
        metavar="REQUEST",
        help="send this, such as 'POST /orders {\"sku\": 1}' (default: the first route, without a body)",
    )
    parser.add_argument("--once", action="store_true", help="stop after the first request")
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


def _run(given: argparse.Namespace) -> int:
    """Serve until Ctrl-C, or with `--once` until the first request is shown."""
    from embedded_aws.server import ServeOptions, StartupError, run  # noqa: PLC0415 - help does without

    teller = Teller(sys.stdout, screen_of(sys.stdout))
    welcome = Welcome(teller, given.request)
    try:
        with contextlib.ExitStack() as started:
            listener = started.enter_context(bind(given.console_port, "--console-port"))

            def on_ready(status: Status) -> bool:
                from waterfall.web.server import serving  # noqa: PLC0415 - the stack starts first

                started.enter_context(serving(Source(status.endpoint, region=status.region), listener))
                here = Noted(status.endpoint, status.region, status.stack, str(given.directory.resolve()))
                started.enter_context(noted(here))
                welcome.greet(status, stays=not given.once)
                return not given.once

            serve = ServeOptions(
                directory=given.directory,
                stack=given.stack,
                config=settings_of(given),
                other_stacks=[stack.endpoint for stack in running()],
                strict=given.strict,
                sampling=given.sampling,
                instrument=given.instrument,
                port=given.port,
                daemon_port=given.daemon_port,
                otlp_port=given.otlp_port,
                console=address_of(listener),
                data=given.data,
                allowed_origins=frozenset(given.allow_origin),
                record_faults_where=KEEP_SETTING,
            )
            if given.max_data is not None:
                serve = replace(serve, most_bytes=given.max_data)
            status = run(serve, on_ready=on_ready, on_progress=teller.progress)
    except (StartupError, ConsoleError) as error:
        if isinstance(error, StartupError):
            welcome.warn(error.warnings)
        sys.stderr.write(f"waterfall: {error}\n")
        return 1
    return status or int(given.once and teller.failed)


def settings_of(given: argparse.Namespace) -> dict[str, str]:
    """Return the Pulumi settings to override; `--tracing` and `--export` outweigh `--config`."""
    short = {key: getattr(given, key) for key in ("tracing", "export")}
    return dict(given.config) | {key: value for key, value in short.items() if value is not None}


COMMAND = Command(
    "Deploy a Pulumi program onto an embedded AWS on this machine, send one request, "
    "show its waterfall, and keep serving until Ctrl-C.",
    _add_options,
    _run,
)
