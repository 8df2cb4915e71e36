"""`waterfall up`: the one place where the viewer starts the embedded AWS."""

from __future__ import annotations

from typing import TYPE_CHECKING, TextIO

from local.server import ServeOptions, StartupError, Status, run
from waterfall.terminal.screen import screen_of
from waterfall.welcome import Welcome

if TYPE_CHECKING:
    import argparse


def up(given: argparse.Namespace, out: TextIO, errors: TextIO) -> int:
    """Serve until Ctrl-C, or with `--once` until the first request is shown; returns the exit status."""
    settings = settings_of(given)
    welcome = Welcome(out, screen_of(out))
    options = ServeOptions(
        directory=given.directory,
        stack=given.stack,
        config=settings,
        port=given.port,
        daemon_port=given.daemon_port,
        otlp_port=given.otlp_port,
        data=given.data,
    )

    def on_ready(status: Status) -> bool:
        welcome.greet(status)
        return not given.once

    try:
        status = run(options, on_ready=on_ready, on_progress=welcome.progress)
    except StartupError as error:
        errors.write(f"waterfall: {error}\n")
        return 1
    return status or int(given.once and welcome.failed)


def settings_of(given: argparse.Namespace) -> dict[str, str]:
    """Return the Pulumi settings to override; `--tracing` and `--export` outweigh `--config`."""
    short = {key: getattr(given, key) for key in ("tracing", "export")}
    return dict(given.config) | {key: value for key, value in short.items() if value is not None}
