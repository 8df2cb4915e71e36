"""A few hundred cases of every target of `make fuzz`, the same in every run."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.fuzz.mutation import Source
from tests.fuzz.running import Slice, run
from tests.fuzz.server import server
from tests.fuzz.target import Target, stateless
from tests.fuzz.workers import IN_PROCESS, SOCKETS

SEED = 7
CASES, CASES_THROUGH_SOCKETS = 200, 40
LEAST_WEIGHT = 10
"""Of targets with less in a full run, each case takes long."""


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture(scope="module")
def running() -> Iterator[None]:
    with server():
        yield


@pytest.mark.parametrize("name", IN_PROCESS)
def test_nothing_is_found_in_process(name: str) -> None:
    """No exception escapes, nothing stalls."""
    cases = CASES if IN_PROCESS[name].weight >= LEAST_WEIGHT else CASES // 10
    report = run(IN_PROCESS[name], Slice(name, SEED, 0, cases))
    assert "\n\n".join(map(str, report.findings)) == ""
    assert report.cases == cases


@pytest.mark.parametrize("name", SOCKETS)
def test_nothing_is_found_through_sockets(name: str, running: None) -> None:
    """Each request has an answer, and none is a 500."""
    report = run(SOCKETS[name], Slice(name, SEED, 0, CASES_THROUGH_SOCKETS))
    assert "\n\n".join(map(str, report.findings)) == ""


def _refuse_long_ones(text: str) -> None:
    if "((" in text:
        raise RecursionError("too deep")


BROKEN = Target("broken", 1, lambda source: source.text("(((((((((", "()"), stateless(_refuse_long_ones))


def test_a_finding_is_shrunk_and_says_how_to_repeat_it() -> None:
    """The input is as short as it gets, and equal seeds make equal cases."""
    report = run(BROKEN, Slice("broken", SEED, 0, 50))
    (found,) = report.findings
    assert (found.given, found.cases) == ("'(('", 1)
    again = run(BROKEN, Slice("broken", SEED, found.first, found.cases))
    assert again.findings == [found]
    assert f"--seed {SEED} --target broken --first {found.first} --cases 1" in str(found)


def test_cases_of_a_target_that_keeps_something_are_repeated_from_its_beginning() -> None:
    """What came before may have led to it."""
    report = run(replace(BROKEN, block=10), Slice("broken", SEED, 0, 50))
    assert report.findings[0].first % 10 == 0


def test_equal_seeds_make_equal_inputs() -> None:
    """Whatever a target makes can be made again."""
    for target in (*IN_PROCESS.values(), *SOCKETS.values()):
        assert repr(target.make(Source("a"))) == repr(target.make(Source("a"))), target.name


def test_a_case_that_takes_long_each_time_is_a_stall() -> None:
    """The time is the target's clock's, which a test can move."""
    now = itertools.count()
    slow = replace(BROKEN, open=stateless(lambda _: None), clock=lambda: 2.0 * next(now))
    report = run(slow, Slice("broken", SEED, 3, 1))
    assert [found.kind for found in report.findings] == ["stall"]
