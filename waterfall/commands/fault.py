"""`waterfall fault`: experiments of AWS FIS, listed, started and stopped."""

from __future__ import annotations

import argparse
import re
import sys
import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from waterfall.commands import options
from waterfall.commands.context import printed, source_of
from waterfall.commands.options import Command
from waterfall.faults.client import Experiment, Faults
from waterfall.faults.direct import Fault, read_fault
from waterfall.faults.shapes import experiments_shape, templates_shape
from waterfall.shell import typed
from waterfall.stack.invocations import arn_of
from waterfall.terminal import faults as picture
from waterfall.terminal.screen import screen_of, to_text
from waterfall.terminal.text import clean, json_text
from waterfall.traces.arguments import span
from waterfall.traces.client import ReadError

_PROJECT = re.compile(r"""^name:\s*["']?([\w.-]+)""", re.MULTILINE | re.ASCII)


def _add_options(parser: argparse.ArgumentParser) -> None:
    options.add_reading(parser)
    parser.add_argument("action", choices=("list", "start", "stop", "status"), help="what to do")
    parser.add_argument(
        "name", nargs="?", metavar="NAME", help="an experiment's name or id; with a fault, a function"
    )
    fault = parser.add_argument_group("start, on the embedded AWS: a fault for any function")
    kind = fault.add_mutually_exclusive_group()
    for option, form, told in (
        ("--delay", "TIME", "wait so long before the handler, such as 500ms"),
        ("--status", "CODE", "answer with this HTTP status instead of the handler"),
    ):
        read = options.told(partial(_fault, option.removeprefix("--")))
        kind.add_argument(option, dest="fault", type=read, metavar=form, help=told)
    kind.add_argument(
        "--error",
        dest="fault",
        action="store_const",
        const=read_fault("error"),
        help="fail instead of the handler",
    )
    fault.add_argument(
        "--percentage", type=int, metavar="N", help="of its invocations; 1 to 100 (default: 100)"
    )
    fault.add_argument(
        "--for",
        dest="seconds",
        type=options.told(span),
        metavar="TIME",
        help="how long, up to 12h (default: 5m)",
    )
    whose = parser.add_argument_group("with --aws: whose experiments, by their tags project and stack")
    whose.add_argument(
        "-C", "--directory", type=Path, metavar="DIR", help="the program's folder (default: .)"
    )
    whose.add_argument("--stack", metavar="NAME", help="its stack (default: dev)")
    whose.add_argument("--all", action="store_true", help="everybody's in the region; stop asks first")


def _fault(kind: str, value: str) -> Fault:
    return read_fault(f"{kind} {value}")


def _check(given: argparse.Namespace) -> None:
    if given.fault and (given.action != "start" or given.aws):
        raise ValueError("--delay, --error and --status are for start, and for the embedded AWS")
    if not given.fault and (given.percentage, given.seconds) != (None, None):
        raise ValueError("--percentage and --for belong to --delay, --error or --status")
    if given.fault and not given.name:
        raise ValueError("name the function that is to suffer the fault")
    if given.action == "start" and not given.name:
        raise ValueError(f"fault start takes the name of an experiment; `{typed('fault list')}` shows them")
    if not given.aws and (given.directory or given.stack or given.all):
        raise ValueError("-C, --stack and --all choose among an account's: give them together with --aws")
    if given.all and (given.directory or given.stack):
        raise ValueError("--all is everybody's: leave out -C and --stack")


def _owner(given: argparse.Namespace) -> Mapping[str, str]:
    """Return the tags of what may be stopped: an account has experiments of other teams."""
    if not given.aws or given.all:
        return {}
    file = (given.directory or Path()) / "Pulumi.yaml"
    try:
        project = _PROJECT.search(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ReadError(
            f"{file}: {error.strerror}; with -C name the program whose experiments are meant, or take --all"
        ) from error
    if project is None:
        raise ReadError(f"{file} names no project: it needs a line such as `name: shop`")
    return {"project": project[1], "stack": given.stack or "dev"}


def _run(given: argparse.Namespace) -> int:
    faults = Faults(source_of(given), _owner(given))
    if given.all and given.action == "stop" and not _agreed(faults.running(given.name)):
        raise ReadError("nothing was stopped")
    return printed(_templates(faults, given) if given.action == "list" else _experiments(faults, given))


def _agreed(running: Sequence[Experiment]) -> bool:
    """Ask whether to stop these, which may be of other teams; no answer is a no."""
    if not running:
        return True
    names = ", ".join(f"{clean(one.name)} ({one.id})" for one in running)
    sys.stderr.write(f"stop {names}, whoever started them? [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in {"y", "yes"}


def _templates(faults: Faults, given: argparse.Namespace) -> str:
    found, screen = faults.templates(), screen_of(sys.stdout)
    if given.json:
        return json_text(templates_shape(found))
    if not found:
        return f"no experiments are declared; `{typed('fault start FUNCTION --delay 500ms')}` needs none\n"
    return to_text(picture.render_templates(found, screen), screen)


def _experiments(faults: Faults, given: argparse.Namespace) -> str:
    now, found, screen = time.time(), _changed(faults, given), screen_of(sys.stdout)
    if given.json:
        return json_text(experiments_shape(found, now))
    if not found:
        return "nothing was running\n" if given.action == "stop" else "no experiment was started yet\n"
    return to_text(picture.render_experiments(found, screen, now), screen)


def _changed(faults: Faults, given: argparse.Namespace) -> Sequence[Experiment]:
    if given.fault:
        arn = arn_of(source_of(given), given.name)
        percentage = 100 if given.percentage is None else given.percentage
        seconds = 300.0 if given.seconds is None else given.seconds
        return [faults.put(given.fault, given.name, arn, percentage=percentage, seconds=seconds)]
    if given.action == "start":
        return [faults.start(given.name)]
    if given.action == "stop":
        return faults.stop(given.name)
    if given.name:
        return [one for one in faults.experiments() if given.name in {one.id, one.name}]
    return faults.experiments()


COMMAND = Command(
    "Uses AWS FIS: `list` shows the experiments that can be started, `start` starts one by its name, or on "
    "the embedded AWS a fault of any function, `stop` stops one or all, `status` shows what was started and "
    "the time that is left.",
    _add_options,
    _run,
    _check,
)
