"""The `waterfall` command."""

from __future__ import annotations

import gc
import os
import sys
import time
from typing import TYPE_CHECKING

from waterfall.commands import options
from waterfall.commands import reading as commands
from waterfall.commands import sampling as rules
from waterfall.terminal.screen import screen_of
from waterfall.terminal.text import clean
from waterfall.traces.client import ReadError, Source, connect
from waterfall.why.known import Known

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status: 0, 1 for failure, 2 for usage."""
    try:
        given = options.parse(argv)
        if given.command != "up":  # which imports more, and collects again once its stack is ready
            gc.enable()
        status = _RUN.get(given.command, _read)(given)
        sys.stdout.flush()
    except BrokenPipeError:
        _drop_output()
        return 0
    except ReadError as error:
        sys.stderr.write(f"waterfall: {error}\n")
        return 1
    return status


def _drop_output() -> None:
    """Give the interpreter's last flush somewhere to go: whoever read the output has left."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def _up(given: argparse.Namespace) -> int:
    from waterfall.commands.up import up  # noqa: PLC0415 - the reading commands need nothing of the embedded AWS

    return up(given, sys.stdout, sys.stderr)


def _console(given: argparse.Namespace) -> int:
    from waterfall.web import server  # noqa: PLC0415 - only this command needs a web server
    from waterfall.web.listener import ConsoleError  # noqa: PLC0415

    def announce(address: str) -> None:
        sys.stdout.write(f"console  {address}    (Ctrl-C stops it)\n")
        sys.stdout.flush()

    try:
        server.serve(_source(given), given.port, announce)
    except ConsoleError as error:
        sys.stderr.write(f"waterfall: {error}\n")
        return 1
    return 0


def _compare(given: argparse.Namespace) -> int:
    from waterfall.commands import compare as comparing  # noqa: PLC0415 - only this command starts stacks

    if given.modes:
        text, equal = comparing.modes(given, screen_of(sys.stdout), sys.stderr)
    else:
        text, equal = comparing.traces(_desk(given), given.traces)
    sys.stdout.write(text)
    return 0 if equal else 1


def _explain(given: argparse.Namespace) -> int:
    request = (given.method.upper(), given.path) if given.method else None
    sys.stdout.write(rules.explain(_desk(given), request, given.service, dict(given.header)))
    return 0


def _cost(given: argparse.Namespace) -> int:
    sys.stdout.write(rules.cost(_desk(given), given.rps, kept=given.kept, reads=given.reads))
    return 0


def _why(given: argparse.Namespace) -> int:
    from waterfall.commands import why as command  # noqa: PLC0415 - only this command asks for requests

    desk, source = _desk(given), _source(given)
    if given.list:
        sys.stdout.write(command.list_requests(desk, source, given.limit))
    else:
        sys.stdout.write(command.explain(desk, source, given.question))
    return 0


def _fault(given: argparse.Namespace) -> int:
    from waterfall.commands import fault as faulting  # noqa: PLC0415 - only this command needs FIS
    from waterfall.faults import client as faults  # noqa: PLC0415 - only this command needs FIS

    found = faulting.run(faults.Faults(_source(given)), given, screen_of(sys.stdout), time.time())
    sys.stdout.write(found)
    return 0


def _logs(given: argparse.Namespace) -> int:
    from waterfall.commands import logs as command  # noqa: PLC0415 - only this command needs CloudWatch Logs
    from waterfall.logs import client  # noqa: PLC0415 - only this command needs CloudWatch Logs

    desk, logs = _desk(given), client.Logs(_source(given))
    asked = command.Asked(given.functions, given.since, given.lines)
    if given.trace:
        sys.stdout.write(command.of_trace(desk, logs, given.trace, given.functions))
    elif not given.follow:
        sys.stdout.write(command.listed(desk, logs, asked))
    else:
        pace = _AWS_PACE if given.aws else _LOCAL_PACE
        for text in command.followed(desk, logs, asked, time.time, lambda: time.sleep(pace)):
            sys.stdout.write(text)
            sys.stdout.flush()
    return 0


_LOCAL_PACE, _AWS_PACE = 0.5, 3.0
"""Seconds between two looks for new lines."""


def _gameday(given: argparse.Namespace) -> int:
    from waterfall.gameday import report, run  # noqa: PLC0415 - only this command starts a stack
    from waterfall.stack.child import Program  # noqa: PLC0415

    def say(line: str) -> None:
        sys.stderr.write(f"{screen_of(sys.stderr).glyphs.dot} {clean(line)}\n")
        sys.stderr.flush()

    program = Program(given.directory, given.stack, dict(given.config))
    day = run.run(program, given.requests, given.clients, say)
    text = report.render(day, time.time())
    if given.report:
        given.report.write_text(text, encoding="utf-8")
    sys.stdout.write(text)
    return 1 if day.weaknesses or any(one.recovered_after is None for one in day.rounds) else 0


_RUN = {
    "sampling": _explain,
    "cost": _cost,
    "why": _why,
    "logs": _logs,
    "up": _up,
    "console": _console,
    "compare": _compare,
    "fault": _fault,
    "gameday": _gameday,
}


def _source(given: argparse.Namespace) -> Source:
    return Source(given.endpoint, aws=given.aws, profile=given.profile, region=given.region)


def _desk(given: argparse.Namespace) -> commands.Desk:
    return commands.Desk(
        reader=connect(_source(given)),
        screen=screen_of(sys.stdout),
        now=time.time(),
        json=given.json,
        aws=given.aws,
    )


def _read(given: argparse.Namespace) -> int:
    try:
        sys.stdout.write(_text(_desk(given), given))
    finally:
        # What is missed may be among what a full disk did not take: told whether something was found or not.
        for line in [] if given.aws else Known(given.endpoint).lost():
            sys.stderr.write(f"waterfall: {line}\n")
    return 0


def _text(desk: commands.Desk, given: argparse.Namespace) -> str:
    if given.command == "show":
        return _shown(desk, given)
    if given.command == "traces":
        return commands.list_traces(desk, given.since, given.limit, given.filter)
    return commands.draw_map(desk, given.since, given.trace)


def _shown(desk: commands.Desk, given: argparse.Namespace) -> str:
    if not given.logs:
        return commands.show_trace(desk, given.trace, details=given.details)
    from waterfall.commands import logs as command  # noqa: PLC0415 - only this option needs CloudWatch Logs
    from waterfall.logs import client  # noqa: PLC0415 - only this option needs CloudWatch Logs

    return command.shown(desk, client.Logs(_source(given)), given.trace, details=given.details)
