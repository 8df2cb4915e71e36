"""What differs between a recording and what was observed: one line for each thing that changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Any, Literal

from waterfall.compare.difference import ORDER, PLACE, WHOLE, Finding, Pair, pairs_of
from waterfall.compare.normal import Entity
from waterfall.proof.budgets import Verdict, milliseconds
from waterfall.proof.cases import Case, Expectation
from waterfall.proof.noise import Slower
from waterfall.proof.runs import VARIES
from waterfall.traces.documents import list_of, mapping_of, status_of

Change = Literal[
    "added", "removed", "moved", "renamed", "status", "link", "order", "field", "slower", "budget"
]
_STATUS = ("fault", "error", "throttle", "in_progress", "cause", "http.response.status")


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that changed: `path` are labels from the root down, `also` what it led to above it.

    `left` is recorded, or expected; `right` observed. `reason` says why it was expected, if it was.
    """

    change: Change
    path: tuple[str, ...]
    field: str = ""
    left: Any = None
    right: Any = None
    also: tuple[str, ...] = ()
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """What a check found of one request; `pairs` are its spans, recorded and observed, side by side.

    `error` says why it could not be checked. `seconds` are the medians of the request on each side, where
    both were measured.
    """

    case: Case
    differences: tuple[Difference, ...]
    pairs: tuple[Pair, ...] = ()
    budgets: tuple[Verdict, ...] = ()
    notes: tuple[str, ...] = ()
    error: str | None = None
    seconds: tuple[float, float] | None = None

    @property
    def unexpected(self) -> tuple[Difference, ...]:
        return tuple(each for each in self.differences if each.reason is None)

    @property
    def ok(self) -> bool:
        return not self.unexpected and self.error is None


def differences(left: Sequence[Entity], right: Sequence[Entity]) -> tuple[list[Difference], list[Pair]]:
    """Return what changed from one form to another, and all pairs."""
    pairs = pairs_of(left, right)
    found = [each for pair in pairs for each in _of_pair(pair)]
    return _without_echoes(found), pairs


_CHANGES: Mapping[str, Change] = {PLACE: "moved", ORDER: "order", "name": "renamed"}


def _of_pair(pair: Pair) -> Iterator[Difference]:
    together: dict[Change, Finding] = {}
    for finding in pair.findings:
        change = _change_of(finding, pair)
        if finding.left == VARIES:
            continue
        if change in {"status", "link"} and finding.field != WHOLE:
            together.setdefault(change, finding)
            continue
        field = finding.field if change == "field" else ""
        left, right = (_place(each) if change == "moved" else each for each in (finding.left, finding.right))
        yield Difference(change, shown_path(finding.path), field, left, right)
    for change, finding in together.items():
        tell = _status if change == "status" else _links
        yield Difference(change, shown_path(finding.path), "", tell(pair.left), tell(pair.right))


def _change_of(finding: Finding, pair: Pair) -> Change:
    if finding.field == WHOLE:
        if any(each and each.fields["kind"] == "trace" for each in (pair.left, pair.right)):
            return "link"
        return "added" if finding.left is None else "removed"
    if finding.field.startswith(_STATUS):
        return "status"
    return "link" if finding.field.startswith("links") else _CHANGES.get(finding.field, "field")


def shown_path(path: Sequence[str]) -> tuple[str, ...]:
    """Leave out the trace that a path begins with, unless it is a linked one."""
    return tuple(path[1:]) if path[0] == "trace" and len(path) > 1 else tuple(path)


def _place(path: str) -> str:
    return path.removeprefix("trace > ")


def _links(entity: Entity | None) -> str:
    count = len(list_of(entity.fields.get("links"))) if entity else 0
    return f"{count} link{'' if count == 1 else 's'}" if count else "no link"


def _status(entity: Entity | None) -> str:
    """Tell how a span ended: `ok 200`, `fault 500 KeyError: 'x'`."""
    fields = entity.fields if entity else {}
    code = mapping_of(mapping_of(fields.get("http")).get("response")).get("status")
    causes = list_of(mapping_of(fields.get("cause")).get("exceptions"))
    first = mapping_of(causes[0]) if causes else {}
    told = ": ".join(str(first[key]) for key in ("type", "message") if key in first)
    if not told:
        told = str(mapping_of(fields.get("cause")).get("exception", ""))
    state = "in progress" if fields.get("in_progress") else status_of(fields)
    return " ".join(filter(None, (state, "" if code is None else str(code), told)))


def _without_echoes(found: Sequence[Difference]) -> list[Difference]:
    """Tell of a status where it began: what that did to the spans above it is told beside it."""
    kept: list[Difference] = []
    statuses = [each for each in found if each.change == "status"]
    for one in found:
        inner = [each for each in statuses if each is not one and _is_inside(each.path, one.path)]
        if one.change == "status" and inner:
            continue
        if one.change == "status":
            above = [each for each in statuses if _is_inside(one.path, each.path)]
            also = tuple(f"{each.path[-1]}: {each.left} -> {each.right}" for each in above)
            kept.append(Difference("status", one.path, "", one.left, one.right, also))
        else:
            kept.append(one)
    return kept


def _is_inside(path: Sequence[str], around: Sequence[str]) -> bool:
    return len(path) > len(around) and tuple(path[: len(around)]) == tuple(around)


def slowed(found: Mapping[tuple[str, ...], Slower]) -> list[Difference]:
    """Tell of spans that became slower where it began: a span around one that explains it is left out."""
    kept = []
    for path, one in found.items():
        inside = [each for other, each in found.items() if _is_inside(other, path)]
        if any(each.added >= 0.6 * one.added for each in inside):
            continue
        before, after = milliseconds(one.before), milliseconds(one.after)
        kept.append(Difference("slower", shown_path(path), f"+{milliseconds(one.added)}", before, after))
    return kept


def over_budget(verdicts: Iterable[Verdict]) -> list[Difference]:
    return [
        Difference(
            "budget", (each.budget.span,) if each.budget.span else (), each.budget.text, None, each.found
        )
        for each in verdicts
        if each.ok is False
    ]


def explained(request: str, found: Iterable[Difference], expected: Sequence[Expectation]) -> list[Difference]:
    """Return the differences with the reason of those that are expected."""
    return [
        replace(one, reason=next((each.reason for each in expected if _covers(each, request, one)), None))
        for one in found
    ]


def _covers(each: Expectation, request: str, one: Difference) -> bool:
    return each.covers(request, one.change, one.path, one.field)


def unmet(results: Iterable[Result], expected: Sequence[Expectation]) -> list[Expectation]:
    """Return the expectations about these requests that none of the differences is: they can be taken out."""
    checked = {result.case.name: result.differences for result in results}
    return [
        each
        for each in expected
        if any(fnmatchcase(name, each.request) for name in checked)
        and not any(_covers(each, name, one) for name, found in checked.items() for one in found)
    ]
