"""`waterfall migrate`: moves a code base from the X-Ray SDK and Powertools Tracer, and proves it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from waterfall.commands.context import printed, say
from waterfall.commands.options import Command
from waterfall.migrate import needs
from waterfall.migrate.inventory import Change
from waterfall.migrate.report import moved, report
from waterfall.proof.cases import FOLDER, read_cases, read_expected, read_redaction
from waterfall.proof.checking import side_by_side
from waterfall.proof.versions import checked_out, running
from waterfall.stack.child import Program
from waterfall.terminal import migrate as told
from waterfall.terminal.screen import screen_of, to_text
from waterfall.traces.client import ReadError

if TYPE_CHECKING:
    from waterfall.proof.verdict import Result

REPORT = "report"


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "words",
        nargs="*",
        metavar="[report] [DIR]",
        help="a folder or file (default: .); `report`: the proof",
    )
    parser.add_argument("--write", action="store_true", help="change the files; without it, show the diff")
    parser.add_argument(
        "--base", metavar="REF", help="with report: the Git revision, or folder, before the move"
    )


def _check(given: argparse.Namespace) -> None:
    given.is_report = given.words[:1] == [REPORT]
    places = given.words[given.is_report :]
    if len(places) > 1:
        raise ValueError("give one folder or file; a folder that is called report is ./report")
    given.place = Path(*places)
    if given.is_report and (given.write or not given.base):
        raise ValueError("report needs --base, the revision before the move, and takes no --write")
    if given.base and not given.is_report:
        raise ValueError("--base belongs to report: waterfall migrate report --base REF")


def _run(given: argparse.Namespace) -> int:
    if find_spec("libcst") is None:
        raise ReadError("migrate needs LibCST: pip install 'traced-api[migrate]'")
    if not given.place.exists():
        raise ReadError(f"there is no {given.place}: give the folder or file whose code moves")
    return _report(given) if given.is_report else _migrate(given)


def _migrate(given: argparse.Namespace) -> int:
    changes = _changes(given.place)
    screen = screen_of(sys.stdout)
    printed(to_text(told.inventory(changes, screen), screen))
    if given.write:
        for change in changes:
            _write(change)
    else:
        printed("\n" + told.diff(changes))
    components = needs.has_components(given.place)
    steps = needs.steps(changes, components=components)
    printed(to_text(told.needs(steps, needs.settings(given.place), screen), screen))
    return int(any(change.error for change in changes))


def _report(given: argparse.Namespace) -> int:
    here, folder = Program(given.place, None, {}), given.place / FOLDER
    cases, expected = read_cases(folder), read_expected(folder)
    results: list[Result] = []
    with ExitStack() as held:
        there = held.enter_context(checked_out(here, given.base))
        files = list(moved(_changes(there.directory), _changes(given.place), there.directory, given.place))
        programs = {"before": there, "after": here}
        before, after = held.enter_context(running(programs, read_redaction(folder), say, "version"))
        for case in cases:
            say(f"{case.name}: {case.title}")
            results.append(side_by_side(case, before, after, expected))
    printed(report(files, results))
    return int(not all(result.ok for result in results))


def _changes(place: Path) -> Sequence[Change]:
    from waterfall.migrate.rewriting import rewrite_all  # noqa: PLC0415 - LibCST is an extra

    return rewrite_all(place)


def _write(change: Change) -> None:
    if change.is_changed:
        try:
            change.path.write_bytes(change.after.encode("utf-8"))
        except OSError as error:
            raise ReadError(f"{change.path} cannot be written: {error.strerror}") from error


COMMAND = Command(
    "Finds every use of the X-Ray SDK and of Powertools Tracer in a folder, says what becomes of each and "
    "why some are left in place, and shows the diff to the OpenTelemetry API and `tracing`; --write "
    "applies it. `waterfall migrate report --base REF` runs the requests of traces/requests.yaml before and "
    "after the move, side by side, and prints Markdown.",
    _add_options,
    _run,
    _check,
)
