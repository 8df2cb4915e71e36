"""The tables of `tables` for quiet traces, on disk: a column is read when an expression asks for it.

A column takes microseconds to read, a trace would take thirty: so nothing of them is kept in memory.
"""

from __future__ import annotations

import zlib
from collections import defaultdict
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any

from embedded_aws.aws.parsing import decode, encode
from embedded_aws.xray.query.filters.tables import Annotation, new_tables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from embedded_aws.xray.query.filters.tables import StoredTrace

    Read = Callable[[str], bytes]


class DamagedError(ValueError):
    """What is packed and cannot be read: the disk has failed, or something else wrote to the file."""


def packed(traces: Mapping[int, StoredTrace]) -> Iterator[tuple[str, bytes]]:
    """Yield the tables of traces, which are rows of a part, as named blobs.

    A table's own blob has how many rows each trace has, and the columns in which all rows are alike.
    """
    of_rows = [traces.get(row) for row in range(max(traces, default=-1) + 1)]
    for name, table in new_tables().items():
        rows_of = [list(table.read(stored)) if stored else [] for stored in of_rows]
        nothing: list[list[Any]] = [[*([None] * len(table.columns)), {}]]
        rows = [row for found in rows_of for row in found or (nothing if name == "trace" else ())]
        *columns, annotated = zip(*rows, strict=True) if rows else [()] * (len(table.columns) + 1)
        alike = {}
        for column, values in zip(table.columns, columns, strict=True):
            if not values or (len(set(map(type, values))) == 1 and values.count(values[0]) == len(values)):
                alike[column] = values[0] if values else None
            else:
                yield f"{name}/{column}", _compressed(values)
        annotations: defaultdict[str, list[Any]] = defaultdict(list)
        for row, found in enumerate(annotated):
            for key, several in found.items():
                annotations[key].append((row, several))
        for key, held in annotations.items():
            yield f"{name}//{key}", _compressed(held)
        yield name, _compressed([list(map(len, rows_of)), alike])
    yield "", _compressed(list(traces))


class PackedTable:
    """Reads like a `Table`; `read` returns the blob of a name, an empty one when there is none.

    Whatever is asked of it may raise `DamagedError`.
    """

    def __init__(self, name: str, read: Read) -> None:
        self._name = name
        self._read = read
        sizes, alike = value(read(name))
        ends = [0, *accumulate(sizes)]
        self._spans = [range(first, end) for first, end in pairwise(ends)]
        self.owners = [trace for trace, size in enumerate(sizes) for _ in range(size)]
        self.columns: Mapping[str, list[Any]] = _Columns(
            name, read, alike, len(sizes) if name == "trace" else len(self.owners)
        )
        self._annotations: dict[str, Annotation] = {}

    def of(self, traces: Sequence[int]) -> list[int]:
        """Return the rows of these traces."""
        spans = self._spans
        return [row for trace in traces for row in spans[trace]]

    def named(self, name: str, traces: Sequence[int]) -> list[int]:
        """Return the rows of these traces whose `name` is this."""
        names = self.columns["name"]
        return [row for row in self.of(traces) if names[row] == name]

    def annotation(self, key: str) -> Annotation:
        """Return the rows' values of an annotation."""
        known = self._annotations.get(key)
        if known is None:
            known = self._annotations[key] = Annotation()
            blob = self._read(f"{self._name}//{key}")
            for row, values in value(blob) if blob else ():
                known.put(row, values)
        return known


class _Columns(dict[str, Any]):
    def __init__(self, table: str, read: Read, alike: Mapping[str, Any], rows: int) -> None:
        super().__init__({column: [value] * rows for column, value in alike.items()})
        self._table = table
        self._blob = read

    def __missing__(self, column: str) -> Any:
        values = self[column] = value(self._blob(f"{self._table}/{column}"))
        return values


def _compressed(value: Any) -> bytes:
    return zlib.compress(encode(value).encode())


def value(blob: bytes) -> Any:
    """Return what a blob holds; raises `DamagedError`."""
    try:
        return decode(zlib.decompress(blob).decode())
    except (zlib.error, ValueError) as error:
        raise DamagedError(str(error)) from error
