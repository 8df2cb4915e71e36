"""`waterfall check`: what requests leave, compared with what was recorded."""

from __future__ import annotations

import argparse
import sys

from waterfall.commands import proving
from waterfall.commands.context import printed, say
from waterfall.commands.options import Command
from waterfall.proof.cases import read_expected
from waterfall.proof.checking import check, observing
from waterfall.proof.verdict import unmet
from waterfall.terminal import proof
from waterfall.terminal.screen import screen_of, to_text


def _run(given: argparse.Namespace) -> int:
    folder, cases = proving.folder_of(given), proving.cases_of(given)
    expected = read_expected(folder)
    observe = observing(proving.place_of(given))
    results = []
    for case in cases:
        say(f"{case.name}: {case.title}")
        results.append(check(case, folder, observe, expected))
    screen = screen_of(sys.stdout)
    printed(to_text(proof.render(results, unmet(results, expected), screen), screen))
    return int(not all(result.ok for result in results))


COMMAND = Command(
    "Sends the requests of traces/requests.yaml again and tells what differs from their recordings, and "
    "which budgets they exceed. Exit status 1 when anything does that traces/expected.yaml does not name.",
    proving.add_options,
    _run,
    proving.check_options,
)
