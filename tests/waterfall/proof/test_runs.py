"""What several runs of one request share."""

from __future__ import annotations

from typing import Any

import pytest

from tests.waterfall.samples import segment, subsegment
from waterfall.proof.form import recorded_form
from waterfall.proof.recording import written
from waterfall.proof.redaction import redaction
from waterfall.proof.runs import UnstableError, percentile, shared, spans
from waterfall.traces.tree import build


def run(*children: dict[str, Any]) -> Any:
    document = segment("shop", "a000000000000001", 0, 1, subsegments=list(children))
    return recorded_form(build("1", [document]), [], redaction())


def span(name: str, start: float, end: float, **fields: Any) -> dict[str, Any]:
    return subsegment(name, f"{name}{start}".encode().hex().ljust(16, "0")[:16], start, end, **fields)


def lines(*runs: Any) -> list[str]:
    return [line.strip() for line in written(shared(runs), "x").splitlines()[5:]]


def test_a_value_that_differs_is_marked() -> None:
    """Whatever it is then, it says nothing about the next run."""
    runs = [run(span("a", 0.1, 0.2, annotations={"n": n, "same": 1})) for n in range(3)]
    assert lines(*runs) == ["+ subsegment a", "annotations.n: <varies>", "annotations.same: 1"]


def test_a_value_that_is_not_always_there_is_marked() -> None:
    """Such as a retry that only one run needed."""
    runs = [run(span("a", 0.1, 0.2)), run(span("a", 0.1, 0.2, annotations={"retries": 1}))]
    assert lines(*runs) == ["+ subsegment a", "annotations.retries: <varies>"]


def test_what_once_ran_side_by_side_has_no_order() -> None:
    """Two tasks may by chance have run one after the other."""
    apart = run(span("b", 0.1, 0.2), span("a", 0.3, 0.4), span("c", 0.5, 0.6))
    together = run(span("b", 0.1, 0.35), span("a", 0.3, 0.4), span("c", 0.5, 0.6))
    assert lines(apart, together) == ["+ subsegment a", "~ subsegment b", "+ subsegment c"]
    assert lines(together, apart) == lines(apart, together)


def test_runs_of_different_structure_have_nothing_to_record() -> None:
    """The first difference says what."""
    with pytest.raises(UnstableError) as error:
        shared([run(span("a", 0.1, 0.2)), run(span("a", 0.1, 0.2), span("b", 0.3, 0.4))])
    assert error.value.finding.path == ("trace", "shop", "b")


def test_spans_have_keys() -> None:
    """Namesakes beside each other are numbered."""
    (root,) = run(span("a", 0.1, 0.2), span("a", 0.3, 0.4))
    assert [key[1:] for key, _ in spans([root])] == [(), ("shop",), ("shop", "a"), ("shop", "a #2")]


@pytest.mark.parametrize(("share", "value"), [(0.5, 3), (0.95, 5), (0.2, 1), (1.0, 5)])
def test_a_percentile_is_one_of_the_values(share: float, value: float) -> None:
    """The smallest that so many do not exceed."""
    assert percentile([5, 1, 4, 2, 3], share) == value
