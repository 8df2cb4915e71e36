"""The console's pure scripts, run where they will run: in the browser, without a view around them."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from tests.waterfall.web.conftest import opened_page
from waterfall.terminal.text import duration
from waterfall.traces.client import Source, connect
from waterfall.web.app import create_app
from waterfall.web.listener import bind
from waterfall.web.server import serving_app

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.waterfall.web.browser import Browser, Page


@pytest.fixture(scope="module")
def blank(browser: Browser) -> Iterator[Page]:
    """One page for all tests: pure scripts keep nothing, and ask nobody."""
    nobody = Source("http://127.0.0.1:1")
    with serving_app(create_app(connect(nobody), nobody), bind(0)) as console, opened_page(browser) as page:
        page.open(f"{console}/static/icon.svg")
        yield page


def call(page: Page, module: str, function: str, *arguments: Any) -> Any:
    """Return what a module's function returns, as JSON."""
    given = ", ".join(map(json.dumps, arguments))
    return json.loads(
        page.run(
            f"import('/static/pure/{module}.js').then((found) => found.{function}({given}))"
            ".then((value) => JSON.stringify(value, (key, item) => item instanceof Map ? [...item] : item))"
        )
    )


def graph(**calls: str) -> list[dict[str, Any]]:
    """Services by name, with the names of those that they call."""
    return [
        {"id": name, "edges": [{"target": target} for target in targets.split()]}
        for name, targets in calls.items()
    ]


@pytest.mark.parametrize(
    "services",
    [
        graph(),
        graph(alone=""),
        graph(one="one"),
        graph(one="two", two="one"),
        graph(client="a", a="b c", b="d a", c="d missing", d="a"),
        graph(a="b c d e f g h", b="h", c="h", d="h", e="h", f="h", g="h", h=""),
    ],
)
def test_every_service_has_a_cell_of_its_own(blank: Page, services: list[dict[str, Any]]) -> None:
    """Also with cycles, calls to itself and calls to services that are not on the map."""
    plan = call(blank, "map_layout", "layout", services, 4)
    cells = {name: (cell["layer"], cell["row"]) for name, cell in plan["cells"]}
    assert cells.keys() == {service["id"] for service in services}
    for name, (layer, row) in cells.items():
        same_layer = [other for key, other in cells.items() if key != name and other[0] == layer]
        assert all(abs(row - other) >= 0.999 for _, other in same_layer)


def test_callers_stand_before_what_they_call(blank: Page) -> None:
    """Layers follow the calls, and an edge that skips one has a point in it."""
    plan = call(blank, "map_layout", "layout", graph(client="a", a="b c", b="c", c=""))
    layers = {name: cell["layer"] for name, cell in plan["cells"]}
    assert layers == {"client": 0, "a": 1, "b": 2, "c": 3}
    skipping = next(route for route in plan["routes"] if (route["from"], route["to"]) == ("a", "c"))
    assert [point["layer"] for point in skipping["points"]] == [1, 2, 3]


def test_a_layer_holds_no_more_than_asked(blank: Page) -> None:
    """What is too much goes into later layers."""
    plan = call(blank, "map_layout", "layout", graph(a="b c d e f", b="", c="", d="", e="", f=""), 2)
    layers = [cell["layer"] for _, cell in plan["cells"]]
    assert max(map(layers.count, layers)) == 2


@pytest.mark.parametrize(
    ("span", "expected"),
    [
        (2.4, [0, 0.5, 1, 1.5, 2]),
        (0.0021, [0, 0.0005, 0.001, 0.0015, 0.002]),
        (60, [0, 20, 40, 60]),
        (0, [0]),
    ],
)
def test_ticks_are_round_and_few(blank: Page, span: float, expected: list[float]) -> None:
    """From milliseconds to minutes, at most five steps here."""
    assert call(blank, "axis", "ticks", span, 5) == pytest.approx(expected)


def test_a_histogram_counts_every_trace_once(blank: Page) -> None:
    """Bins are neighbours, and hold all traces by how they ended."""
    traces = [
        {"response_time": seconds, "duration": 9, "status": status}
        for seconds, status in ((0.0004, "ok"), (0.02, "error"), (0.021, "ok"), (2.5, "fault"), (5000, "ok"))
    ]
    bins = call(blank, "histogram", "bins", traces)
    assert sum(item["total"] for item in bins) == 5
    assert [(item["error"], item["ok"]) for item in bins if item["error"]] == [(1, 1)]
    assert all(item["to"] == after["from"] for item, after in pairwise(bins))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("front", ["front"]),
        ("traced-api-dev-consumer", ["traced-api-dev-", "consumer"]),
        ("x" * 50, ["x" * 18, "…" + "x" * 17]),
        ("データベースの名前がとても長い", ["データベースの名前", "がとても長い"]),
    ],
)
def test_a_name_takes_two_lines_at_most(blank: Page, name: str, expected: list[str]) -> None:
    """Broken at a hyphen where there is one; wide characters count twice."""
    assert call(blank, "lines", "lines", name, 18) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0, "0 ms"),
        (0.0004, "0.4 ms"),
        (0.1824, "182 ms"),
        (2.412, "2.41 s"),
        (125, "2m 05s"),
        (12000, "3h 20m"),
    ],
)
def test_durations_read_as_in_the_terminal(blank: Page, seconds: float, expected: str) -> None:
    """The same figures and units as `waterfall show`."""
    assert call(blank, "format", "duration", seconds) == expected == duration(seconds)


def node(depth: int, parent: int | None, type_: str | None = None) -> dict[str, Any]:
    kind = "segment" if type_ else "subsegment"
    return {"depth": depth, "parent": parent, "type": type_, "kind": kind}


NESTED = [
    node(0, None, "AWS::ApiGateway::Stage"),
    node(1, 0),
    node(2, 1, "AWS::Lambda"),
    node(3, 2, "AWS::Lambda::Function"),
    node(4, 3),
    node(5, 4, "AWS::Lambda"),
    node(6, 5, "AWS::Lambda::Function"),
    node(7, 6),
    node(1, 0, "AWS::Lambda"),
]


@pytest.mark.parametrize(
    ("position", "index"), [(0, None), (1, None), (2, 0), (3, 0), (4, 0), (5, 1), (6, 1), (7, 1), (8, None)]
)
def test_a_row_belongs_to_the_run_around_it(blank: Page, position: int, index: int | None) -> None:
    """Lambda's own segment to the run below it; what no function is part of, to none."""
    runs = [{"node": 3}, {"node": 6}, {"node": None}]
    assert call(blank, "invocations", "invocationAt", NESTED, runs, position) == index


@pytest.mark.parametrize("seconds", ["0.0004 s", "1.2345 s", "59.9 s", "75 s", "-0.25 s"])
def test_moments_of_a_trace_are_told_to_the_millisecond(blank: Page, seconds: str) -> None:
    """A minute and more are told as durations are."""
    number = float(seconds.removesuffix(" s"))
    expected = f"{number:.3f} s" if number < 60 else duration(number)
    assert call(blank, "format", "moment", number) == expected
