"""`waterfall record`: what requests leave, as text to review and to check against."""

from __future__ import annotations

import argparse
import os

from waterfall.commands import proving
from waterfall.commands.context import printed, say
from waterfall.commands.options import Command
from waterfall.proof.checking import file_of, observing, record


def _run(given: argparse.Namespace) -> int:
    folder, cases = proving.folder_of(given), proving.cases_of(given)
    observe = observing(proving.place_of(given))
    folder.mkdir(parents=True, exist_ok=True)
    for case in cases:
        say(f"{case.name}: {case.title}")
        _, is_new = record(case, folder, observe)
        printed(f"{os.path.relpath(file_of(folder, case))}{'' if is_new else ' (unchanged)'}\n")
    return 0


COMMAND = Command(
    "Sends the requests of traces/requests.yaml to the running stack, or with --aws to an account, and "
    "writes what each left to traces/NAME.trace: the trace and those linked to it, without ids and times.",
    proving.add_options,
    _run,
    proving.check_options,
)
