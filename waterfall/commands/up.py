"""`waterfall up`: the one place where the viewer starts the embedded AWS."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING, TextIO

from embedded_aws.server import ServeOptions, StartupError, Status, run
from waterfall.commands.welcome import Welcome
from waterfall.terminal.screen import screen_of
from waterfall.traces.client import Source
from waterfall.web.listener import ConsoleError, address_of, bind

if TYPE_CHECKING:
    import argparse


def up(given: argparse.Namespace, out: TextIO, errors: TextIO) -> int:
    """Serve until Ctrl-C, or with `--once` until the first request is shown; returns the exit status."""
    welcome = Welcome(out, screen_of(out))
    try:
        with contextlib.ExitStack() as started:
            listener = started.enter_context(bind(given.console_port, "--console-port"))

            def on_ready(status: Status) -> bool:
                from waterfall.web.server import serving  # noqa: PLC0415 - the stack starts first

                started.enter_context(serving(Source(status.endpoint, region=status.region), listener))
                welcome.greet(status)
                return not given.once

            options = _options(given, console=address_of(listener))
            status = run(options, on_ready=on_ready, on_progress=welcome.progress)
    except (StartupError, ConsoleError) as error:
        errors.write(f"waterfall: {error}\n")
        return 1
    return status or int(given.once and welcome.failed)


def _options(given: argparse.Namespace, console: str) -> ServeOptions:
    options = ServeOptions(
        directory=given.directory,
        stack=given.stack,
        config=settings_of(given),
        port=given.port,
        daemon_port=given.daemon_port,
        otlp_port=given.otlp_port,
        console=console,
        data=given.data,
        allowed_origins=frozenset(given.allow_origin),
    )
    return options if given.max_data is None else replace(options, most_bytes=given.max_data)


def settings_of(given: argparse.Namespace) -> dict[str, str]:
    """Return the Pulumi settings to override; `--tracing` and `--export` outweigh `--config`."""
    short = {key: getattr(given, key) for key in ("tracing", "export")}
    return dict(given.config) | {key: value for key, value in short.items() if value is not None}
