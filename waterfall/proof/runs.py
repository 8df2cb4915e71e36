"""Several runs of one request: what they share is recorded, what differs is marked, spans are timed."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from typing import Any

from waterfall.compare.alignment import align, groups, walk
from waterfall.compare.difference import Finding, pairs_of
from waterfall.compare.normal import Entity, entity
from waterfall.compare.values import Path, differing

VARIES = "<varies>"
"""The value of a field that differs from run to run."""

Key = tuple[str, ...]
"""The labels from a trace down to a span; the second of namesakes beside each other is `name #2`."""


class UnstableError(Exception):
    """One request left traces of different structure; `finding` is the first difference."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(str(finding))
        self.finding = finding


def shared(runs: Sequence[Sequence[Entity]]) -> tuple[Entity, ...]:
    """Return what all runs have in common; raises UnstableError when their structure differs.

    Siblings follow each other where they did so in every run, else they ran side by side. Times are those of
    the first run.
    """
    first = runs[0]
    partners = [{id(one): one for one in walk(first)}]
    varying: dict[int, set[Path]] = {}
    for run in runs[1:]:
        found = align(first, run)
        partners.append(found.of_left)
        for pair in pairs_of(first, run):
            if (
                pair.left is None
                or pair.right is None
                or pair.left.fields["name"] != pair.right.fields["name"]
            ):
                raise UnstableError(pair.findings[0])
            for path, *values in differing(pair.left.fields, pair.right.fields):
                varying.setdefault(id(pair.left), set()).update(_below(path, values))
        if found.moved:
            raise UnstableError(next(each for pair in pairs_of(first, run) for each in pair.findings))
    return _rebuilt(first, partners, varying)


def _below(path: Path, values: Sequence[Any]) -> Iterator[Path]:
    """Yield the paths that differ where one value may be an object and the other is not there."""
    objects = [value for value in values if isinstance(value, Mapping)]
    if objects and None in values:
        yield from ((*path, key) for key in objects[0])
    else:
        yield path


def _rebuilt(
    first: Sequence[Entity], partners: Sequence[Mapping[int, Entity]], varying: Mapping[int, set[Path]]
) -> tuple[Entity, ...]:
    made: dict[int, Entity] = {}
    times = {id(root): (root.start, root.end) for root in first}
    for one in walk(first):
        for together in _groups(one.children, partners):
            times |= _times(together)
    for one in reversed(list(walk(first))):
        fields = deepcopy(dict(one.fields))
        for path in varying.get(id(one), ()):
            _vary(fields, path)
        start, end = times[id(one)]
        made[id(one)] = entity(fields, [made[id(child)] for child in one.children], start=start, end=end)
    return tuple(made[id(root)] for root in first)


def _times(together: Sequence[Entity]) -> dict[int, tuple[float, float]]:
    """Return when siblings ran in the first run; those that only others saw side by side, all at once."""
    if len(groups(together)) == 1:
        return {id(one): (one.start, one.end) for one in together}
    start, end = min(one.start for one in together), max(one.end for one in together)
    return {id(one): (start, end) for one in together}


def _groups(siblings: Sequence[Entity], partners: Sequence[Mapping[int, Entity]]) -> Iterator[list[Entity]]:
    """Cut siblings where in every run all before had ended when the first after began."""
    ordered = sorted(siblings, key=lambda one: (one.start, one.end))
    group: list[Entity] = []
    for number, one in enumerate(ordered):
        if group and all(
            max(of[id(each)].end for each in ordered[:number])
            <= min(of[id(each)].start for each in ordered[number:])
            for of in partners
        ):
            yield group
            group = []
        group.append(one)
    if group:
        yield group


def _vary(fields: Any, path: Path) -> None:
    place = fields
    for key in path[:-1]:
        place = place.setdefault(key, {}) if isinstance(place, dict) else place[key]
    place[path[-1]] = VARIES


def spans(traces: Sequence[Entity]) -> Iterator[tuple[Key, Entity]]:
    """Yield every span with its key, in reading order."""
    pending: list[tuple[Key, Entity]] = [*_keyed((), traces)][::-1]
    while pending:
        key, one = pending.pop()
        yield key, one
        pending += [*_keyed(key, one.children)][::-1]


def _keyed(above: Key, siblings: Sequence[Entity]) -> Iterator[tuple[Key, Entity]]:
    seen: Counter[str] = Counter()
    for one in sorted(siblings, key=lambda each: (each.start, each.end)):
        seen[one.label] += 1
        count = seen[one.label]
        yield (*above, one.label if count == 1 else f"{one.label} #{count}"), one


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that at least this share of the values do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]
