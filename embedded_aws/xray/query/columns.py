"""What lists of traces are sorted and counted by, in memory: a value for each trace and column."""

from __future__ import annotations

from array import array
from bisect import insort
from collections import Counter
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from embedded_aws.aws.parsing import decode
from embedded_aws.xray.query import blocks
from embedded_aws.xray.query.blocks import BITS, MASK, SIZE, Blocks
from embedded_aws.xray.query.failures import Failure, failure_of
from embedded_aws.xray.query.statistics import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from embedded_aws.xray.query.digests import Digest
    from embedded_aws.xray.query.packs import PackedDigest
    from embedded_aws.xray.query.rows import Row

    Load = Callable[[Sequence[int]], Iterable[tuple[Row, Digest | PackedDigest]]]

Column = Literal["status", "request", "annotations", "response", "trace"]

READ_AT_ONCE = 100
MOST_CHANGES = 50_000
"""Changed traces that are noted between two questions; after more than these all is read or sorted anew."""
_FEW_CHANGES = 1_000
MOST_KINDS = 10_000
"""Kinds of which none is looked for that no trace has any more."""
_UNREAD, _GONE = 0, 1
_RANKS: Mapping[str, int] = {"ok": 0, "throttle": 1, "error": 2, "fault": 3}


class Kind(NamedTuple):
    """What is counted of a trace: `seconds`, to three digits, until it answered, or so far."""

    outcome: Outcome
    status: int
    seconds: float
    failure: str | None


class Columns:
    """Holds what was read once, until the trace changes.

    Follows an index, from any thread; the rest is for one thread at a time.

    The kinds are numbered: a hundred thousand numbers are counted in the time of ten thousand objects.
    """

    def __init__(self, load: Load) -> None:
        self._load = load
        self._codes = Blocks(blocks.codes)
        self._values: dict[Column, Blocks] = {
            "request": Blocks(blocks.Texts),
            "annotations": Blocks(blocks.Texts),
            "response": Blocks(blocks.seconds),
            "trace": Blocks(blocks.TraceIds),
        }
        self._kinds: list[Kind | None] = [None, None]
        self._numbers: dict[Kind, int] = {}
        self._free: list[int] = []
        self._most_kinds = MOST_KINDS
        self._orders: dict[Column, array[int]] = {}
        self._fresh: dict[Column, set[int]] = {}
        self._outdated: set[int] = set()
        self._is_all_outdated = True  # nothing is here, or was asked for
        self._has_gone = False
        self.failures: dict[str, Failure] = {}

    def outdate(self, numbers: Collection[int]) -> None:
        if self._is_all_outdated:
            return
        self._outdated.update(numbers)
        if len(self._outdated) > MOST_CHANGES:  # maybe nobody asks for lists
            self._is_all_outdated = True
            self._outdated.clear()

    def forget_gone(self) -> None:
        self._has_gone = True

    def forget_all(self) -> None:
        self._is_all_outdated = True

    def keep_up(self, numbers: Callable[[], Iterable[int]]) -> None:
        """Forget what is outdated or gone; `numbers` lists the traces that there are."""
        if self._is_all_outdated:
            self._is_all_outdated = self._has_gone = False
            self._outdated.clear()
            self._keep(set())
        if self._has_gone:
            self._has_gone = False
            self._keep({number >> BITS for number in numbers()})
            if len(self._numbers) > self._most_kinds:
                self._drop_kinds()
                self._most_kinds = max(MOST_KINDS, 2 * len(self._numbers))
        while self._outdated:
            self._forget(self._outdated.pop())

    def _drop_kinds(self) -> None:
        """Let go of the kinds that no trace has any more: messages of failures may be all different."""
        used = {code for block in self._codes.values() for code in map(block.__getitem__, range(SIZE))}
        self._numbers = {kind: code for kind, code in self._numbers.items() if code in used}
        self._kinds = [kind if code in used else None for code, kind in enumerate(self._kinds)]
        self._free = [code for code, kind in enumerate(self._kinds) if not kind and code > _GONE]
        failed = {kind.failure for kind in self._numbers}
        self.failures = {key: failure for key, failure in self.failures.items() if key in failed}

    def _keep(self, places: set[int]) -> None:
        for column in (self._codes, *self._values.values()):
            column.keep(places)
        self._orders = {
            name: array("q", (number for number in order if number >> BITS in places))
            for name, order in self._orders.items()
        }

    def read(self, numbers: Sequence[int], has_time: Callable[[], bool]) -> int:
        """Read those of the traces that are not here, while there is time; return how many are left."""
        codes = self._codes
        missing = [number for number in numbers if codes[number >> BITS][number & MASK] == _UNREAD]
        for start in range(0, len(missing), READ_AT_ONCE):
            if start and not has_time():
                return len(missing) - start
            part = missing[start : start + READ_AT_ONCE]
            # One at a time: a hundred of them at once would have the garbage collector go through the heap.
            for row, digest in self._load(part):
                self._put(row.number, decode(digest.summary))
            for number in part:
                if codes.value(number) == _UNREAD:
                    codes.put(number, _GONE)
        return 0

    def counted(self, numbers: Iterable[int]) -> dict[Kind, int]:
        """Count these traces by kind; what is not here, or gone, is not counted."""
        codes = self._codes
        counts = Counter([codes[number >> BITS][number & MASK] for number in numbers])
        return {kind: count for code, count in counts.items() if (kind := self._kinds[code])}

    def failed(self, numbers: Sequence[int], key: str) -> list[int]:
        """Return those of the traces that failed like that, in their order."""
        codes, wanted = self._codes, self._coded({key})
        return [number for number in numbers if codes[number >> BITS][number & MASK] in wanted]

    def newest_failed(self, numbers: Iterable[int], keys: set[str]) -> dict[str, int]:
        """Return the first of the traces for each sort of failure."""
        found: dict[str, int] = {}
        codes, wanted = self._codes, self._coded(keys)
        for number in numbers:
            if (code := codes[number >> BITS][number & MASK]) in wanted:
                found.setdefault(wanted[code], number)
                if len(found) == len(keys):
                    break
        return found

    def value_of(self, column: Column) -> Callable[[int], Any]:
        """Return what gives a trace's value; of one that is not here it is a blank one."""
        if column == "status":
            codes, kinds = self._codes, self._kinds
            statuses = [kind.status if kind else 0 for kind in kinds]
            return lambda number: statuses[codes[number >> BITS][number & MASK]]
        values = self._values[column]
        return lambda number: values[number >> BITS][number & MASK]

    def is_here(self, number: int) -> bool:
        return bool(self._codes.value(number) > _GONE)

    def sorted(self, numbers: Sequence[int], column: Column, *, descending: bool) -> list[int]:
        """Return those of the traces that are here, by the column's value; of equals the newer is larger."""
        here = sorted((number for number in numbers if self.is_here(number)), reverse=descending)
        here.sort(key=self.value_of(column), reverse=descending)
        return here

    def order(self, column: Column) -> array[int]:
        """Return all traces that are here by the column's value, the least first.

        Of equals the newer is larger. Few changes are put where they belong, of many all are sorted again.
        """
        order, fresh = self._orders.get(column), self._fresh.setdefault(column, set())
        value_of = self.value_of(column)
        if order is None or len(fresh) > _FEW_CHANGES:
            numbers = self._all()
            numbers.sort(key=value_of)
        elif fresh:
            numbers = [number for number in order if number not in fresh]
            for number in filter(self.is_here, fresh):
                insort(numbers, number, key=lambda each: (value_of(each), each))
        else:
            return order
        order = self._orders[column] = array("q", numbers)
        fresh.clear()
        return order

    def _all(self) -> list[int]:
        places = sorted(self._codes)
        numbers = (number for place in places for number in range(place << BITS, (place + 1) << BITS))
        return [number for number in numbers if self.is_here(number)]

    def _coded(self, keys: set[str]) -> dict[int, str]:
        return {
            code: kind.failure
            for code, kind in enumerate(self._kinds)
            if kind and kind.failure is not None and kind.failure in keys
        }

    def _forget(self, number: int) -> None:
        if self._codes.value(number) != _UNREAD:
            self._codes.put(number, _UNREAD)
            self._refresh(number)

    def _refresh(self, number: int) -> None:
        for column, fresh in self._fresh.items():
            fresh.add(number)
            if len(fresh) > MOST_CHANGES:  # nobody has asked for this order for long
                self._orders.pop(column, None)
                fresh.clear()

    def _put(self, number: int, summary: Mapping[str, Any]) -> None:
        outcome = _outcome(summary)
        response = summary.get("ResponseTime", summary["Duration"])
        http = summary["Http"]
        failure = failure_of(summary)
        if failure:
            self.failures.setdefault(failure.key, failure)
        status = _RANKS[outcome] * 1000 + http.get("HttpStatus", 0)
        kind = Kind(outcome, status, float(f"{response:.3g}"), failure.key if failure else None)
        code = self._numbers.get(kind)
        if code is None:
            if not self._free:
                self._free.append(len(self._kinds))
                self._kinds.append(None)
            code = self._numbers[kind] = self._free.pop()
            self._kinds[code] = kind
        self._codes.put(number, code)
        values: dict[Column, Any] = {
            "request": _request(http, summary.get("EntryPoint", {})),
            "annotations": _first_annotation(summary["Annotations"]),
            "response": response,
            "trace": summary["Id"],
        }
        for column, value in values.items():
            self._values[column].put(number, value)
        self._refresh(number)


def _outcome(summary: Mapping[str, Any]) -> Outcome:
    """Return how the root ended; a throttle below it alone does not make the trace throttled."""
    if summary["HasFault"]:
        return "fault"
    if not summary["HasError"]:
        return "ok"
    return "throttle" if summary["HasThrottle"] else "error"


def _request(http: Mapping[str, Any], entry: Mapping[str, Any]) -> str:
    """Return path and method, so that requests of one path stand together; or what the trace begins with."""
    url = http.get("HttpURL")
    if url is None:
        return str(entry.get("Name", ""))
    _, _, rest = url.partition("://")  # `urlsplit` would take a fifth of the time in which a trace is read
    _, slash, path = rest.partition("/")
    return f"{slash}{path} {http.get('HttpMethod', '')}"


def _first_annotation(annotations: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    """Return the first annotation that is the user's own: AWS's begin with `aws`."""
    for key, entries in annotations.items():
        if not key.startswith(("aws:", "aws.")):
            return f"{key}={next(iter(entries[0]['AnnotationValue'].values()))}"
    return ""
