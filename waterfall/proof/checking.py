"""Records requests, and checks them against what was recorded or against another version."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from statistics import median

from waterfall.compare.difference import Finding, Pair
from waterfall.compare.normal import Entity
from waterfall.proof.budgets import judge, milliseconds
from waterfall.proof.cases import Case, Expectation, Filter
from waterfall.proof.noise import LOOKS, PAIRS, Slower, is_open, slower
from waterfall.proof.observing import Observer, Place, Run, filtered, measured
from waterfall.proof.recording import RecordingError, read_recording, written
from waterfall.proof.runs import Key, UnstableError, percentile, shared, spans
from waterfall.proof.verdict import Result, differences, explained, over_budget, slowed
from waterfall.traces.client import ReadError

Observe = Callable[[Case], tuple[list[Run], list[float]]]
"""Gives the runs of a case, and its cold starts in seconds."""
TIME = "(time)"
TIMES = ".times"
_ENDING = ".trace"


def observing(place: Place) -> Observe:
    """Return what sends a case: once to warm up, then as often as it says."""

    def observe(case: Case) -> tuple[list[Run], list[float]]:
        if isinstance(case.asked, Filter):
            runs = filtered(case, case.asked, place)
            return runs, [each for run in runs for each in run.cold_starts]
        observer = Observer(case, place)
        observer.warm_up()
        for _ in range(case.runs):
            observer.observe()
        return observer.runs, observer.cold_starts

    return observe


def file_of(folder: Path, case: Case) -> Path:
    return folder / f"{case.name}{_ENDING}"


def record(case: Case, folder: Path, observe: Observe) -> tuple[str, bool]:
    """Write the recording of a case; return its text, and whether that is another than before.

    What still equals a recording leaves it as it is. Raises ReadError when the runs differ in structure.
    """
    runs, _ = observe(case)
    try:
        form = shared([run.form for run in runs])
    except UnstableError as error:
        raise ReadError(
            f"{case.name}: {case.title} leaves different traces: {error.finding}; "
            "record what is the same each time"
        ) from error
    _note_times(folder, case, runs)
    return write_recording(file_of(folder, case), case.title, form)


def write_recording(file: Path, title: str, form: Sequence[Entity]) -> tuple[str, bool]:
    """Write a form unless the file says the same; return its text, and whether that is a new one."""
    with suppress(OSError, RecordingError, UnicodeDecodeError):
        before = file.read_text(encoding="utf-8")
        known = read_recording(before)
        if not differences(known, form)[0] and written(known, title) == before:
            return before, False
    text = written(form, title)
    file.write_text(text, encoding="utf-8")
    return text, True


def _note_times(folder: Path, case: Case, runs: Sequence[Run]) -> None:
    """Keep how long each span took, in milliseconds, in a file that Git ignores."""
    times = folder / TIMES
    times.mkdir(parents=True, exist_ok=True)
    ignore = folder / ".gitignore"
    if not ignore.exists():
        ignore.write_text(f"{TIMES}/\n", encoding="utf-8")
    noted = {
        " > ".join(key[1:] if key[0] == "trace" else key): {
            "median": round(median(each) * 1000, 3),
            "p95": round(percentile(each, 0.95) * 1000, 3),
            "count": len(each),
        }
        for key, each in series(runs).items()
    }
    (times / f"{case.name}.json").write_text(json.dumps(noted, indent=1) + "\n", encoding="utf-8")


def series(runs: Sequence[Run]) -> dict[Key, list[float]]:
    """Return the durations of each span that every run has, in seconds."""
    each = [run.seconds for run in runs]
    return {key: [run[key] for run in each] for key in each[0] if all(key in run for run in each)}


def check(case: Case, folder: Path, observe: Observe, expected: Sequence[Expectation]) -> Result:
    """Send a case again and compare it with its recording, and its budgets with what it took."""
    file = file_of(folder, case)
    try:
        known = read_recording(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Result(case, (), error=f"there is no {file}: `waterfall record {case.name}` writes it")
    except (OSError, UnicodeDecodeError, RecordingError) as error:
        return Result(case, (), error=f"{file}: {error}")
    try:
        runs, cold_starts = observe(case)
    except ReadError as error:
        return Result(case, (), error=str(error))
    return judged(case, known, runs, cold_starts, expected)


def judged(
    case: Case,
    known: Sequence[Entity],
    runs: Sequence[Run],
    cold_starts: Sequence[float],
    expected: Sequence[Expectation] = (),
) -> Result:
    """Compare runs with a form that is known, and with the budgets."""
    form, notes = form_of(known, runs)
    found, pairs = differences(known, form)
    verdicts = tuple(judge(budget, measured(runs, cold_starts)) for budget in case.budgets)
    told = explained(case.name, [*found, *over_budget(verdicts)], expected)
    notes += [f"{each.budget.text}: {each.found}" for each in verdicts if each.ok is None]
    return Result(case, tuple(told), tuple(pairs), verdicts, tuple(notes))


def form_of(known: Sequence[Entity], runs: Sequence[Run]) -> tuple[Sequence[Entity], list[str]]:
    """Return what runs share; where their structure differs, the one that differs most from what is known."""
    try:
        return shared([run.form for run in runs]), []
    except UnstableError:
        counted = [(len(differences(known, run.form)[0]), run.form) for run in runs]
        most, form = max(counted, key=lambda each: each[0])
        times = sum(count == most for count, _ in counted)
        return form, [f"its traces differ from run to run: this is {times} of {len(runs)}"]


def side_by_side(
    case: Case, before: Place, after: Place, expected: Sequence[Expectation], *, times: bool = True
) -> Result:
    """Send a case to two versions in turn, and compare what they left and, with `times`, how long it took."""
    sides = (Observer(case, before), Observer(case, after))
    try:
        for side in sides:
            side.warm_up()
            side.warm_up()
        _take_turns(sides, PAIRS if times else case.runs)
        known = shared([run.form for run in sides[0].runs])
        found = judged(case, known, sides[1].runs, sides[1].cold_starts)
        for _ in range(LOOKS - 1 if times else 0):
            if is_open(*_aligned(found, sides)):
                _take_turns(sides, PAIRS)
    except ReadError as error:
        return Result(case, (), error=str(error))
    except UnstableError as error:
        return Result(case, (), error=f"the version before leaves different traces: {error.finding}")
    slow = slower(*_aligned(found, sides)) if times else {}
    told = explained(case.name, [*found.differences, *slowed(slow)], expected)
    seconds = [median(run.trace.duration for run in side.runs) for side in sides]
    pairs = tuple(_timed(found.pairs, slow))
    return replace(found, differences=tuple(told), pairs=pairs, seconds=(seconds[0], seconds[1]))


def _timed(pairs: Sequence[Pair], slow: Mapping[Key, Slower]) -> Iterator[Pair]:
    """Note at its row what became slower."""
    keys = _keys(pairs)
    for pair in pairs:
        key = keys.get(id(pair.left), ())
        if key in slow:
            time = Finding(key, TIME, milliseconds(slow[key].before), milliseconds(slow[key].after))
            yield replace(pair, findings=(*pair.findings, time))
        else:
            yield pair


def _take_turns(sides: tuple[Observer, Observer], times: int) -> None:
    """Let both observe so often; which goes first is drawn each time, so that neither profits from it."""
    dice = random.Random(times)  # noqa: S311 - fair is enough
    for _ in range(times):
        for side in dice.sample(sides, 2):
            side.observe()


def _aligned(
    found: Result, sides: tuple[Observer, Observer]
) -> tuple[Mapping[Key, Sequence[float]], Mapping[Key, Sequence[float]]]:
    """Return the durations on both sides, by the keys of the version before."""
    keys = _keys(found.pairs)
    before, after = series(sides[0].runs), series(sides[1].runs)
    names = {
        keys[id(pair.left)]: keys[id(pair.right)]
        for pair in found.pairs
        if pair.left and pair.right and id(pair.left) in keys and id(pair.right) in keys
    }
    known = {key: other for key, other in names.items() if key in before and other in after}
    return {key: before[key] for key in known}, {key: after[other] for key, other in known.items()}


def _keys(pairs: Sequence[Pair]) -> dict[int, Key]:
    """Return the key of each entity on either side, by its `id`."""
    sides = [
        [one for one in side if one and one.fields["kind"] == "trace"]
        for side in zip(*((pair.left, pair.right) for pair in pairs), strict=True)
    ]
    return {id(one): key for side in sides for key, one in spans(side)}
