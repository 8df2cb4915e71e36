"""A level that was inserted or removed is one difference, wherever it is."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.waterfall import samples
from tests.waterfall.samples import segment, subsegment
from waterfall.compare.difference import WHOLE, Finding, compare
from waterfall.compare.edit_distance import Tree, matched

Spec = list[Any]
"""`[name, *children]`: each a span that follows the one before it."""


def documents(spec: Spec, counter: list[int] | None = None, start: float = 0.0) -> dict[str, Any]:
    counter = [0] if counter is None else counter
    counter[0] += 1
    name, *children = spec
    made, number, at = [], counter[0], start
    for child in children:
        made.append(documents(child, counter, at))
        at = made[-1]["end_time"] - samples.T0
    return subsegment(name, f"{number:016x}", start, at + 1, subsegments=made or None)


def differences(left: Spec, right: Spec) -> list[Finding]:
    one, other = (
        samples.trace([segment("top", "a000000000000001", 0, 9999, subsegments=[documents(spec)])])
        for spec in (left, right)
    )
    return list(compare(one, other).findings)


BEFORE: Spec = ["handler", ["load", ["get"]], ["price"], ["save", ["put"], ["send"]]]


@pytest.mark.parametrize(
    "after",
    [
        ["handler", ["new", ["load", ["get"]], ["price"], ["save", ["put"], ["send"]]]],
        ["new", ["handler", ["load", ["get"]], ["price"], ["save", ["put"], ["send"]]]],
        ["handler", ["new", ["load", ["get"]], ["price"]], ["save", ["put"], ["send"]]],
        ["handler", ["load", ["get"]], ["new", ["price"], ["save", ["put"], ["send"]]]],
        ["handler", ["load", ["get"]], ["price"], ["save", ["new", ["put"]], ["send"]]],
        ["handler", ["load", ["get"]], ["new"], ["price"], ["save", ["put"], ["send"]]],
    ],
    ids=["below the handler", "around all", "around the first", "around the last", "deep", "a leaf"],
)
def test_a_level_more_or_less_is_one_difference(after: Spec) -> None:
    """What stands below an inserted level is what it was, and so the other way round."""
    [added] = differences(BEFORE, after)
    assert (added.path[-1], added.field, added.left, added.right) == ("new", WHOLE, None, "new")
    [removed] = differences(after, BEFORE)
    assert (removed.path[-1], removed.left, removed.right) == ("new", "new", None)


def test_a_change_below_an_inserted_level_is_told_beside_it() -> None:
    """Two differences are two: the level, and the name of what is below it."""
    after = ["handler", ["new", ["load", ["fetch"]], ["price"], ["save", ["put"], ["send"]]]]
    found = differences(BEFORE, after)
    assert [(each.field, each.left, each.right) for each in found] == [
        (WHOLE, None, "new"),
        ("name", "get", "fetch"),
    ]


def test_two_levels_at_once_are_one_difference() -> None:
    """The outer one is told, with how many are below it."""
    [added] = differences(["handler", ["a"], ["b"]], ["handler", ["x", ["y", ["a"], ["b"]]]])
    assert added.right == "x and 1 below it"


def test_what_moved_is_one_difference() -> None:
    """With all that is below it."""
    after = ["handler", ["load", ["get"]], ["price", ["save", ["put"], ["send"]]]]
    [moved] = differences(BEFORE, after)
    assert moved == Finding(("top", "handler", "save"), "(place)", "top > handler", "top > handler > price")


def trees(depth: int) -> st.SearchStrategy[Spec]:
    names = st.sampled_from("abcde")
    if not depth:
        return names.map(lambda name: [name])
    below = st.lists(trees(depth - 1), max_size=4)
    return st.tuples(names, below).map(lambda parts: [parts[0], *parts[1]])


@settings(max_examples=60, deadline=None)
@given(tree=trees(3), data=st.data())
def test_a_level_inserted_anywhere_in_any_tree_is_one_difference(tree: Spec, data: st.DataObject) -> None:
    """Around any number of neighbours, among namesakes too."""
    after = copy.deepcopy(tree)
    places = [after]
    for place in places:
        places += place[1:]
    place = data.draw(st.sampled_from(places))
    first = data.draw(st.integers(1, len(place)))
    end = data.draw(st.integers(first, len(place)))
    place[first:end] = [["new", *place[first:end]]]
    assert [each.path[-1] for each in differences(tree, after)] == ["new"]


def of(spec: Spec) -> Tree[str]:
    name, *children = spec
    return Tree(name, [of(child) for child in children])


@settings(max_examples=60, deadline=None)
@given(left=trees(2), right=trees(2))
def test_an_edit_keeps_who_is_above_whom(left: Spec, right: Spec) -> None:
    """Nodes that stand for each other are pairwise in the same order, and above or beside each other."""
    numbered = iter(range(1000))
    one, other = (of(_numbered(spec, numbered)) for spec in (left, right))
    pairs = matched([one], [other], lambda a, b: float(a.partition(":")[0] != b.partition(":")[0]))
    places = [{**_places(one)}, {**_places(other)}]
    spans = [(places[0][a], places[1][b]) for a, b in pairs]
    for mine, yours in spans:
        for mine_too, yours_too in spans:
            assert _relation(mine, mine_too) == _relation(yours, yours_too)


def _numbered(spec: Spec, numbers: Any) -> Spec:
    name, *children = spec
    return [f"{name}:{next(numbers)}", *(_numbered(child, numbers) for child in children)]


def _places(tree: Tree[str], at: int = 0) -> dict[str, tuple[int, int]]:
    """Return where each node begins and ends in reading order."""
    found: dict[str, tuple[int, int]] = {}
    end = at + 1
    for child in tree.children:
        below = _places(child, end)
        end = max(last for _, last in below.values())
        found |= below
    return {**found, tree.value: (at, end)}


def _relation(one: tuple[int, int], other: tuple[int, int]) -> str:
    if one == other:
        return "same"
    if one[1] <= other[0]:
        return "before"
    if other[1] <= one[0]:
        return "after"
    return "above" if one[0] <= other[0] and other[1] <= one[1] else "below"
