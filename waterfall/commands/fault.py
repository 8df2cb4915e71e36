"""`waterfall fault`: experiments of AWS FIS, listed, started and stopped."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence

from waterfall.commands import options
from waterfall.commands.context import printed, source_of
from waterfall.commands.options import Command
from waterfall.faults.client import Experiment, Faults
from waterfall.faults.shapes import experiments_shape, templates_shape
from waterfall.shell import typed
from waterfall.terminal import faults as picture
from waterfall.terminal.screen import screen_of, to_text
from waterfall.terminal.text import json_text


def _add_options(parser: argparse.ArgumentParser) -> None:
    options.add_reading(parser)
    parser.add_argument("action", choices=("list", "start", "stop", "status"), help="what to do")
    parser.add_argument("name", nargs="?", metavar="NAME", help="an experiment's name or id")


def _check(given: argparse.Namespace) -> None:
    if given.action == "start" and not given.name:
        raise ValueError(f"fault start takes the name of an experiment; `{typed('fault list')}` shows them")


def _run(given: argparse.Namespace) -> int:
    faults = Faults(source_of(given))
    return printed(_templates(faults, given) if given.action == "list" else _experiments(faults, given))


def _templates(faults: Faults, given: argparse.Namespace) -> str:
    found, screen = faults.templates(), screen_of(sys.stdout)
    if given.json:
        return json_text(templates_shape(found))
    if not found:
        return "no experiments: set `faults` and deploy again\n"
    return to_text(picture.render_templates(found, screen), screen)


def _experiments(faults: Faults, given: argparse.Namespace) -> str:
    now, found, screen = time.time(), _changed(faults, given), screen_of(sys.stdout)
    if given.json:
        return json_text(experiments_shape(found, now))
    if not found:
        return "nothing was running\n" if given.action == "stop" else "no experiment was started yet\n"
    return to_text(picture.render_experiments(found, screen, now), screen)


def _changed(faults: Faults, given: argparse.Namespace) -> Sequence[Experiment]:
    if given.action == "start":
        return [faults.start(given.name)]
    if given.action == "stop":
        return faults.stop(given.name)
    if given.name:
        return [one for one in faults.experiments() if given.name in {one.id, one.name}]
    return faults.experiments()


COMMAND = Command(
    "Uses AWS FIS: `list` shows the experiments that can be started, `start` starts one by its name, "
    "`stop` stops one or all, `status` shows what was started and the time that is left.",
    _add_options,
    _run,
    _check,
)
