"""Is it slower, or is that the machine? Durations of two versions that took turns.

Whatever else the machine did met both alike: without a change, any way of dealing the durations out to the
two would have been as likely as the one that came. How many of these ways are as bad for the second version
is counted, without any assumption about the shape of the noise: the exact rank-sum test of Mann and Whitney,
https://doi.org/10.1214/aoms/1177730491. A rank does not tell how long an interruption was, so single ones
neither hide a change nor make one up.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import TypeVar

K = TypeVar("K", bound=Hashable)

RISK = 0.001
"""How often a check of two equal versions may say that anything became slower; each look has its share."""
LOOKS = 2
LOOK_AGAIN = 0.05
"""What looks slower and is not certain is measured once more, as often again."""
LEAST_SHARE = 0.10
LEAST_SECONDS = 0.003
"""Smaller changes are not reported, however certain they are."""
PAIRS = 20
"""In one look, of each version."""


@dataclass(frozen=True, slots=True)
class Slower:
    """Medians in seconds; `added` is the typical difference, `risk` that of seeing it without a change."""

    before: float
    after: float
    added: float
    risk: float


def chance(before: Sequence[float], after: Sequence[float]) -> float:
    """Return how likely it is, without a change, that `after` is so much slower."""
    ranks = _doubled_ranks([*before, *after])
    reached, count = sum(ranks[len(before) :]), len(after)
    width = len(ranks) + 1  # bits that hold the number of ways of any sum
    ways = [1] + [0] * count  # by how many were dealt: each sum's number of ways, packed into one number
    for rank in ranks:
        for dealt in range(count, 0, -1):
            ways[dealt] += ways[dealt - 1] << (rank * width)
    tail, mask, found = ways[count] >> (reached * width), (1 << width) - 1, 0
    while tail:
        found, tail = found + (tail & mask), tail >> width
    return found / math.comb(len(ranks), count)


def _doubled_ranks(sizes: Sequence[float]) -> list[int]:
    """Return twice the rank of each size, so that those of equal ones, the middle of theirs, are whole."""
    ordered = sorted(sizes)
    return [bisect_left(ordered, size) + bisect_right(ordered, size) + 1 for size in sizes]


def shift(before: Sequence[float], after: Sequence[float]) -> float:
    """Return the typical difference: the median of those of all pairs (Hodges and Lehmann)."""
    return median(other - one for one in before for other in after)


def slower(before: Mapping[K, Sequence[float]], after: Mapping[K, Sequence[float]]) -> dict[K, Slower]:
    """Return what became slower, by name; the risk is shared by all that are compared (Bonferroni)."""
    seem = _seem_slower(before, after)
    return {name: one for name, one in seem.items() if one.risk <= RISK / LOOKS / len(before)}


def is_open(before: Mapping[K, Sequence[float]], after: Mapping[K, Sequence[float]]) -> bool:
    """Tell whether something looks slower of which that is not certain yet."""
    seem = _seem_slower(before, after)
    return any(RISK / LOOKS / len(before) < one.risk <= LOOK_AGAIN for one in seem.values())


def _seem_slower(before: Mapping[K, Sequence[float]], after: Mapping[K, Sequence[float]]) -> dict[K, Slower]:
    """Return what differs by so much that it would matter, certain or not."""
    found: dict[K, Slower] = {}
    for name in (each for each in before if each in after):
        one, other = median(before[name]), median(after[name])
        added = shift(before[name], after[name])
        if added >= max(LEAST_SECONDS, LEAST_SHARE * one):
            found[name] = Slower(one, other, added, chance(before[name], after[name]))
    return found
