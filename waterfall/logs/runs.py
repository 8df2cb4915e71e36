"""The lines of one log stream, cut into runs: an execution environment handles one event at a time.

So what a handler prints belongs to the run that is open, whether it carries an id or not.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from waterfall.logs.lines import Line


@dataclass(slots=True, eq=False)
class Run:
    """What was written for one event; `before` was written after the run before it had ended.

    `is_bounded` tells whether Lambda announced its start: then other ids inside it are the handler's affair.
    """

    request_id: str
    lines: list[Line] = field(default_factory=list)
    before: list[Line] = field(default_factory=list)
    is_bounded: bool = True

    @property
    def trace_id(self) -> str | None:
        return next((line.trace_id for line in self.lines if line.trace_id), None)

    @property
    def start(self) -> float:
        return self.lines[0].event.time

    def opening(self, init: float | None) -> list[Line]:
        """Return what the environment wrote while it began: from Lambda's word on, or from `init` on."""
        marks = (index for index, line in enumerate(self.before) if line.kind == "init")
        first = next(marks, None)
        if first is not None:
            return self.before[first:]
        return [] if init is None else [line for line in self.before if line.event.time >= init]


def runs_of(lines: Iterable[Line]) -> tuple[list[Run], list[Line]]:
    """Cut the lines of one stream, in their order; returns the runs and the lines outside all of them."""
    stream = _Stream()
    for line in lines:
        stream.add(line)
    return stream.runs, [*(line for run in stream.runs for line in run.before), *stream.waiting]


class _Stream:
    def __init__(self) -> None:
        self.runs: list[Run] = []
        self.waiting: list[Line] = []
        self._open: Run | None = None
        self._by_id: dict[str, Run] = {}

    def add(self, line: Line) -> None:
        if line.kind == "init":
            self._open = None
            self.waiting.append(line)
        elif line.kind == "start" and line.request_id:
            self._begin(Run(line.request_id, [line], self._waited()))
        elif line.kind in {"end", "report"}:
            self._end(line)
        else:
            self._continue(line)

    def _begin(self, run: Run) -> None:
        self.runs.append(run)
        self._open = self._by_id[run.request_id] = run

    def _waited(self) -> list[Line]:
        waited, self.waiting = self.waiting, []
        return waited

    def _end(self, line: Line) -> None:
        run = self._by_id.get(line.request_id) if line.request_id else self._last()
        if run is None and line.request_id:  # what is read begins within it
            run = Run(line.request_id, self._waited())
            self._begin(run)
        if run is None:
            self.waiting.append(line)
            return
        run.lines.append(line)
        if self._open is run:
            self._open = None

    def _last(self) -> Run | None:
        return self.runs[-1] if self.runs else None

    def _continue(self, line: Line) -> None:
        known = self._by_id.get(line.request_id) if line.request_id else None
        if known:
            known.lines.append(line)
        elif self._open and (self._open.is_bounded or not line.request_id):
            self._open.lines.append(line)
        elif line.request_id:
            self._begin(Run(line.request_id, [line], self._waited(), is_bounded=False))
        else:
            self.waiting.append(line)
