"""Slower, or only noise."""

from __future__ import annotations

import random
from collections.abc import Mapping
from itertools import combinations

import pytest

from waterfall.proof.noise import LOOKS, PAIRS, RISK, chance, is_open, shift, slower


def by_counting(before: list[float], after: list[float]) -> float:
    """Return the chance by trying every way of dealing the durations out."""
    every = [*before, *after]
    rank = {size: sum(each < size for each in every) + (every.count(size) + 1) / 2 for size in every}
    reached = sum(rank[each] for each in after)
    ways = list(combinations(every, len(after)))
    return sum(sum(rank[each] for each in way) >= reached for way in ways) / len(ways)


@pytest.mark.parametrize("seed", range(20))
def test_the_chance_is_exact(seed: int) -> None:
    """As counting all ways gives it, with ties too."""
    dice = random.Random(seed)  # noqa: S311 - repeated alike
    before = [float(dice.randint(1, 6)) for _ in range(6)]
    after = [float(dice.randint(1, 8)) for _ in range(6)]
    assert chance(before, after) == pytest.approx(by_counting(before, after))


def test_equal_durations_prove_nothing() -> None:
    """All ways of dealing them out are the same."""
    assert chance([1.0] * 20, [1.0] * 20) == 1.0
    assert slower({"a": [1.0] * 20}, {"a": [1.0] * 20}) == {}


def test_the_shift_is_what_most_pairs_differ_by() -> None:
    """One interruption among many says nothing about the change."""
    assert shift([0.1] * 10, [0.13] * 9 + [5.0]) == pytest.approx(0.03)


def noisy(dice: random.Random, base: float) -> float:
    """A duration on a busy machine: never shorter, at times much longer."""
    return base + dice.expovariate(1 / 0.01) + (dice.random() < 0.1) * dice.uniform(0.05, 0.3)


Durations = dict[int, list[float]]


def checked(seed: int, before: Mapping[int, float], after: Mapping[int, float]) -> list[int]:
    """Return what a check of these spans reports, which looks again if it has to."""
    dice = random.Random(seed)  # noqa: S311 - repeated alike
    sides: tuple[Durations, Durations] = ({at: [] for at in before}, {at: [] for at in after})
    for _ in range(LOOKS):
        for side, bases in zip(sides, (before, after), strict=True):
            for at, base in bases.items():
                side[at] += [noisy(dice, base) for _ in range(PAIRS)]
        if not is_open(*sides):
            break
    return list(slower(*sides))


@pytest.mark.parametrize("seed", range(20))
def test_a_tenth_of_a_second_that_grew_by_a_third_is_seen(seed: int) -> None:
    """In each of twenty checks, among ten spans, however busy the machine."""
    before = dict.fromkeys(range(10), 0.1)
    assert checked(seed, before, {**before, 7: 0.13}) == [7]


@pytest.mark.parametrize("seed", range(20))
def test_noise_is_not_reported(seed: int) -> None:
    """In none of twenty checks of ten unchanged spans of any length."""
    spans = {at: 0.002 * 2**at for at in range(10)}
    assert checked(seed, spans, spans) == []


def test_small_changes_are_not_reported() -> None:
    """A millisecond, or a twentieth, is certain and does not matter."""
    before = {"short": [0.010] * PAIRS, "long": [1.0] * PAIRS}
    after = {"short": [0.012] * PAIRS, "long": [1.05] * PAIRS}
    assert slower(before, after) == {}


def test_a_look_has_durations_enough_for_a_thousand_spans() -> None:
    """The least risk that they can show is below the share of one span."""
    assert chance([0.1] * PAIRS, [0.2] * PAIRS) < RISK / LOOKS / 1000
