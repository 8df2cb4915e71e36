"""Which trace is meant by a part of its id."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.waterfall import samples
from tests.waterfall.samples import CONSUMER_ID, TRACE_ID
from waterfall.traces.client import ReadError
from waterfall.traces.finding import MOST_LOOKED_THROUGH, id_of, ids_with, trace_of

if TYPE_CHECKING:
    from tests.waterfall.conftest import Api

NOW = samples.T0 + 65
PARTS = {
    "the beginning": "1-6553f100-0123",
    "the time": "6553f100",
    "a few digits of the time": "1-6553f100",
    "the middle": "789abcdef01",
    "across the dash": "f100-0123",
    "the end": "6789abcdef01234567",
    "without dashes": "6553f1000123456789",
}


@pytest.mark.parametrize("part", PARTS.values(), ids=PARTS)
def test_any_part_that_only_one_trace_has_is_enough(api: Api, part: str) -> None:
    """Of the id as X-Ray writes it, and of its digits alone."""
    api.put([*samples.request(), *samples.consumer()])
    assert trace_of(api.reader(), part, NOW).id == TRACE_ID


def test_a_beginning_is_found_however_old_the_trace_is(api: Api) -> None:
    """It tells the time, so that nothing else is looked through."""
    api.put(samples.request())
    assert id_of(api.reader(), "1-6553f100-01", NOW + 365 * 86400) == TRACE_ID
    with pytest.raises(ReadError, match=f"among the newest {MOST_LOOKED_THROUGH} of 7 days"):
        id_of(api.reader(), "6789abcdef01234567", NOW + 365 * 86400)


def test_an_ambiguous_part_lists_the_candidates(api: Api) -> None:
    """Newest first, with what to do."""
    api.put([*samples.request(), *samples.consumer()])
    with pytest.raises(ReadError) as raised:
        id_of(api.reader(), "89abcdef", NOW)
    assert str(raised.value) == (
        f"'89abcdef' is in the ids of 2 traces: {CONSUMER_ID}, {TRACE_ID}; give more of it"
    )


def test_a_part_of_no_trace_is_told(api: Api) -> None:
    """With how far was looked, and what is found farther back."""
    api.put(samples.request())
    assert ids_with(api.reader(), "ffff", NOW) == []
    with pytest.raises(ReadError, match=r"no trace has 'ffff' in its id, .* give the whole id, or its b"):
        trace_of(api.reader(), "ffff", NOW)


def test_a_whole_id_is_not_looked_for(api: Api) -> None:
    """It may be of a trace that was not sampled, of which logs have lines."""
    assert id_of(api.reader(), TRACE_ID.replace("-", "")[1:], NOW) == TRACE_ID
    assert api.requests == []
