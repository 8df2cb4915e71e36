"""Which entities of two traces stand for each other."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain

from waterfall.compare.edit_distance import Tree, matched
from waterfall.compare.normal import Entity

_MOST_CELLS = 40_000
"""Pairs of entities up to which the cheapest edit is looked for: a second or so."""
_MANY = 1_000_000
_NEVER = float("inf")


@dataclass(slots=True)
class Alignment:
    """The partner of each entity, by `id`; one that has none was added, or removed."""

    of_left: dict[int, Entity] = field(default_factory=dict)
    of_right: dict[int, Entity] = field(default_factory=dict)
    moved: set[int] = field(default_factory=set)
    """Left entities whose partner stands at another place."""

    def join(self, left: Entity, right: Entity) -> None:
        self.of_left[id(left)] = right
        self.of_right[id(right)] = left

    def open_below(self, left: Entity, right: Entity) -> tuple[list[Entity], list[Entity]]:
        """Return the children of two entities that have no partner yet."""
        return (
            [child for child in left.children if id(child) not in self.of_left],
            [child for child in right.children if id(child) not in self.of_right],
        )


def align(left: Sequence[Entity], right: Sequence[Entity]) -> Alignment:
    """Find the partners: the equal first, then by name, then by the cheapest edit of what is left."""
    found = Alignment()
    pending = [(list(left), list(right))]
    while pending:
        lefts, rights = pending.pop()
        for one, other in _by(lefts, rights, _signature, _MANY):
            _join_equal(found, one, other)
        for one, other in _namesakes(lefts, rights):
            if one.signature == other.signature:
                _join_equal(found, one, other)
            else:
                found.join(one, other)
                pending.append((list(one.children), list(other.children)))
        edited = _edited(lefts, rights)
        for one, other in edited:
            found.join(one, other)
        pending += [found.open_below(one, other) for one, other in edited]
    _find_moved(found, left, right)
    return found


def walk(entities: Iterable[Entity]) -> Iterator[Entity]:
    """Yield entities in reading order; of any depth."""
    pending = list(entities)[::-1]
    while pending:
        entity = pending.pop()
        yield entity
        pending += entity.children[::-1]


def _by(
    lefts: list[Entity], rights: list[Entity], key: Callable[[Entity], Hashable], most: int | None = None
) -> list[tuple[Entity, Entity]]:
    """Take the pairs with the same key out of both lists, in order.

    With `most`, only those that both lists have equally often, and no more often than that: which of others
    stand for each other, their places decide.
    """
    waiting: dict[Hashable, list[Entity]] = defaultdict(list)
    for entity in rights:
        waiting[key(entity)].append(entity)
    keys = [key(entity) for entity in lefts]
    if most is not None:
        counts = Counter(keys)
        waiting = defaultdict(
            list,
            {each: found for each, found in waiting.items() if len(found) == counts[each] <= most},
        )
    pairs = [
        (entity, waiting[its_key].pop(0))
        for entity, its_key in zip(lefts, keys, strict=True)
        if waiting[its_key]
    ]
    taken = {id(entity) for pair in pairs for entity in pair}
    for entities in (lefts, rights):
        entities[:] = [entity for entity in entities if id(entity) not in taken]
    return pairs


def _join_equal(found: Alignment, left: Entity, right: Entity) -> None:
    """Join two subtrees that are equal but for the order of siblings."""
    pending = [(left, right)]
    while pending:
        one, other = pending.pop()
        found.join(one, other)
        pending += _by(list(one.children), list(other.children), _signature)


def _signature(entity: Entity) -> Hashable:
    return entity.signature


_NAMESAKES: tuple[Callable[[Entity], Hashable], ...] = (
    lambda entity: (entity.label, str(entity.fields.get("aws")), str(entity.fields.get("annotations"))),
    lambda entity: entity.label,
)
_ALIKE: tuple[Callable[[Entity], Hashable], ...] = (
    lambda entity: entity.fields["name"],
    lambda entity: (entity.fields["kind"], entity.fields.get("namespace"), _operation(entity)),
)


def _namesakes(lefts: list[Entity], rights: list[Entity]) -> list[tuple[Entity, Entity]]:
    """Return pairs of which those below are still to be paired."""
    pairs = list(chain.from_iterable(_by(lefts, rights, key, 1) for key in _NAMESAKES))
    if _size(lefts) * _size(rights) > _MOST_CELLS:
        pairs += chain.from_iterable(_by(lefts, rights, key) for key in (_signature, *_NAMESAKES, *_ALIKE))
    return pairs


def _size(entities: Iterable[Entity]) -> int:
    return sum(1 for _ in walk(entities))


def _edited(lefts: Sequence[Entity], rights: Sequence[Entity]) -> list[tuple[Entity, Entity]]:
    """Return what stands for each other in the cheapest edit, of all levels.

    A subtree that both sides have equally often is looked at as one node.
    """
    if not (lefts and rights) or _size(lefts) * _size(rights) > _MOST_CELLS:
        return []
    counts = [Counter(entity.signature for entity in walk(entities)) for entities in (lefts, rights)]
    shared = {signature for signature, count in counts[0].items() if counts[1][signature] == count}
    pairs = matched(_trees(lefts, shared), _trees(rights, shared), _cost)
    outsiders = [
        _in_lone_segments(side, {id(pair[at]) for pair in pairs}) for at, side in enumerate((lefts, rights))
    ]
    return [
        pair for pair in pairs if not any(id(one) in out for one, out in zip(pair, outsiders, strict=True))
    ]


def _in_lone_segments(entities: Sequence[Entity], paired: set[int]) -> set[int]:
    """Return what is below a segment that has no partner: it ran elsewhere, whatever it is like."""
    found: set[int] = set()
    for entity in walk(entities):
        lone = entity.fields["kind"] == "segment" and id(entity) not in paired
        if lone or id(entity) in found:
            found |= {id(child) for child in entity.children}
    return found


def _trees(entities: Sequence[Entity], shared: set[str]) -> list[Tree[Entity]]:
    made: dict[int, Tree[Entity]] = {}
    for entity in reversed(list(walk(entities))):  # children come after their parents
        below = [] if entity.signature in shared else [made[id(child)] for child in in_order(entity.children)]
        weight = float(_size([entity])) if entity.signature in shared else 1.0
        made[id(entity)] = Tree(entity, below, weight)
    return [made[id(entity)] for entity in in_order(entities)]


def in_order(entities: Sequence[Entity]) -> list[Entity]:
    """Return siblings as they followed each other; those that ran side by side by what they are."""
    return [entity for group in groups(entities) for entity in group]


def groups(entities: Sequence[Entity]) -> list[list[Entity]]:
    """Return siblings in groups of which one had ended before the next began; in each by what they are."""
    found: list[list[Entity]] = []
    end = -_NEVER
    for entity in sorted(entities, key=lambda entity: (entity.start, entity.end)):
        if not found or entity.start < end:
            found = found or [[]]
            found[-1].append(entity)
        else:
            found.append([entity])
        end = max(end, entity.end)
    return [sorted(group, key=lambda entity: (entity.label, entity.signature)) for group in found]


def _cost(one: Entity, other: Entity) -> float:
    """Return what it costs to let one stand for the other: less than to remove and to add, where alike."""
    if one.signature == other.signature:
        return 0.0
    if one.fields["kind"] != other.fields["kind"]:
        return _NEVER
    keys = one.fields.keys() | other.fields.keys()
    changed: float = sum(one.fields.get(key) != other.fields.get(key) for key in keys) / len(keys)
    if one.label == other.label:
        return 0.1 + 0.3 * changed
    if one.fields["name"] == other.fields["name"]:
        return 0.5 + 0.3 * changed
    if _ALIKE[-1](one) == _ALIKE[-1](other):
        return 1.0 + 0.3 * changed
    return _NEVER


def _operation(entity: Entity) -> str:
    return str(entity.fields.get("aws", {}).get("operation"))


def _find_moved(found: Alignment, left: Sequence[Entity], right: Sequence[Entity]) -> None:
    """Pair what was removed at one place with its equal that was added at another."""
    lefts, rights = _alone(left, found.of_left), _alone(right, found.of_right)
    for one, other in _by(lefts, rights, _signature):
        _join_equal(found, one, other)
        found.moved.add(id(one))


def _alone(entities: Sequence[Entity], partners: dict[int, Entity]) -> list[Entity]:
    """Return the subtrees of which nothing has a partner."""
    complete: set[int] = set()
    found: list[Entity] = []
    for entity in reversed(list(walk(entities))):
        if id(entity) not in partners and all(id(child) in complete for child in entity.children):
            complete.add(id(entity))
    pending = list(entities)[::-1]
    while pending:
        entity = pending.pop()
        if id(entity) in complete:
            found.append(entity)
        else:
            pending += entity.children[::-1]
    return found
