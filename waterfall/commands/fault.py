"""What `waterfall fault` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from waterfall.terminal import as_json, fault_list
from waterfall.terminal.screen import Screen, to_text

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from waterfall.faults.client import Experiment, Faults


def run(faults: Faults, given: argparse.Namespace, screen: Screen, now: float) -> str:
    """Do what was asked and return the text to print; raises ReadError."""
    if given.action == "list":
        found = faults.templates()
        if given.json:
            return as_json.dumps(as_json.templates_shape(found))
        if not found:
            return "no experiments: set `faults` and deploy again\n"
        return to_text(fault_list.templates(found, screen), screen)
    return _experiments(_changed(faults, given), given, screen, now)


def _changed(faults: Faults, given: argparse.Namespace) -> Sequence[Experiment]:
    if given.action == "start":
        return [faults.start(given.name)]
    if given.action == "stop":
        return faults.stop(given.name)
    if given.name:
        return [one for one in faults.experiments() if given.name in {one.id, one.name}]
    return faults.experiments()


def _experiments(found: Sequence[Experiment], given: argparse.Namespace, screen: Screen, now: float) -> str:
    if given.json:
        return as_json.dumps(as_json.experiments_shape(found, now))
    if not found:
        return "nothing was running\n" if given.action == "stop" else "no experiment was started yet\n"
    return to_text(fault_list.experiments(found, screen, now), screen)
