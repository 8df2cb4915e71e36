"""The trace before another of the same request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.waterfall import samples
from tests.waterfall.samples import API, T0, segment
from waterfall.traces.previous import previous_of

if TYPE_CHECKING:
    from tests.waterfall.conftest import Api


def at(seconds: float, path: str = "hello", method: str = "GET", name: str = "shop") -> dict[str, Any]:
    """A trace of one segment, that began so many seconds after T0."""
    id_ = f"1-{int(T0 + seconds):08x}-{int(seconds * 1000 + 100_000_000):024x}"
    http = {"request": {"method": method, "url": f"{API}/{path}"}, "response": {"status": 200}}
    return segment(
        name, "a000000000000001", seconds, seconds + 0.1, trace_id=id_, http=http if path else None
    )


def previous(api: Api, document: dict[str, Any]) -> str | None:
    reader = api.reader()
    found = previous_of(reader, reader.get([document["trace_id"]])[0])
    return found.id if found else None


def test_it_is_the_newest_earlier_of_the_same_method_and_path(api: Api) -> None:
    """Whatever its query, and an hour ago; later ones, other paths and other methods are passed over."""
    same = [at(-3600), at(-1800, "hello?name=Ada"), at(20)]
    others = [at(-30, "hello/again"), at(-20, method="POST"), at(-10, "other")]
    this = at(10.5, "hello?name=Bob")
    api.put([*same, *others, this])
    assert previous(api, this) == same[1]["trace_id"]
    assert previous(api, same[1]) == same[0]["trace_id"]
    assert previous(api, same[0]) is None


def test_what_began_without_a_request_is_found_by_its_name(api: Api) -> None:
    """A function that a message invoked has earlier invocations."""
    this, same = at(0, "", name="consumer"), at(-5, "", name="consumer")
    api.put([this, same, at(-2, "", name="other"), at(-1, name="consumer")])
    assert previous(api, this) == same["trace_id"]


def test_a_trace_without_segments_has_none(api: Api) -> None:
    assert previous_of(api.reader(), samples.trace([])) is None
