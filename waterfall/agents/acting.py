"""The tools that act, on the embedded AWS alone: each asks first whether it is one that answers."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from waterfall.agents.place import Place
from waterfall.agents.replies import recorded
from waterfall.faults.client import Faults
from waterfall.faults.direct import read_fault
from waterfall.proof import observing
from waterfall.proof.cases import FOLDER, chosen, read_cases, read_expected, read_redaction
from waterfall.proof.checking import check
from waterfall.proof.checking import observing as sending
from waterfall.proof.verdict import unmet
from waterfall.stack import first_request
from waterfall.stack.first_request import Polling, new_trace_id
from waterfall.stack.invocations import arn_of, invoke
from waterfall.stack.requests import read_request
from waterfall.stack.routes import addressed
from waterfall.terminal import outline, proof
from waterfall.terminal.faults import render_experiments
from waterfall.terminal.screen import Screen
from waterfall.terminal.text import clean

_SCREEN = Screen(width=110)
_BODY = 1_000


@dataclass(frozen=True, slots=True)
class Acting:
    """Sends requests and starts faults; `directory` is the program's, whose recordings are checked."""

    place: Place
    directory: Path

    def request(self, request: str, headers: Sequence[str] = ()) -> str:
        """Send an HTTP request to the running stack; reply its answer and its trace.

        request: `[METHOD] /PATH [BODY]`, such as `POST /orders {"sku": 1}`. headers: each `NAME: VALUE`.
        """
        asked = read_request(request, headers)
        if not asked.target.startswith("/"):
            raise ValueError(f"{asked.target!r} is a whole URL: give a path of the stack's own APIs")
        addressed_to = addressed(self.place.source, asked, self.place.apis().values())
        given = {name.lower() for name in asked.headers}
        trace_id = None if "x-amzn-trace-id" in given else new_trace_id(self.place.now())
        answer = first_request.send(addressed_to, trace_id=trace_id)
        lines = [f"answered {answer.status}: {clean(answer.body, _BODY)}"]
        return recorded([*lines, *self._left(answer.trace_id)])

    def invoke(self, function: str, event: dict[str, Any] | None = None) -> str:
        """Invoke a function of the running stack; reply its answer and its trace.

        function: its name, or its name in the program. event: a JSON object.
        """
        self.place.stack()
        trace_id = new_trace_id(self.place.now())
        body = json.dumps(event or {}).encode()
        answer = invoke(self.place.source, function, body, f"Root={trace_id}")
        failure = f" {answer.failure}" if answer.failure else ""
        lines = [f"{clean(answer.function)} answered{failure}: {clean(answer.payload, _BODY)}"]
        return recorded([*lines, *self._left(trace_id)])

    def start_fault(self, name: str, fault: str = "", percentage: int = 100, seconds: int = 300) -> str:
        """Start a fault injection experiment of the running stack, or any fault of one of its functions.

        name: of those that the tool faults lists; with fault, a function's. fault: `delay 500ms`, `error` or
        `status 503`. percentage: of its invocations. seconds: how long.
        """
        self.place.stack()
        source = self.place.source
        if fault:
            asked, arn = read_fault(fault), arn_of(source, name)
            started = Faults(source).put(asked, name, arn, percentage=percentage, seconds=seconds)
        else:
            started = Faults(source).start(name)
        return recorded(self._drawn([started]))

    def stop_fault(self, name: str = "") -> str:
        """Stop experiments of the running stack.

        name: or an id; without one, all that run are stopped.
        """
        self.place.stack()
        stopped = Faults(self.place.source).stop(name or None)
        return recorded(self._drawn(stopped)) if stopped else "nothing was running"

    def check(self, names: Sequence[str] = ()) -> str:
        """Send the program's recorded requests (traces/requests.yaml) again; say what differs.

        names: some of them; without any, all.
        """
        folder = self.directory / FOLDER
        cases, expected = chosen(read_cases(folder), names), read_expected(folder)
        place = observing.Place(
            self.place.source, self.place.reader, self.place.apis(), read_redaction(folder), self.place.now
        )
        results = [check(case, folder, sending(place), expected) for case in cases]
        lines = proof.render(results, unmet(results, expected) if not names else (), _SCREEN)
        return recorded(line.plain.rstrip() for line in lines)

    def _left(self, trace_id: str | None) -> Iterator[str]:
        found = first_request.whole_trace(self.place.reader, trace_id, Polling()) if trace_id else None
        if found is None:
            yield "it left no trace: the tool why says what decided"
            return
        yield from outline.head(found)
        yield from outline.rows(found)

    def _drawn(self, experiments: Sequence[Any]) -> list[str]:
        return [line.plain.rstrip() for line in render_experiments(experiments, _SCREEN, self.place.now())]
