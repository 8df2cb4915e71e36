"""Which spans are open, what was recorded before the first invocation, and where finished spans go."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from tracing._export import Exporter
from tracing._safely import safely
from tracing._sender import Losses
from tracing._span import METADATA, SpanData, read

if TYPE_CHECKING:
    from tracing._costs import Costs
    from tracing._keep import Keeper, Memory

INIT_NAME = "init"
MAX_INIT_SPANS = 1000


def random_id(size: int) -> int:
    """A positive number of `size` bytes from the operating system."""
    return int.from_bytes(os.urandom(size), "big") or 1


class InitNode:
    """Ids for work done at import: its real trace is only known when the first invocation comes."""

    def __init__(self, trace_id: int, span_id: int) -> None:
        self.trace_id = trace_id
        self.span_id = span_id


class Recorder:
    """Every span that either SDK starts and ends, on its way to the exporter."""

    def __init__(
        self, exporter: Exporter, losses: Losses, keeper: Keeper | None = None, costs: Costs | None = None
    ) -> None:
        self.exporter = exporter
        self.keeper = keeper
        self.costs = costs
        self.init = InitNode(random_id(16), random_id(8))
        self.open: dict[int, Any] = {}
        self._losses = losses
        self._lock = threading.RLock()  # the collector of garbage may end a span at any time
        self._kept: list[tuple[SpanData, Mapping[str, Any]]] = []
        self._target: tuple[int, int] | None = None
        self._mask = 0
        self._first: Memory | None = None

    def reset(self) -> None:
        """Start anew, in a forked process: what the parent has open, the parent sends."""
        self._lock = threading.RLock()
        self.open = {}
        self.exporter.sender.reset()

    @property
    def initializing(self) -> bool:
        """Whether no invocation has come yet."""
        return self._target is None

    def started(self, span: Any) -> None:
        self.open[span.context.span_id] = span
        if self.keeper and not span.context.trace_flags.sampled:
            self.keeper.started(span)

    def ended(self, span: Any, base: Mapping[str, Any] = {}) -> None:
        if self.open.pop(span.context.span_id, None) is None:
            with self._lock:  # what tells that it is unfinished may be on its way, and goes first
                pass
        if self.keeper and not span.context.trace_flags.sampled:
            self.keeper.ended(span, base)
            return
        data = read(span)
        if data.trace_id != self.init.trace_id:
            self.exporter.finished(data, base, waits=data.parent_id in self.open)
            return
        with self._lock:
            if self._target is None:
                self._keep(data, base)
                return
        self._export_moved(data, base)

    def invocation_ended(self, running: Collection[int]) -> None:
        """Send what is open in no running invocation's trace as unfinished, and forget it.

        Nobody may ever end it. If somebody does, in a thread that outlives the invocation, it is sent whole.
        """
        with self._lock:
            still_open = list(self.open.values())
            found = [span for span in still_open if span.context.trace_id not in running]
            left = [span for span in found if self.open.pop(span.context.span_id, None) is not None]
            for span in left:
                with safely("sending an unfinished span"):
                    self._send_unfinished(span)
        self.exporter.forget(running)

    def _send_unfinished(self, span: Any) -> None:
        data = read(span)
        at_import = data.trace_id == self.init.trace_id
        if self._first if at_import else not span.context.trace_flags.sampled:
            return  # in memory: kept or forgotten with its invocation
        if moved := self._moved(data):
            self.exporter.unfinished([moved])

    def invoked(self, trace_id: int, parent_id: int, *, sampled: bool, memory: Memory | None = None) -> None:
        """Send what was recorded at import below the first invocation; later ones change nothing.

        An unsampled first invocation takes it into its memory, if it has one.
        """
        with self._lock:
            if self._target is not None:
                return
            self._target = (trace_id, parent_id) if sampled or memory else (0, 0)
            self._first = memory
            self._mask = random_id(8)
            kept, self._kept = self._kept, []
        costs, noted = self._told_costs()
        still_open = [read(span) for span in list(self.open.values())]
        kept[:0] = [(cost, {}) for cost in costs]
        spans = [
            span for span in [*(span for span, _ in kept), *still_open] if span.trace_id == self.init.trace_id
        ]
        if not spans:
            return
        node = SpanData(
            self.init.trace_id,
            self.init.span_id,
            0,
            INIT_NAME,
            "INTERNAL",
            min(span.start for span in spans),
            max(span.end or span.start for span in spans),
            noted,
        )
        for span, base in kept:
            self._export_moved(span, base, waits=True)
        self._export_moved(node, {})

    def _told_costs(self) -> tuple[list[SpanData], dict[str, str]]:
        """Return what imports and clients cost, as spans, and what is noted around them."""
        costs, self.costs = self.costs, None
        with safely("telling what the cold start cost"):
            if costs is not None:
                costs.stop()
            found = costs.longest() if costs and self._target != (0, 0) else []
            if costs is None or not found:
                return [], {}
            ids = {0: self.init.span_id, **{cost.key: random_id(8) for cost in found}}
            attribute = METADATA + INIT_NAME
            spans = [
                SpanData(
                    self.init.trace_id,
                    ids[cost.key],
                    ids.get(cost.parent, self.init.span_id),
                    cost.title,
                    "INTERNAL",
                    cost.start,
                    cost.end,
                    {attribute: costs.told(cost)},
                )
                for cost in reversed(found)  # those inside others first, so that they travel in them
            ]
            return spans, {attribute: json.dumps({"not_measured": costs.unmeasured})}
        return [], {}

    def unfinished(self, trace_id: int) -> None:
        """Send what is open in a trace, and all that waits."""
        spans = [read(span) for span in list(self.open.values())]
        found = sorted((span for span in spans if span.trace_id == trace_id), key=lambda span: span.start)
        if found:
            self.exporter.unfinished(found, timing_out=True)
        self.exporter.sender.flush()

    def finish(self, memory: Memory, root: Any) -> None:
        """Send an unsampled invocation whose span `root` has ended, if there is a reason to keep it."""
        if self.keeper:
            self.keeper.finish(memory, root, self.open.values(), self.exporter)

    def timing_out(self, memory: Memory) -> None:
        """Send an unsampled invocation that is about to be killed."""
        if self.keeper:
            self.keeper.timing_out(memory, self.open.values(), self.exporter)
            self.exporter.sender.flush()

    def flush(self) -> None:
        self.exporter.sender.flush()

    def _keep(self, data: SpanData, base: Mapping[str, Any]) -> None:
        if len(self._kept) < MAX_INIT_SPANS:
            self._kept.append((data, base))
        else:
            self._losses.add(
                f"more than {MAX_INIT_SPANS} spans ended before the first invocation; one was dropped"
            )

    def _export_moved(self, data: SpanData, base: Mapping[str, Any], *, waits: bool = False) -> None:
        moved = self._moved(data)
        if moved is None:
            return
        ids = {"id", "parent_id", "trace_id", "in_progress"}
        noted = {key: value for key, value in base.items() if key not in ids}
        if self._first:
            self._first.add(moved, noted)
        else:
            self.exporter.finished(moved, noted, waits=waits)

    def _moved(self, data: SpanData) -> SpanData | None:
        """Work at import below the first invocation, `None` if that is not sampled; anything else as it is.

        Ids are masked anew in each process, for snapshots restored twice.
        """
        if data.trace_id != self.init.trace_id:
            return data
        trace_id, parent_id = self._target or (0, 0)
        if not trace_id:
            return None
        return data._replace(
            trace_id=trace_id,
            span_id=data.span_id ^ self._mask,
            parent_id=data.parent_id ^ self._mask if data.parent_id else parent_id,
        )
