"""Values by number, in arrays: some bytes for each, where a dictionary of objects takes a hundred.

Neighbouring numbers make a block, and whole blocks go away: traces are let go of in about the order of their
numbers, but some are kept for long.
"""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

BITS = 10
SIZE = 1 << BITS
MASK = SIZE - 1


class Block(Protocol):
    """The values of `SIZE` numbers."""

    def __getitem__(self, place: int, /) -> Any: ...

    def __setitem__(self, place: int, value: Any, /) -> None: ...


class Blocks(dict[int, Block]):
    """Blocks by number divided by `SIZE`; where there is none, one reads a blank one.

    Whoever reads a hundred thousand values writes `blocks[number >> BITS][number & MASK]`: a call for each
    would take twice the time.
    """

    def __init__(self, blank: Callable[[], Block]) -> None:
        super().__init__()
        self._make = blank
        self._blank = blank()

    def __missing__(self, place: int) -> Block:
        return self._blank

    def value(self, number: int) -> Any:
        return self[number >> BITS][number & MASK]

    def put(self, number: int, value: Any) -> None:
        place = number >> BITS
        if place not in self:
            self[place] = self._make()
        self[place][number & MASK] = value

    def keep(self, places: Collection[int]) -> None:
        """Let go of all other blocks."""
        for place in self.keys() - places:
            del self[place]


def codes() -> Block:
    return array("I", bytes(4 * SIZE))


def seconds() -> Block:
    return array("d", bytes(8 * SIZE))


class Texts:
    """Texts in UTF-8, whose bytes have the order of their characters."""

    def __init__(self) -> None:
        self._starts = array("I", bytes(4 * SIZE))
        self._ends = array("I", bytes(4 * SIZE))
        self._bytes = bytearray()
        self._unused = 0

    def __getitem__(self, place: int) -> bytes:
        return bytes(self._bytes[self._starts[place] : self._ends[place]])

    def __setitem__(self, place: int, value: str) -> None:
        known, text = self[place], value.encode(errors="surrogatepass")
        if text == known:
            return
        self._unused += len(known)
        self._append(place, text)
        if self._unused > len(self._bytes) // 2:
            texts = list(map(self.__getitem__, range(SIZE)))
            self._bytes, self._unused = bytearray(), 0
            for each, text in enumerate(texts):
                self._append(each, text)

    def _append(self, place: int, text: bytes) -> None:
        self._starts[place] = len(self._bytes)
        self._bytes += text
        self._ends[place] = len(self._bytes)


class TraceIds:
    """Ids as 16 bytes, which have the order of their texts."""

    def __init__(self) -> None:
        self._bytes = bytearray(16 * SIZE)

    def __getitem__(self, place: int) -> bytes:
        return bytes(self._bytes[16 * place : 16 * place + 16])

    def __setitem__(self, place: int, value: str) -> None:
        self._bytes[16 * place : 16 * place + 16] = bytes.fromhex(value[2:10] + value[11:])
