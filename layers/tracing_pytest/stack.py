"""A program on the embedded AWS, for the tests of a session: requests go in, their traces come out."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tracing_pytest.trace import Trace, trace_of
from waterfall.compare.normal import Entity
from waterfall.proof.cases import FOLDER, Case, Invocation, read_expected, read_redaction
from waterfall.proof.checking import write_recording
from waterfall.proof.lines import told
from waterfall.proof.observing import Observer, Place
from waterfall.proof.recording import RecordingError, read_recording
from waterfall.proof.verdict import differences, explained
from waterfall.proof.versions import running
from waterfall.stack.child import Program
from waterfall.stack.requests import read_request
from waterfall.traces.client import ReadError
from waterfall.traces.model import Trace as Stored


@dataclass(frozen=True, repr=False)
class StackTrace(Trace):
    """What a request left: `roots` are its segments, `linked` the traces of its messages' consumers."""

    linked: Sequence[Trace] = ()
    title: str = ""
    stack: TracedStack | None = field(default=None, compare=False)
    form: tuple[Entity, ...] = field(default=(), compare=False)

    def assert_matches(self, file: str | Path) -> None:
        """Fail when the trace differs from a recording; `file` is relative to the program's folder.

        With `--update-traces` the recording is written instead.
        """
        __tracebackhide__ = True
        if self.stack is None:
            raise AssertionError("only a trace that `traced_stack` gave can be compared with a recording")
        path = self.stack.directory / file
        if self.stack.update:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_recording(path, self.title, self.form)
            return
        try:
            known = read_recording(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, RecordingError) as error:
            raise AssertionError(f"{path}: {error}; `pytest --update-traces` writes it") from None
        expected = read_expected(self.stack.directory / FOLDER)
        found = explained(path.stem, differences(known, self.form)[0], expected)
        lines = [told(one) for one in found if one.reason is None]
        if lines:
            raise AssertionError(
                "\n".join(
                    [f"{self.title} differs from {file} (`pytest --update-traces` takes it over):", *lines]
                )
            )


class TracedStack:
    """A running program; `directory` is its folder, and with `update` recordings are written."""

    def __init__(self, place: Place, directory: Path, *, update: bool = False) -> None:
        self.directory = directory
        self.update = update
        self._place = place

    def request(self, text: str, headers: Mapping[str, str] | None = None) -> StackTrace:
        """Send a request, such as `POST /orders {"sku": 1}`, and return its trace."""
        lines = [f"{name}: {value}" for name, value in (headers or {}).items()]
        return self._trace(Case("request", read_request(text, lines)))

    def invoke(self, function: str, event: Any = None) -> StackTrace:
        """Invoke a function, by its name in the program too, and return its trace."""
        return self._trace(Case("invoke", Invocation(function, json.dumps(event or {}).encode())))

    def _trace(self, case: Case) -> StackTrace:
        __tracebackhide__ = True
        observer = Observer(case, self._place)
        try:
            observer.observe()
        except ReadError as error:
            raise AssertionError(str(error)) from error
        (run,) = observer.runs
        return StackTrace(
            trace_of(_documents(run.trace)).roots,
            linked=[trace_of(_documents(trace)) for trace in run.linked],
            title=case.title,
            stack=self,
            form=run.form,
        )


def _documents(trace: Stored) -> list[dict[str, Any]]:
    """Return one document for each node, with its parent's id; ids that were sent twice stay apart."""
    return [
        {
            **{key: value for key, value in node.document.items() if key != "subsegments"},
            "id": str(node.position),
            "parent_id": None if node.parent is None else str(node.parent),
            "start_time": node.start,
        }
        for node in trace.nodes
    ]


@contextmanager
def started(directory: Path, settings: Sequence[str], *, update: bool) -> Iterator[TracedStack]:
    """Run the program of a folder until the block ends; `settings` are such as `tracing=otel`."""
    pairs = dict(each.partition("=")[::2] for each in settings)
    program = Program(directory, None, pairs)
    try:
        redact = read_redaction(directory / FOLDER)
        with running({"traced_stack": program}, redact, lambda _: None, "program of") as (place,):
            yield TracedStack(place, directory, update=update)
    except ReadError as error:
        pytest.fail(str(error), pytrace=False)
