"""Exceptions as X-Ray wants them."""

from __future__ import annotations

import itertools
import traceback
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tracing._exceptions import MAX_FRAMES, Recorded, cause_of
from tracing._span import Event, SpanData


def ids() -> Any:
    numbers = itertools.count()
    return lambda: f"{next(numbers):016x}"


def span(*events: Event, **fields: Any) -> SpanData:
    return SpanData(1, 2, 3, "n", "INTERNAL", 0, 1, events=events, **fields)


def event(error: BaseException) -> Event:
    attributes = {
        "exception.type": f"package.{type(error).__qualname__}",
        "exception.message": str(error),
        "exception.stacktrace": "".join(traceback.format_exception(error)),
    }
    return Event("exception", 0, attributes)


def raised(depth: int) -> BaseException:
    try:
        return raised_at(depth)
    except ValueError as error:
        return error


def raised_at(depth: int) -> BaseException:
    if depth:
        return raised_between(depth - 1)
    raise ValueError("deep, with a comma")


def raised_between(depth: int) -> BaseException:
    return raised_at(depth)


def straight(depth: int) -> BaseException:
    if depth:
        return straight(depth - 1)
    raise ValueError


def test_deep_stack() -> None:
    """The innermost frames are kept, outermost first; the number of the others is told."""
    (exception,) = cause_of(span(event(raised(14))), (), ids())["exceptions"]
    assert [frame["label"] for frame in exception["stack"]] == [
        "raised_between",
        "raised_at",
    ] * (MAX_FRAMES // 2)
    assert exception["truncated"] == 30 - MAX_FRAMES
    assert exception["stack"][-1]["path"] == __file__


def test_recursion() -> None:
    """Frames that Python folds count as left out."""
    try:
        straight(20)
    except ValueError as error:
        (exception,) = cause_of(span(event(error)), (), ids())["exceptions"]
    assert len(exception["stack"]) + exception["truncated"] == 22


def test_same_exception_twice() -> None:
    """An exception recorded by hand and again on the way out is one exception."""
    error = raised(0)
    assert len(cause_of(span(event(error), event(error)), (), ids())["exceptions"]) == 1


def test_exception_of_a_child() -> None:
    """What a child left is named, not repeated; another exception is written."""
    child = Recorded("ValueError", "deep, with a comma", "c" * 16)
    assert cause_of(span(event(raised(0))), (child,), ids()) == "c" * 16
    assert cause_of(span(event(KeyError("other"))), (child,), ids())["exceptions"][0]["type"] == "KeyError"


def test_status_alone() -> None:
    """An error status without exception tells its description."""
    found = cause_of(span(status="ERROR", description="went wrong"), (), ids())
    assert [exception["message"] for exception in found["exceptions"]] == ["went wrong"]
    assert cause_of(span(), (), ids()) is None


def test_group() -> None:
    """Exception groups, whose text has another shape, are told by type and message."""
    group = ExceptionGroup("several", [ValueError("one")])
    (exception,) = cause_of(span(event(group)), (), ids())["exceptions"]
    assert (exception["type"], exception["message"]) == ("ExceptionGroup", "several (1 sub-exception)")


@given(st.text(), st.text(), st.text())
def test_any_text(name: str, message: str, stack: str) -> None:
    """No text breaks the reader."""
    attributes = {"exception.type": name, "exception.message": message, "exception.stacktrace": stack}
    assert cause_of(span(Event("exception", 0, attributes)), (), ids())["exceptions"]
