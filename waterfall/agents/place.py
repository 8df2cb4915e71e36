"""Where the tools read and act; looked up at each call, as stacks start and end while an editor runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from waterfall.traces import finding
from waterfall.traces.arguments import LATEST, part_of_id, trace_id
from waterfall.traces.client import Reader, ReadError, Source, connect
from waterfall.traces.model import Trace
from waterfall.traces.previous import previous_of
from waterfall.why.client import Journal
from waterfall.why.question import question

_reader = cache(connect)


@dataclass(frozen=True, slots=True)
class Place:
    """`find` returns where to read, or raises ReadError when that is unclear; `now` is the clock."""

    find: Callable[[], Source]
    now: Callable[[], float]

    @property
    def source(self) -> Source:
        return self.find()

    @property
    def reader(self) -> Reader:
        return _reader(self.find())

    def stack(self) -> Mapping[str, Any]:
        """Return what an embedded AWS tells of itself; raises ReadError where something else answers."""
        source = self.find()
        status = None if source.aws else Journal(source.endpoint).status()
        if status is None:
            raise ReadError(f"{source.endpoint} is no embedded AWS: acting is for stacks of `waterfall up`")
        return status

    def apis(self) -> dict[str, str]:
        """Return the base URLs of the stack's APIs by name."""
        return {str(name): str(url) for name, url in (self.stack().get("apis") or {}).items()}

    def trace(self, wanted: str) -> Trace:
        """Return the trace that is meant: `latest`, an id or a part of one, or a request: `GET /hello`.

        Raises ReadError, and ValueError for what is none of these.
        """
        words = wanted.split() or [LATEST]
        if words == [LATEST]:
            return finding.trace_of(self.reader, LATEST, self.now())
        if len(words) == 2 or words[0].startswith(("/", "http")):
            return self._newest_of(words)
        return finding.trace_of(self.reader, _id(words[0]), self.now())

    def before(self, trace: Trace) -> Trace:
        """Return the trace of the last request like that of another one before it; raises ReadError."""
        earlier = previous_of(self.reader, trace)
        if earlier is None:
            raise ReadError("there is no earlier request like it: name the trace to compare it with")
        return finding.trace_of(self.reader, earlier.id, self.now())

    def _newest_of(self, words: list[str]) -> Trace:
        url = question(words).url
        if url is None:
            raise ValueError(f"{' '.join(words)!r} is neither a trace nor a request such as GET /hello")
        found = finding.newest_of(self.reader, url.method, url.path, self.now())
        if not found:
            raise ReadError(f"no trace of {' '.join(words)} lately; find lists what there is")
        return finding.trace_of(self.reader, found[0].id, self.now())


def _id(word: str) -> str:
    try:
        return trace_id(word)
    except ValueError:
        return part_of_id(word)
