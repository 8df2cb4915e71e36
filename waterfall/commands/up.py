"""`waterfall up`: deploys a program onto the embedded AWS, and serves it with the console."""

from __future__ import annotations

import argparse
import sys
from functools import cache
from typing import TYPE_CHECKING

from waterfall.commands import options
from waterfall.commands.options import Command
from waterfall.commands.serving import Serving, add_serving
from waterfall.stack.registry import running
from waterfall.stack.requests import read_request

if TYPE_CHECKING:
    from embedded_aws.server import Redeployed, Status, WholeRequest
    from waterfall.commands.watching import Watching


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
        "--request",
        type=options.told(read_request),
        metavar="REQUEST",
        help="send this, such as 'POST /orders {\"sku\": 1}' (default: the first route, without a body)",
    )
    parser.add_argument("--once", action="store_true", help="stop after the first request")
    parser.add_argument(
        "--debug", action="store_true", help="let an editor attach to each function, with breakpoints in all"
    )
    parser.add_argument(
        "--write-launch", action="store_true", help="with --debug: add the functions to .vscode/launch.json"
    )
    _add_watching(parser)
    add_serving(parser)


def _add_watching(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--watch",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="deploy what differs whenever a source is saved (default: in a terminal)",
    )
    parser.add_argument(
        "--repeat",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="with --watch: send the last request again, and show what changed (default)",
    )


def _watches(given: argparse.Namespace) -> bool:
    """Tell whether to watch: as was said, else where somebody sits at a terminal."""
    if given.watch is not None:
        return bool(given.watch)
    return not given.once and sys.stdin.isatty() and sys.stdout.isatty()


def _run(given: argparse.Namespace) -> int:
    """Serve until Ctrl-C, or with `--once` until the first request is shown."""
    from embedded_aws.server import ServeOptions  # noqa: PLC0415 - help does without

    serving = Serving(given, lambda status: status.stack, given.directory, given.request)
    is_watched = _watches(given)

    @cache
    def watching() -> Watching:
        from waterfall.commands.watching import Watching  # noqa: PLC0415 - the stack starts first

        return Watching(serving.welcome, given.repeat)

    def redeployed(told: Redeployed, status: Status, last: WholeRequest | None) -> None:
        watching().redeployed(told, status, last)

    def greet(status: Status) -> bool:
        if given.write_launch:
            _write_launch(given, status, serving)
        serving.welcome.greet(status, stays=not given.once)
        if is_watched:
            watching().prepare(status)
            serving.welcome.teller.progress("watching what the program is made of: save, and see")
        return not given.once

    program = ServeOptions(
        directory=given.directory,
        stack=given.stack,
        config=settings_of(given),
        other_stacks=[stack.endpoint for stack in running()],
        strict=given.strict,
        instrument=given.instrument,
        debug=given.debug,
        on_redeployed=redeployed if is_watched else None,
    )
    status = serving.run(program, greet)
    return status or int(given.once and serving.welcome.teller.failed)


def _write_launch(given: argparse.Namespace, status: Status, serving: Serving) -> None:
    from waterfall.stack.launch import LaunchError, write_launch  # noqa: PLC0415 - help does without

    try:
        serving.welcome.teller.progress(f"wrote {write_launch(given.directory, status.debug)}")
    except LaunchError as problem:
        serving.welcome.teller.fail(str(problem))


def _check(given: argparse.Namespace) -> None:
    if given.write_launch and not given.debug:
        raise ValueError("--write-launch writes the ports of --debug: give them together")


def settings_of(given: argparse.Namespace) -> dict[str, str]:
    """Return the Pulumi settings to override; `--tracing` and `--export` outweigh `--config`."""
    short = {key: getattr(given, key) for key in ("tracing", "export")}
    return dict(given.config) | {key: value for key, value in short.items() if value is not None}


COMMAND = Command(
    "Deploy a Pulumi program onto an embedded AWS on this machine, send one request, "
    "show its waterfall, and keep serving until Ctrl-C.",
    _add_options,
    _run,
    _check,
)
