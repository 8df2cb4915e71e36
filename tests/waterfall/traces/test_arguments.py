"""Ids and times as people type them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from waterfall.traces.arguments import since, size, trace_id

ID = "1-6553f100-0123456789abcdef01234567"
NOW = 1_700_000_000.0


@pytest.mark.parametrize(
    "given",
    [
        ID,
        ID.upper(),
        f"  {ID}\n",
        "6553f1000123456789abcdef01234567",
        f"Root={ID}",
        f"Root={ID};Parent=0123456789abcdef;Sampled=1",
        f"Self=1-00000000-000000000000000000000000;Root={ID};Sampled=0",
        f"x-amzn-trace-id: Root={ID}",
    ],
)
def test_id_is_found_in_every_form(given: str) -> None:
    """X-Ray's form, 32 hex digits and the tracing header name the same trace."""
    assert trace_id(given) == ID


@pytest.mark.parametrize("given", ["", "latest", "1-2-3", ID[:-1], ID + "0", "g" * 32, "Root=;Sampled=1"])
def test_what_is_no_id_is_refused(given: str) -> None:
    """The error shows what was given and what is allowed."""
    with pytest.raises(ValueError, match="is not a trace id: give 1-<8 hex digits>-<24 hex digits>"):
        trace_id(given)


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        ("30s", 30),
        ("10m", 600),
        ("10min", 600),
        ("1.5h", 5400),
        ("2d", 172_800),
        ("250ms", 0.25),
        (" 2H ", 7200),
    ],
)
def test_span_is_counted_back(given: str, seconds: float) -> None:
    """A number with a unit is that long ago."""
    assert since(given, NOW) == NOW - seconds


@pytest.mark.parametrize("given", ["2026-01-31T09:30", "2026-01-31T09:30:00Z", "2026-01-31T10:30+01:00"])
def test_iso_time_is_utc_unless_it_says_otherwise(given: str) -> None:
    """An ISO time without a zone is UTC."""
    assert since(given, NOW) == datetime(2026, 1, 31, 9, 30, tzinfo=UTC).timestamp()


@pytest.mark.parametrize("given", ["", "soon", "10", "-5m", "5 weeks", "2026-13-01"])
def test_what_is_no_time_is_refused(given: str) -> None:
    """The error shows what was given and what is allowed."""
    with pytest.raises(ValueError, match="is not a time: give 30s, 10m, 2h, 1d"):
        since(given, NOW)


@pytest.mark.parametrize(
    ("text", "bytes_"),
    [("64M", 64 << 20), ("2G", 2 << 30), ("1GiB", 1 << 30), (" 500mb ", 500 << 20), ("1T", 1 << 40)],
)
def test_sizes_are_read(text: str, bytes_: int) -> None:
    """Sizes are multiples of 1,024."""
    assert size(text) == bytes_


@pytest.mark.parametrize("text", ["", "5", "1.5G", "-1G", "G", "9999999999M", "1 kB"])
def test_what_is_no_size_is_refused(text: str) -> None:
    """The message shows what is one."""
    with pytest.raises(ValueError, match="is not a size: give 500M or 2G"):
        size(text)
