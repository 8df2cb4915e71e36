"""What differs between two normal forms."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from waterfall.compare.alignment import Alignment, align, walk
from waterfall.compare.ephemeral import settled
from waterfall.compare.graph import graph_form
from waterfall.compare.normal import Entity, is_cold, normal_form
from waterfall.compare.values import differing, dotted
from waterfall.traces.model import Trace
from waterfall.traces.service_map import ServiceMap

WHOLE = "(whole)"
ORDER = "(order)"
PLACE = "(place)"
MAP = "service map"


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference; `left` and `right` are JSON values, `None` for what is not there.

    `path` leads from the root to the segment or service, `field` is what differs in it: dotted, `(whole)`
    when one side lacks it altogether, `(order)` when siblings came in another order, `(place)` when it moved.
    """

    path: tuple[str, ...]
    field: str
    left: Any
    right: Any

    def __str__(self) -> str:
        return f"{' > '.join(self.path)}: {self.field}: {_shown(self.left)} | {_shown(self.right)}"


def _shown(value: Any) -> str:
    return "absent" if value is None else repr(value)


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """Two entities that stand for each other, or one that stands alone; `depth` is that in the tree."""

    left: Entity | None
    right: Entity | None
    depth: int
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two traces side by side, in reading order; `map_findings` are about their service maps."""

    left: Trace
    right: Trace
    pairs: tuple[Pair, ...]
    map_findings: tuple[Finding, ...]

    @property
    def findings(self) -> tuple[Finding, ...]:
        return (*(finding for pair in self.pairs for finding in pair.findings), *self.map_findings)

    @property
    def equal(self) -> bool:
        return not self.findings

    @property
    def imports_left_out(self) -> bool:
        """Tell whether only one of the traces has a cold start: work at import is then not compared."""
        return is_cold(self.left) != is_cold(self.right)


def compare(left: Trace, right: Trace, maps: tuple[ServiceMap, ServiceMap] | None = None) -> Comparison:
    """Compare two traces and, when given, the service map of each."""
    imports = is_cold(left) == is_cold(right)
    forms = normal_form(left, imports=imports), normal_form(right, imports=imports)
    graphs = [
        graph_form(graph, settled(trace)) for graph, trace in zip(maps or (), (left, right), strict=False)
    ]
    return Comparison(
        left, right, tuple(pairs_of(*forms)), tuple(_of_values((MAP,), *graphs)) if graphs else ()
    )


def pairs_of(left: Sequence[Entity], right: Sequence[Entity]) -> list[Pair]:
    """Return the rows of two forests side by side: in the order of the left one, what was added in between.

    What lies below something added or removed, and shares its lot, has no row of its own.
    """
    found = align(left, right)
    lefts, rights = _Side(left), _Side(right)
    rows = [row for one in walk(left) if (row := _row(one, found, lefts, rights))]
    for other in reversed(list(walk(right))):
        if id(other) not in found.of_right and not _shares_lot(other, rights, found.of_right):
            at = _place_of_added(other, rows, found, rights)
            path = rights.path(other)
            alone = Finding(path, WHOLE, None, _summary(other, found.of_right))
            rows.insert(at, Pair(None, other, len(path) - 1, (alone,)))
    return rows


class _Side:
    """One of two forests: whose child each entity is."""

    def __init__(self, roots: Sequence[Entity]) -> None:
        self.parents = {id(child): entity for entity in walk(roots) for child in entity.children}

    def above(self, entity: Entity) -> list[Entity]:
        """Return the entities around one, the nearest first."""
        found = []
        while (parent := self.parents.get(id(entity))) is not None:
            found.append(entity := parent)
        return found

    def path(self, entity: Entity) -> tuple[str, ...]:
        return tuple(each.label for each in [*self.above(entity)[::-1], entity])


def _row(one: Entity, found: Alignment, lefts: _Side, rights: _Side) -> Pair | None:
    other, path = found.of_left.get(id(one)), lefts.path(one)
    if other is None:
        if _shares_lot(one, lefts, found.of_left):
            return None
        alone = Finding(path, WHOLE, _summary(one, found.of_left), None)
        return Pair(one, None, len(path) - 1, (alone,))
    depth = max(len(path), len(rights.path(other))) - 1
    findings = [*_findings(path, one, other, found)]
    if id(one) in found.moved:
        places = (" > ".join(each[:-1]) for each in (path, rights.path(other)))
        findings.insert(0, Finding(path, PLACE, *places))
    return Pair(one, other, depth, tuple(findings))


def _findings(path: tuple[str, ...], one: Entity, other: Entity, found: Alignment) -> Iterator[Finding]:
    if one.signature != other.signature:
        yield from _of_values(path, one.fields, other.fields)
    yield from _reordered(path, one, other, found)


def _shares_lot(entity: Entity, side: _Side, partners: Mapping[int, Entity]) -> bool:
    """Tell whether what is around an entity has no partner either."""
    parent = side.parents.get(id(entity))
    return parent is not None and id(parent) not in partners


def _place_of_added(other: Entity, rows: Sequence[Pair], found: Alignment, rights: _Side) -> int:
    """Return where an added entity's row goes: before the first that is below it, else last in its parent."""
    below = {id(each) for each in walk([other])}
    inside = [at for at, pair in enumerate(rows) if id(pair.right) in below]
    if inside:
        return inside[0]
    parents = [each for each in rights.above(other) if id(each) in found.of_right]
    if not parents:
        return len(rows)
    (at,) = (at for at, pair in enumerate(rows) if pair.right is parents[0])
    depth = rows[at].depth
    return next((end for end in range(at + 1, len(rows)) if rows[end].depth <= depth), len(rows))


def _summary(entity: Entity, partners: Mapping[int, Entity]) -> str:
    """Name an entity with the number of those below it that share its lot."""
    count, pending = 0, list(entity.children)
    while pending:
        below = pending.pop()
        if id(below) not in partners:
            count += 1
            pending += below.children
    return f"{entity.label} and {count} below it" if count else entity.label


def _of_values(path: tuple[str, ...], left: Any, right: Any) -> Iterator[Finding]:
    for field, one, other in differing(left, right):
        yield Finding(path, dotted(field), one, other)


def _reordered(path: tuple[str, ...], one: Entity, other: Entity, found: Alignment) -> Iterator[Finding]:
    """Find neighbours of which one ended before the other began, on one side so and on the other not."""
    here = {id(child) for child in other.children}
    pairs = [(child, found.of_left.get(id(child))) for child in one.children]
    both = [(a, b) for a, b in pairs if b is not None and id(b) in here]
    for (a, b), (next_a, next_b) in pairwise(both):
        if a.end <= next_a.start and next_b.end <= b.start:
            yield Finding(path, ORDER, f"{a.label} before {next_a.label}", f"{next_b.label} before {b.label}")
