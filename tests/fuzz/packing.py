"""Traces that are packed, let go of, changed and read again, beside the same traces that are never packed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from unittest import mock

from embedded_aws.xray.query import packer, packs
from embedded_aws.xray.query.lists import ORDERS, Wanted
from embedded_aws.xray.service import QUIET, XRay
from tests.embedded_aws.xray.builders import NOW, Api, trace_id
from tests.fuzz.intake import document_of
from tests.fuzz.mutation import Source
from tests.fuzz.target import BadAnswerError, Take, Target

_PART, _PACK = 8, 4
_TRACES = 40
_WINDOW = {"StartTime": NOW - 10_000, "EndTime": NOW + 10_000}
_QUESTIONS = (
    "fault", "!ok", "annotation.age > 3", 'service("f") { fault }', 'edge("shop/dev", "f")', 'user = "bob"',
    'http.url CONTAINS "x.test"', "responsetime >= 1", 'rootcause.fault.service { name = "f" }', "partial",
    'group.name = "slow"',
)  # fmt: skip

Step = tuple[str, Any]


def steps(source: Source) -> list[Step]:
    """Return what happens to the store: documents, quiet, age, questions."""
    made: list[Step] = []
    for _ in range(3 + source.upto(5)):
        ids = [source.randint(0, _TRACES) for _ in range(source.randint(1, 20))]
        made.append(("put", [document_of(trace_id(id_, NOW + id_ * 7), source) for id_ in ids]))
        if source.sometimes(0.7):
            made.append(("pack", None))
        if source.sometimes(0.3):
            made.append(("ask", source.pick(_QUESTIONS)))
        if source.sometimes(0.3):
            made.append(("list", (source.pick(ORDERS), source.sometimes(0.5))))
        if source.sometimes(0.3):
            made.append(("expire", source.random()))
        if source.sometimes(0.2):
            made.append(("clock", source.randint(-100, 100)))
    return [*made, ("pack", None)]


class InProcess(packer.Packer):
    """Packs here: that it is done elsewhere changes nothing."""

    def pack(self, traces: Sequence[packs.Loose]) -> packs.Packed | None:
        return packer.made(traces[0].number // packs.PART * packs.PART, traces)


class _Pair:
    """A store that is packed, and one that is not."""

    def __init__(self) -> None:
        self._passed = 0.0
        self._both = [XRay(None, clock=lambda: NOW + self._passed, monotonic=lambda: 0.0) for _ in range(2)]
        self._packing = self._both[0]
        self._packing._packer = InProcess()
        self._apis = [Api(xray) for xray in self._both]
        for api in self._apis:
            api.ask("/CreateGroup", GroupName="slow", FilterExpression="responsetime > 2")

    def close(self) -> None:
        for xray in self._both:
            xray.close()

    def do(self, step: Step) -> None:
        kind, given = step
        if kind == "put":
            self._passed += 1
            for xray in self._both:
                xray.put(given)
        elif kind == "pack":
            self._passed += QUIET + 1
            while self._packing.pack():
                pass
        elif kind == "ask":
            self.compare(lambda api: api.ids(given))
        elif kind == "list":
            self.compare(lambda api: _listed(api, *given))
        elif kind == "clock":
            self._passed = max(0.0, self._passed + given)
        else:
            # Traces may have come while the clock was ahead: then the last ones go first, and their numbers
            # are used again.
            limit = NOW + self._passed * given * 1.2
            for xray in self._both:
                while xray.store.tidy(limit):
                    pass

    def compare(self, question: Any) -> None:
        packed, loose = map(question, self._apis)
        if packed != loose:
            told = json.dumps([packed, loose])
            raise BadAnswerError(f"packed traces answer otherwise: {told[:3000]}")


def _listed(api: Api, order: Any, descending: bool) -> list[int]:  # noqa: FBT001 - as it is picked
    """List all traces in an order, some at a time."""
    found: list[int] = []
    after = None
    while not found or after is not None:
        page = api.xray.lists.page(
            Wanted(NOW - 10_000, NOW + 10_000), order, descending=descending, after=after, limit=7
        )
        found += page.numbers or [-1]
        after = page.last
    return found


def _everything(api: Api) -> list[Any]:
    listed = api.ask("/TraceSummaries", **_WINDOW)["TraceSummaries"]
    ids = [summary["Id"] for summary in listed]
    wanted = Wanted(NOW - 10_000, NOW + 10_000)
    figures = api.xray.lists.figures(wanted)
    page = api.xray.lists.page(wanted, "response", descending=True, after=None, limit=100)
    return [
        listed,
        [api.ids(text) for text in _QUESTIONS],
        api.ask("/ServiceGraph", **_WINDOW),
        [api.documents(each) for each in ids],
        sorted(api.xray.store.sizes(ids).items()),
        sorted(api.xray.store.counts(ids).items()),
        repr(figures),
        [page.numbers, page.unread],
    ]


@contextmanager
def _pair() -> Iterator[Take]:
    with mock.patch.multiple(packs, PART=_PART, _PACK=_PACK, _AT_ONCE=5):

        def take(given: list[Step]) -> None:
            pair = _Pair()
            try:
                for step in given:
                    pair.do(step)
                pair.compare(_everything)
            finally:
                pair.close()

        yield take


TARGETS = (Target("packs", 1, steps, _pair),)
