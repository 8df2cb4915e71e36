"""What a trace shows that earlier ones of the same request did not: what a developer just changed.

One request is no measurement: a time is told only when it is outside of what the earlier ones took, by a
margin that is wide where there are few of them, and only with those in which the same functions started cold:
the one that it is in, and those that it waited for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from waterfall.compare.difference import ORDER, WHOLE, Finding, pairs_of
from waterfall.compare.normal import Entity, normal_form
from waterfall.traces.model import LAMBDA_FUNCTION, Failure, Trace

_MARGINS = {1: (0.030, 0.5), 2: (0.015, 0.35)}
_MARGIN = (0.005, 0.2)
"""By how many seconds, and by which share, a new time must be beyond one, two or more earlier ones."""
_MOSTLY = 0.7
"""A part that explains as much of what the whole changed stands for it."""

Path = tuple[str, ...]
_Key = tuple[Path, int]
_Lasted = tuple[float, frozenset[str]]
"""Seconds, and the functions that started cold in them or around them."""


@dataclass(frozen=True, slots=True)
class Timing:
    """How long something took before and takes now, in seconds; `path` leads to it from the root."""

    path: Path
    before: float
    after: float


@dataclass(frozen=True, slots=True)
class Raised:
    """An exception that is new or gone, and the name of what it was recorded on."""

    name: str
    failure: Failure


@dataclass(frozen=True, slots=True)
class Since:
    """The differences of a trace from `before`, the newest of the earlier ones.

    `added` and `removed` lead to what is new and gone; `raised` are exceptions that are new, `healed` those
    that are gone.
    """

    before: Trace
    added: tuple[Path, ...]
    removed: tuple[Path, ...]
    fields: tuple[Finding, ...]
    timings: tuple[Timing, ...]
    raised: tuple[Raised, ...]
    healed: tuple[Raised, ...]

    @property
    def is_empty(self) -> bool:
        kinds = (self.added, self.removed, self.fields, self.timings, self.raised, self.healed)
        return not any(kinds)


def since(earlier: Sequence[Trace], trace: Trace) -> Since | None:
    """Compare a trace with earlier ones of the same request, the newest first; `None` without any."""
    if not earlier:
        return None
    before = earlier[0]
    imports = _cold(before) == _cold(trace)
    pairs = pairs_of(normal_form(before, imports=imports), normal_form(trace, imports=imports))
    findings = [finding for pair in pairs for finding in pair.findings if finding.field != ORDER]
    raised, healed = tuple(_raised(before, trace)), tuple(_raised(trace, before))
    is_told = bool(raised or healed)
    return Since(
        before,
        tuple(each.path for each in findings if each.field == WHOLE and each.left is None),
        tuple(each.path for each in findings if each.field == WHOLE and each.right is None),
        tuple(each for each in findings if each.field != WHOLE and not _is_cause(each, is_told=is_told)),
        tuple(_timings(earlier, trace)),
        raised,
        healed,
    )


def _cold(trace: Trace) -> frozenset[str]:
    """Return the names of the functions that start cold: what that takes says nothing of their code."""
    return frozenset(node.name for node in trace.nodes if node.cold_start)


def _is_cause(finding: Finding, *, is_told: bool) -> bool:
    """Tell whether a finding repeats that an exception is new or gone."""
    parts = finding.field.split(".")
    return parts[0] in {"cause", "fault", "error"} and (is_told or parts[0] == "cause")


def _raised(before: Trace, trace: Trace) -> Iterator[Raised]:
    known = {(failure.type, failure.message) for node in before.nodes for failure in node.failures}
    for node in trace.nodes:
        for failure in node.failures:
            if not failure.remote and (failure.type, failure.message) not in known:
                known.add((failure.type, failure.message))
                yield Raised(node.name, failure)


def _timings(earlier: Sequence[Trace], trace: Trace) -> Iterator[Timing]:
    """Yield what took another time than ever before, the largest first; a whole gives way to its part."""
    samples = [_durations(one) for one in earlier]
    found: dict[_Key, Timing] = {}
    for key, (after, cold) in _durations(trace).items():
        taken = [one[key][0] for one in samples if key in one and one[key][1] == cold]
        if taken and (timing := _timing(key[0], taken, after)):
            found[key] = timing
    for key, timing in sorted(found.items(), key=lambda each: -abs(each[1].after - each[1].before)):
        change = timing.after - timing.before
        parts = (other for (path, _), other in found.items() if path[:-1] == key[0])
        if not any((other.after - other.before) / change >= _MOSTLY for other in parts):
            yield timing


def _timing(path: Path, taken: Sequence[float], after: float) -> Timing | None:
    seconds, share = _MARGINS.get(len(taken), _MARGIN)
    least, most = min(taken), max(taken)
    slower = after - most > max(seconds, share * most)
    faster = least - after > max(seconds, share * least)
    return Timing(path, taken[0], after) if slower or faster else None


def _durations(trace: Trace) -> Mapping[_Key, _Lasted]:
    """Return how long each entity took, by its path and its number among those of that path."""
    cold = _cold(trace)
    seen: Counter[Path] = Counter()
    found: dict[_Key, _Lasted] = {}
    roots = normal_form(trace)
    within = _functions_in(roots)
    pending: list[tuple[Path, frozenset[str], Entity]] = [((), frozenset(), root) for root in roots[::-1]]
    while pending:
        above, around, entity = pending.pop()
        path = (*above, entity.label)
        around = _function(entity) or around
        found[path, seen[path]] = entity.end - entity.start, (around | within[id(entity)]) & cold
        seen[path] += 1
        pending += [(path, around, child) for child in entity.children[::-1]]
    return found


def _function(entity: Entity) -> frozenset[str]:
    """Return the name of the function that an entity is, if it is one."""
    return frozenset({entity.fields["name"]} if entity.fields.get("origin") == LAMBDA_FUNCTION else ())


def _functions_in(roots: Iterable[Entity]) -> Mapping[int, frozenset[str]]:
    """Return the functions that ran in each entity, by the entity's `id()`."""
    ordered = list(roots)
    for entity in ordered:  # grows meanwhile: parents come before their children
        ordered.extend(entity.children)
    found: dict[int, frozenset[str]] = {}
    for entity in reversed(ordered):
        found[id(entity)] = _function(entity).union(*(found[id(child)] for child in entity.children))
    return found
