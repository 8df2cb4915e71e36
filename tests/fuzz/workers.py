"""Runs slices in processes of their own, and ends what hangs."""

from __future__ import annotations

import collections
import logging
import multiprocessing
import time
from collections.abc import Iterator
from multiprocessing.connection import wait
from typing import Any

from tests.fuzz import (
    agents,
    documents,
    events,
    gateway,
    intake,
    machines,
    operations,
    packing,
    queries,
    sockets,
)
from tests.fuzz.running import Finding, Report, Slice, run

IN_PROCESS = {
    target.name: target
    for part in (intake, queries, events, gateway, documents, packing)
    for target in part.TARGETS
}
SOCKETS = {target.name: target for part in (sockets, operations, machines, agents) for target in part.TARGETS}
ALL = {**IN_PROCESS, **SOCKETS}

HANG_SECONDS = 30.0
"""A case that runs longer never ends: its process is killed, and another one goes on behind it."""

_CONTEXT = multiprocessing.get_context("spawn")


def run_all(work: collections.deque[Slice], processes: int) -> Iterator[Report]:
    """Run slices in processes of their own, so many at a time; what hangs is killed and left out."""
    running: dict[Any, _Worker] = {}
    while work or running:
        while work and len(running) < processes:
            worker = _Worker(work.popleft())
            running[worker.pipe] = worker
        for pipe in wait(list(running), timeout=1.0):
            worker = running.pop(pipe)
            yield worker.report()
        for pipe, worker in list(running.items()):
            if worker.hangs():
                del running[pipe]
                yield worker.killed()
                if rest := worker.rest():
                    work.appendleft(rest)


class _Worker:
    """A process that runs one slice, and tells which case it is at."""

    def __init__(self, part: Slice) -> None:
        self._part = part
        self._case = _CONTEXT.Value("q", part.first, lock=False)
        self._since = _CONTEXT.Value("d", 0.0, lock=False)
        self.pipe, theirs = _CONTEXT.Pipe(duplex=False)
        self._process = _CONTEXT.Process(
            target=_work_on, args=(part, self._case, self._since, theirs), daemon=True
        )
        self._process.start()
        theirs.close()

    def report(self) -> Report:
        try:
            found: Report = self.pipe.recv()
        except EOFError:
            self._process.join()
            return self._lost(f"the process ended with {self._process.exitcode}", "crash")
        self._process.join()
        return found

    def hangs(self) -> bool:
        return bool(self._since.value) and time.monotonic() - self._since.value > HANG_SECONDS

    def killed(self) -> Report:
        self._process.kill()
        self._process.join()
        return self._lost(f"still running after {HANG_SECONDS} s", "hang")

    def rest(self) -> Slice | None:
        part, following = self._part, self._case.value + 1
        left = part.first + part.count - following
        return Slice(part.target, part.seed, following, left) if left > 0 else None

    def _lost(self, told: str, kind: str) -> Report:
        part, number = self._part, self._case.value
        report = Report(part, number - part.first + 1)
        report.add(Finding(part.target, part.seed, number, 1, kind, told, "made by the command below"))
        return report


def _work_on(part: Slice, case: Any, since: Any, pipe: Any) -> None:
    logging.disable(logging.CRITICAL)

    def begun(number: int) -> None:
        case.value = number
        since.value = time.monotonic()

    pipe.send(run(ALL[part.target], part, begun))
