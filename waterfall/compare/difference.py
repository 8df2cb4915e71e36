"""What differs between two normal forms."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from waterfall.compare.ephemeral import settled
from waterfall.compare.graph import graph_form
from waterfall.compare.normal import Entity, is_cold, normal_form
from waterfall.traces.model import Trace
from waterfall.traces.service_map import ServiceMap

WHOLE = "(whole)"
ORDER = "(order)"
MAP = "service map"


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference; `left` and `right` are JSON values, `None` for what is not there.

    `path` leads from the root to the segment or service, `field` is what differs in it: dotted, `(whole)`
    when one side lacks it altogether, `(order)` when siblings came in another order.
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
        left, right, tuple(_pairs(*forms)), tuple(_of_values((MAP,), "", *graphs)) if graphs else ()
    )


def _pairs(left: Sequence[Entity], right: Sequence[Entity]) -> Iterator[Pair]:
    root: tuple[str, ...] = ()
    pending = [(one, other, root) for one, other in _matched(left, right)][::-1]
    while pending:
        one, other, above = pending.pop()
        path = (*above, _label(one, other))
        yield Pair(one, other, len(above), tuple(_findings(path, one, other)))
        if one and other:
            pending += [(a, b, path) for a, b in _matched(one.children, other.children)][::-1]


def _label(one: Entity | None, other: Entity | None) -> str:
    found = one or other
    return found.label if found else ""


def _findings(path: tuple[str, ...], one: Entity | None, other: Entity | None) -> Iterator[Finding]:
    if one is None or other is None:
        yield Finding(path, WHOLE, one and _summary(one), other and _summary(other))
        return
    if one.signature != other.signature:
        yield from _of_values(path, "", one.fields, other.fields)
    yield from _reordered(path, one, other)


def _summary(entity: Entity) -> str:
    """Name an entity with the number of those below it."""
    count, pending = 0, list(entity.children)
    while pending:
        count += 1
        pending += pending.pop().children
    return f"{entity.label} and {count} below it" if count else entity.label


def _of_values(path: tuple[str, ...], field: str, left: Any, right: Any) -> Iterator[Finding]:
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        for key in sorted(left.keys() | right.keys()):
            yield from _of_values(path, f"{field}.{key}" if field else key, left.get(key), right.get(key))
    elif isinstance(left, list) and isinstance(right, list) and len(left) == len(right):
        for number, (one, other) in enumerate(zip(left, right, strict=True)):
            yield from _of_values(path, f"{field}[{number}]", one, other)
    elif left != right or isinstance(left, bool) != isinstance(right, bool):
        yield Finding(path, field, left, right)


def _reordered(path: tuple[str, ...], one: Entity, other: Entity) -> Iterator[Finding]:
    """Find neighbours of which one ended before the other began, on one side so and on the other not."""
    both = [(a, b) for a, b in _matched(one.children, other.children) if a and b]
    for (a, b), (next_a, next_b) in pairwise(both):
        if a.end <= next_a.start and next_b.end <= b.start:
            yield Finding(path, ORDER, f"{a.label} before {next_a.label}", f"{next_b.label} before {b.label}")


def _operation(entity: Entity) -> str:
    return str(entity.fields.get("aws", {}).get("operation"))


_KEYS: tuple[Callable[[Entity], Hashable], ...] = (
    lambda entity: entity.signature,
    lambda entity: (entity.label, str(entity.fields.get("aws")), str(entity.fields.get("annotations"))),
    lambda entity: entity.label,
    lambda entity: entity.fields["name"],
    lambda entity: (entity.fields["kind"], entity.fields.get("namespace"), _operation(entity)),
)
"""Which entities stand for each other: the equal, else the most alike."""


def _matched(left: Sequence[Entity], right: Sequence[Entity]) -> list[tuple[Entity | None, Entity | None]]:
    """Pair siblings, in the order of the left ones; those without a partner come last."""
    partners: dict[int, Entity] = {}
    lefts, rights = list(left), list(right)
    for key in _KEYS:
        waiting: dict[Hashable, list[Entity]] = defaultdict(list)
        for entity in rights:
            waiting[key(entity)].append(entity)
        for entity in lefts:
            if found := waiting[key(entity)]:
                partners[id(entity)] = found.pop(0)
        taken = set(map(id, partners.values()))
        lefts = [entity for entity in lefts if id(entity) not in partners]
        rights = [entity for entity in rights if id(entity) not in taken]
    return [*((entity, partners.get(id(entity))) for entity in left), *((None, entity) for entity in rights)]
