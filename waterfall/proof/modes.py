"""The same requests in each tracing mode, now: one stack for each, what each left, and the difference."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from waterfall.compare.difference import Comparison, compare
from waterfall.proof.cases import FOLDER, REQUESTS, Case, read_cases, read_redaction
from waterfall.proof.observing import Observer, Place, Run
from waterfall.proof.recorders import recorders
from waterfall.proof.versions import running
from waterfall.stack.child import Program
from waterfall.stack.requests import Request
from waterfall.stack.routes import first_route
from waterfall.traces.client import ReadError
from waterfall.traces.model import Trace

MODES = ("native", "otel")


class FalseProofError(Exception):
    """Both modes were recorded by the same, so their equality proves nothing; the message says by whom."""


@dataclass(frozen=True, slots=True)
class Compared:
    """Their traces in pairs; `unmoved` says which functions do not follow the setting."""

    comparisons: tuple[Comparison, ...]
    unmoved: tuple[str, ...]


def compare_modes(program: Program, say: Callable[[str], None]) -> Compared:
    """Run the program in each mode and compare what its recorded requests leave, else its first GET route.

    Raises ReadError when a stack does not start or leaves no trace, and FalseProofError where no function
    follows the setting. `say` takes lines of progress.
    """
    folder = program.directory / FOLDER
    programs = {mode: replace(program, settings=settings_of(mode, program.settings)) for mode in MODES}
    with running(programs, read_redaction(folder), say, "mode") as places:
        return compare_places(_cases(folder, places[0]), places, say)


def compare_places(cases: Sequence[Case], places: Sequence[Place], say: Callable[[str], None]) -> Compared:
    """Compare what requests leave in a stack of each of `MODES`; raises as `compare_modes` does."""
    with ThreadPoolExecutor(len(MODES)) as pool:
        left, right = pool.map(lambda place: [_observed(case, place) for case in cases], places)
    who = [recorders(side) for side in (left, right)]
    for mode, found in zip(MODES, who, strict=True):
        say(f"{mode}: recorded by {' and '.join(sorted(set(found.values()))) or 'nobody'}")
    unmoved = tuple(unmoved_functions(*who))
    pairs = [pair for one, other in zip(left, right, strict=True) for pair in _pairs(one, other)]
    comparisons = tuple(
        compare(one, other, (places[0].reader.map_of(one), places[1].reader.map_of(other)))
        for one, other in pairs
    )
    return Compared(comparisons, unmoved)


def unmoved_functions(left: Mapping[str, str], right: Mapping[str, str]) -> list[str]:
    """Return who recorded the functions for which that is the same on both sides, as `name: recorder`.

    Raises FalseProofError when it is so for all.
    """
    same = [name for name in left if left[name] == right.get(name)]
    if same and len(same) == len(left):
        who = " and ".join(sorted({left[name] for name in same}))
        raise FalseProofError(
            f"both sides were recorded by the {who}: the program does not follow the setting `tracing`"
        )
    return [f"{name}: {left[name]}" for name in same]


def settings_of(mode: str, given: Mapping[str, str]) -> dict[str, str]:
    """Return the settings of one side; `export` is about OpenTelemetry, the native SDK has one way out."""
    native = {"export": "xray"} if mode == "native" and "export" in given else {}
    return {**given, **native, "tracing": mode}


def _cases(folder: Path, place: Place) -> list[Case]:
    if (folder / REQUESTS).exists():
        return read_cases(folder)
    route = first_route(place.source, place.apis.values())
    if route is None or route.method != "GET":
        raise ReadError(
            "there is nothing to request: this program has no API with a GET route; "
            f"name requests in {folder / REQUESTS}"
        )
    base = next(url for url in place.apis.values() if route.url.startswith(url.rstrip("/")))
    path = route.url.removeprefix(base.rstrip("/"))
    return [Case("first", Request("GET", path or "/", {}, None))]


def _observed(case: Case, place: Place) -> Run:
    observer = Observer(case, place)
    observer.warm_up()
    observer.observe()
    return observer.runs[-1]


def _pairs(left: Run, right: Run) -> Sequence[tuple[Trace, Trace]]:
    if len(left.linked) != len(right.linked):
        more, mode = (left, MODES[0]) if len(left.linked) > len(right.linked) else (right, MODES[1])
        raise ReadError(f"only mode {mode} left a linked trace: {more.linked[-1].id}")
    ordered = [sorted(run.linked, key=lambda trace: trace.start) for run in (left, right)]
    return [(left.trace, right.trace), *zip(*ordered, strict=True)]
