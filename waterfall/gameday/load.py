"""Light load: a few clients that each send one request after the other."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from waterfall.stack import first_request


@dataclass(frozen=True, slots=True)
class Sample:
    """One request: what the client got, after how many seconds, and its trace's id."""

    status: int
    seconds: float
    trace_id: str | None

    @property
    def is_error(self) -> bool:
        return self.status >= 400


def send(url: str, count: int, clients: int) -> list[Sample]:
    """Send requests; raises ReadError when one gets no answer at all."""
    with ThreadPoolExecutor(clients) as pool:
        return list(pool.map(lambda _: _one(url), range(count)))


def _one(url: str) -> Sample:
    began = time.perf_counter()
    answer = first_request.get(url)
    return Sample(answer.status, time.perf_counter() - began, answer.trace_id)
