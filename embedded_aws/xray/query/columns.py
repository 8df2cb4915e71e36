"""What lists of traces are sorted and counted by, in memory: a value for each trace and column."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from embedded_aws.aws.parsing import decode
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
_GONE = 0
_RANKS: Mapping[str, int] = {"ok": 0, "throttle": 1, "error": 2, "fault": 3}


class Kind(NamedTuple):
    """What is counted of a trace: `seconds`, to three digits, until it answered, or so far."""

    outcome: Outcome
    seconds: float
    failure: str | None


class Columns:
    """Holds what was read once, until the trace changes.

    Follows an index, from any thread; the rest is for one thread at a time.

    The kinds are numbered: a hundred thousand numbers are counted in the time of ten thousand objects.
    """

    def __init__(self, load: Load) -> None:
        self._load = load
        self._codes: dict[int, int] = {}
        self._values: dict[Column, dict[int, Any]] = {
            name: {} for name in ("status", "request", "annotations", "response", "trace")
        }
        self._kinds: list[Kind | None] = [None]
        self._numbers: dict[Kind, int] = {}
        self._texts: dict[str, str] = {}
        self._orders: dict[Column, list[int]] = {}
        self._fresh: dict[Column, set[int]] = {}
        self._outdated: set[int] = set()
        self._is_all_outdated = False
        self._has_gone = False
        self.failures: dict[str, Failure] = {}

    def outdate(self, numbers: Collection[int]) -> None:
        self._outdated.update(numbers)

    def forget_gone(self) -> None:
        self._has_gone = True

    def forget_all(self) -> None:
        self._is_all_outdated = True

    def keep_up(self, numbers: Callable[[], Iterable[int]]) -> None:
        """Forget what is outdated or gone; `numbers` lists the traces that there are."""
        if self._is_all_outdated:
            self._is_all_outdated = self._has_gone = False
            self._outdated.clear()
            self._texts.clear()
            self._keep(set())
        if self._has_gone:
            self._has_gone = False
            self._texts.clear()
            self._keep(set(numbers()))
        while self._outdated:
            self._forget(self._outdated.pop())

    def _keep(self, numbers: set[int]) -> None:
        for number in self._codes.keys() - numbers:
            self._forget(number)

    def read(self, numbers: Sequence[int], has_time: Callable[[], bool]) -> int:
        """Read those of the traces that are not here, while there is time; return how many are left."""
        codes = self._codes
        missing = [number for number in numbers if number not in codes]
        for start in range(0, len(missing), READ_AT_ONCE):
            if start and not has_time():
                return len(missing) - start
            part = missing[start : start + READ_AT_ONCE]
            codes.update(dict.fromkeys(part, _GONE))
            for row, digest in self._load(part):
                self._put(row.number, decode(digest.summary))
        return 0

    def counted(self, numbers: Iterable[int]) -> dict[Kind, int]:
        """Count these traces by kind; what is not here, or gone, is not counted."""
        counts = Counter(map(self._codes.get, numbers))
        return {
            kind: count for code, count in counts.items() if code is not None and (kind := self._kinds[code])
        }

    def failed(self, numbers: Sequence[int], key: str) -> list[int]:
        """Return those of the traces that failed like that, in their order."""
        codes, wanted = self._codes, self._coded({key})
        return [number for number in numbers if codes.get(number) in wanted]

    def newest_failed(self, numbers: Iterable[int], keys: set[str]) -> dict[str, int]:
        """Return the first of the traces for each sort of failure."""
        found: dict[str, int] = {}
        codes, wanted = self._codes, self._coded(keys)
        for number in numbers:
            if (code := codes.get(number)) in wanted:
                found.setdefault(wanted[code], number)
                if len(found) == len(keys):
                    break
        return found

    def value(self, column: Column, number: int) -> Any:
        return self._values[column].get(number)

    def sorted(self, numbers: Sequence[int], column: Column, *, descending: bool) -> list[int]:
        """Return those of the traces that are here, by the column's value; of equals the newer is larger."""
        values = self._values[column]
        here = sorted((number for number in numbers if number in values), reverse=descending)
        here.sort(key=values.__getitem__, reverse=descending)
        return here

    def order(self, column: Column) -> list[int]:
        """Return all traces that are here by the column's value, the least first.

        It is sorted again when there are changes: what is almost in order costs little.
        """
        values = self._values[column]
        order, fresh = self._orders.get(column), self._fresh.setdefault(column, set())
        if order is None:
            order = sorted(values)
            order.sort(key=values.__getitem__)
        elif fresh:
            order = [number for number in order if number not in fresh]
            order += sorted(number for number in fresh if number in values)
            order.sort(key=values.__getitem__)
        self._orders[column] = order
        fresh.clear()
        return order

    def _coded(self, keys: set[str]) -> dict[int | None, str]:
        return {
            code: kind.failure
            for code, kind in enumerate(self._kinds)
            if kind and kind.failure is not None and kind.failure in keys
        }

    def _forget(self, number: int) -> None:
        self._codes.pop(number, None)
        for column, values in self._values.items():
            if values.pop(number, None) is not None and column in self._fresh:
                self._fresh[column].add(number)

    def _text(self, text: str) -> str:
        """Return one object for all equal texts: many traces share few."""
        return self._texts.setdefault(text, text)

    def _put(self, number: int, summary: Mapping[str, Any]) -> None:
        outcome = _outcome(summary)
        response = summary.get("ResponseTime", summary["Duration"])
        failure = failure_of(summary)
        if failure:
            self.failures.setdefault(failure.key, failure)
        kind = Kind(outcome, float(f"{response:.3g}"), failure.key if failure else None)
        code = self._numbers.setdefault(kind, len(self._kinds))
        if code == len(self._kinds):
            self._kinds.append(kind)
        self._codes[number] = code
        http = summary["Http"]
        values: dict[Column, Any] = {
            "status": _RANKS[outcome] * 1000 + http.get("HttpStatus", 0),
            "request": self._text(_request(http, summary.get("EntryPoint", {}))),
            "annotations": self._text(_first_annotation(summary["Annotations"])),
            "response": response,
            "trace": summary["Id"],
        }
        for column, value in values.items():
            self._values[column][number] = value
        for fresh in self._fresh.values():
            fresh.add(number)


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
