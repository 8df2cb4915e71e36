"""`waterfall check`: what requests leave, compared with what was recorded."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from waterfall.commands import options, proving
from waterfall.commands.context import printed, say
from waterfall.commands.options import Command
from waterfall.proof.cases import Case, Expectation, read_expected, read_redaction
from waterfall.proof.checking import check, observing, side_by_side
from waterfall.proof.shapes import check_shape, junit
from waterfall.proof.verdict import Result, unmet
from waterfall.proof.versions import checked_out, running
from waterfall.stack.child import Program
from waterfall.terminal import proof
from waterfall.terminal.markdown import markdown
from waterfall.terminal.screen import screen_of, to_text
from waterfall.terminal.text import json_text
from waterfall.traces.client import ReadError


def _add_options(parser: argparse.ArgumentParser) -> None:
    proving.add_options(parser)
    parser.add_argument("--json", action="store_true", help="print JSON, its shape is stable")
    parser.add_argument("--junit", type=Path, metavar="FILE", help="write JUnit XML too")
    parser.add_argument(
        "--markdown", type=Path, metavar="FILE", help="write Markdown too, for a pull request"
    )
    base = parser.add_argument_group("comparing two versions")
    base.add_argument(
        "--base",
        metavar="REF",
        help="run the program of this Git revision, or folder, and of -C side by side here",
    )
    base.add_argument(
        "--stack", metavar="NAME", help="the Pulumi stack whose settings are used (default: dev)"
    )
    options.add_pairs(
        base, "--config", "setting", form="KEY=VALUE", example="tracing=native", told="override a setting"
    )


def _check(given: argparse.Namespace) -> None:
    proving.check_options(given)
    if given.base and (given.aws or given.endpoint or given.filter):
        raise ValueError("--base runs both versions on this machine: give no --aws, --endpoint or --filter")
    if not given.base and (given.stack or given.config):
        raise ValueError("--stack and --config belong to --base: a running stack has its own")


def _run(given: argparse.Namespace) -> int:
    expected, cases = read_expected(proving.folder_of(given)), proving.cases_of(given)
    results = list((_versions if given.base else _recordings)(given, cases, expected))
    left = unmet(results, expected)
    screen = screen_of(sys.stdout)
    text = (
        json_text(check_shape(results))
        if given.json
        else to_text(proof.render(results, left, screen), screen)
    )
    _write(given.junit, junit(results))
    _write(given.markdown, markdown(results, left))
    printed(text)
    return int(not all(result.ok for result in results))


def _recordings(
    given: argparse.Namespace, cases: Sequence[Case], expected: Sequence[Expectation]
) -> Iterator[Result]:
    observe = observing(proving.place_of(given))
    for case in cases:
        say(f"{case.name}: {case.title}")
        yield check(case, proving.folder_of(given), observe, expected)


def _versions(
    given: argparse.Namespace, cases: Sequence[Case], expected: Sequence[Expectation]
) -> Iterator[Result]:
    here = Program(given.directory, given.stack, dict(given.config))
    redact = read_redaction(proving.folder_of(given))
    with (
        checked_out(here, given.base) as there,
        running({"before": there, "after": here}, redact, say, "version") as (before, after),
    ):
        for case in cases:
            say(f"{case.name}: {case.title}")
            yield side_by_side(case, before, after, expected)


def _write(file: Path | None, text: str) -> None:
    if file is None:
        return
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ReadError(f"{file} cannot be written: {error.strerror}") from error


COMMAND = Command(
    "Sends the requests of traces/requests.yaml again and tells what differs from their recordings, and "
    "which budgets they exceed. With --base it compares two versions of the program that take turns on this "
    "machine, and tells what became slower too. Exit status 1 when anything differs that "
    "traces/expected.yaml does not name.",
    _add_options,
    _run,
    _check,
)
