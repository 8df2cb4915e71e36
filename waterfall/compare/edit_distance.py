"""The cheapest way to edit one ordered forest into another, and which nodes stand for each other in it.

A node is renamed, removed or added; the children of a removed node move up to its place, those that an added
one takes move below it. So a level that was inserted or removed is one edit, not one for each node below.

Zhang and Shasha, Simple fast algorithms for the editing distance between trees and related problems,
https://doi.org/10.1137/0218082
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")
_Table = list[list[float]]


@dataclass(slots=True)
class Tree(Generic[T]):
    """A node and what is below it; removing or adding the node costs `weight`."""

    value: T
    children: Sequence[Tree[T]]
    weight: float = 1.0


class _Postorder(Generic[T]):
    """A forest's nodes, children first, below a root of their own, which stands last."""

    def __init__(self, forest: Sequence[Tree[T]]) -> None:
        self.nodes: list[Tree[T] | None] = []
        self.leftmost: list[int] = []
        """The position of each node's leftmost leaf."""
        pending: list[tuple[Tree[T], bool]] = [(tree, False) for tree in reversed(forest)]
        firsts: list[int] = []
        while pending:
            tree, is_done = pending.pop()
            if is_done:
                self.leftmost.append(firsts.pop())
                self.nodes.append(tree)
            else:
                firsts.append(len(self.nodes))
                pending.append((tree, True))
                pending += [(child, False) for child in reversed(tree.children)]
        self.nodes.append(None)
        self.leftmost.append(0)

    def keyroots(self) -> list[int]:
        """Return the roots of all subtrees that share no leftmost leaf with a tree around them."""
        return sorted({leaf: position for position, leaf in enumerate(self.leftmost)}.values())

    def weight(self, position: int) -> float:
        node = self.nodes[position]
        return node.weight if node else 0.0


class _Edit(Generic[T]):
    def __init__(
        self, left: Sequence[Tree[T]], right: Sequence[Tree[T]], rename: Callable[[T, T], float]
    ) -> None:
        self.one, self.other = _Postorder(left), _Postorder(right)
        self._rename = rename
        self.distances: _Table = [[0.0] * len(self.other.nodes) for _ in self.one.nodes]
        for i in self.one.keyroots():
            for j in self.other.keyroots():
                self._table(i, j)

    def renamed(self, i: int, j: int) -> float:
        one, other = self.one.nodes[i], self.other.nodes[j]
        if one is None or other is None:
            return 0.0 if one is other else float("inf")
        return self._rename(one.value, other.value)

    def _table(self, i: int, j: int) -> _Table:
        """Return the distances of all beginnings of two subtrees, and keep those of whole subtrees."""
        first, second = self.one.leftmost[i], self.other.leftmost[j]
        rows, columns = i - first + 2, j - second + 2
        table = [[0.0] * columns for _ in range(rows)]
        for x in range(1, rows):
            table[x][0] = table[x - 1][0] + self.one.weight(first + x - 1)
        for y in range(1, columns):
            table[0][y] = table[0][y - 1] + self.other.weight(second + y - 1)
        for x in range(1, rows):
            at = first + x - 1
            for y in range(1, columns):
                to = second + y - 1
                best = min(table[x - 1][y] + self.one.weight(at), table[x][y - 1] + self.other.weight(to))
                if self.one.leftmost[at] == first and self.other.leftmost[to] == second:
                    best = min(best, table[x - 1][y - 1] + self.renamed(at, to))
                    self.distances[at][to] = best
                else:
                    above, before = self.one.leftmost[at] - first, self.other.leftmost[to] - second
                    best = min(best, table[above][before] + self.distances[at][to])
                table[x][y] = best
        return table

    def pairs(self) -> Iterator[tuple[T, T]]:
        """Yield the nodes that stand for each other, by going the cheapest way back."""
        trees = [(len(self.one.nodes) - 1, len(self.other.nodes) - 1)]
        while trees:
            i, j = trees.pop()
            table = self._table(i, j)
            first, second = self.one.leftmost[i], self.other.leftmost[j]
            x, y = i - first + 1, j - second + 1
            while x and y:
                at, to = first + x - 1, second + y - 1
                here = table[x][y]
                if here == table[x - 1][y] + self.one.weight(at):
                    x -= 1
                elif here == table[x][y - 1] + self.other.weight(to):
                    y -= 1
                elif self.one.leftmost[at] == first and self.other.leftmost[to] == second:
                    one, other = self.one.nodes[at], self.other.nodes[to]
                    if one and other:
                        yield one.value, other.value
                    x, y = x - 1, y - 1
                else:
                    trees.append((at, to))
                    x, y = self.one.leftmost[at] - first, self.other.leftmost[to] - second


def matched(
    left: Sequence[Tree[T]], right: Sequence[Tree[T]], rename: Callable[[T, T], float]
) -> list[tuple[T, T]]:
    """Return the values of nodes that stand for each other in the cheapest edit.

    `rename` is what it costs to let one value stand for another; infinity where that must not be.
    """
    return list(_Edit(left, right, rename).pairs())
