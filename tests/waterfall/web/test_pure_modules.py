"""The console's pure scripts, run where they will run: in the browser, without a view around them."""

from __future__ import annotations

import json
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


@pytest.mark.parametrize(
    ("span", "start", "expected"),
    [
        (0.1, 2.3, ["2.30 s", "2.32 s", "2.34 s", "2.36 s", "2.38 s", "2.40 s"]),
        (0.0002, 0.0101, ["10.10 ms", "10.15 ms", "10.20 ms", "10.25 ms", "10.30 ms"]),
        (120, 0, ["0 s", "50 s", "1m 40s"]),
    ],
)
def test_ticks_of_a_stretch_are_told_apart(
    blank: Page, span: float, start: float, expected: list[str]
) -> None:
    """A zoomed axis names them with as many digits as that takes."""
    found = call(blank, "axis", "ticks", span, 5, start)
    step = call(blank, "axis", "stepOf", span, 5)
    assert [call(blank, "axis", "tickName", tick, step, start + span) for tick in found] == expected


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [(1, 2, (0, 0.5)), (2.5, 9, (0.25, 0.75)), (0, 9, (0, 1)), (0, 1.9, None), (4.1, 9, None)],
)
def test_a_bar_lies_where_the_shown_time_is(
    blank: Page, start: float, end: float, expected: tuple[float, float] | None
) -> None:
    """Of an axis from 2 to 4 seconds, what is outside has no place."""
    found = call(blank, "axis", "place", start, end, 2, 2)
    if start == 1:
        assert found == {"from": 0, "width": 0}
    else:
        assert (found and (found["from"], found["width"])) == expected


def test_zooming_keeps_what_is_under_the_pointer(blank: Page) -> None:
    """In, out again, and never beyond the trace."""
    near = call(blank, "zoom", "zoomed", {"from": 0, "to": 8}, 0.5, 6, 8)
    assert near == {"from": 3, "to": 7}
    assert call(blank, "zoom", "zoomed", near, 4, 6, 8) == {"from": 0, "to": 8}
    assert call(blank, "zoom", "moved", near, 0.5, 8) == {"from": 4, "to": 8}
    assert call(blank, "zoom", "moved", near, -2, 8) == {"from": 0, "to": 4}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0.5-1.25", {"from": 0.5, "to": 1.25}),
        ("1-9", {"from": 1, "to": 2}),
        ("0-2", None),
        ("1.5-1", None),
        ("5-6", None),
        ("a-b", None),
        (None, None),
    ],
)
def test_a_zoom_is_read_from_an_address(
    blank: Page, text: str | None, expected: dict[str, float] | None
) -> None:
    """Of a trace of two seconds; what is no part of it shows all."""
    found = call(blank, "zoom", "read", text, 2)
    assert found == expected
    if found:
        assert call(blank, "zoom", "read", call(blank, "zoom", "written", found), 2) == found


@pytest.mark.parametrize(
    ("namespace", "tone"), [(None, "sub"), ("local", "sub"), ("aws", "call"), ("remote", "call")]
)
def test_what_is_no_call_is_own_code(blank: Page, namespace: str | None, tone: str) -> None:
    """Powertools and the X-Ray SDK say `local` of a function's own."""
    node = {"phase": None, "kind": "subsegment", "namespace": namespace}
    assert call(blank, "rows", "toneOf", node) == tone


def test_an_exception_is_told_with_the_line_of_one_s_own_code(blank: Page) -> None:
    """Whatever its stack ends with."""
    stack = [{"path": f"/var/task/{name}.py", "line": 3, "label": "f"} for name in ("app", "botocore/client")]
    told = {"type": "KeyError", "message": "'sku'", "stack": stack, "line": {**stack[0], "path": "app.py"}}
    parts = {"exceptions": [told], "notes": [], "links": [], "annotations": {}}
    node = {"depth": 0, "parent": None, "status": "fault", **parts}
    shown = f"found.visibleRows([{json.dumps(node)}], new Set())[1].text"
    text = blank.run(f"import('/static/pure/rows.js').then((found) => {shown})")
    assert text == "KeyError: 'sku' (app.py:3)"


SPAN = {
    "name": "DynamoDB", "operation": "PutItem", "resource": "greetings", "id": "c5", "parent_id": "c3",
    "type": None, "namespace": "aws", "method": None, "url": None, "http_status": 200, "notes": [],
    "links": [], "annotations": {"customer": "Ada"}, "metadata": {"default": {"seconds": 2}},
    "exceptions": [
        {"type": "LookupError", "message": "no row", "stack": [{"path": "app.py", "line": 3, "label": "f"}]}
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("dynamo", ["name"]),
        ("PUTITEM ada", ["name", "annotations"]),
        ("seconds", ["metadata"]),
        ("app.py:3", ["exceptions"]),
        ("lookuperror", ["exceptions"]),
        ("c5", ["id"]),
        ("ada nobody", None),
        ("  ", None),
    ],
)
def test_spans_are_found_by_anything_that_is_known(blank: Page, text: str, where: list[str] | None) -> None:
    """Every word must be somewhere, whatever its case; it is said where."""
    found = call(blank, "search", "search", [SPAN], text)
    assert found == ([{"position": 0, "where": where}] if where else [])


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        ({"method": "GET", "url": "http://a/b?c=d"}, "curl 'http://a/b?c=d'"),
        ({"method": "DELETE", "url": "http://a/b"}, "curl --request DELETE http://a/b"),
        (
            {
                "method": "POST",
                "url": "http://a/b",
                "headers": [["Host", "a"], ["Content-Type", "a/json"], ["X-Amzn-Trace-Id", "Root=1"]],
                "body": "it's",
                "size": 4,
            },
            "curl \\\n  --header 'Content-Type: a/json' \\\n  --data-raw 'it'\\''s' \\\n  http://a/b",
        ),
        (
            {"method": "PUT", "url": "http://a/b", "headers": [], "body": None, "size": 7},
            "curl --request PUT http://a/b  # without its body of 7 bytes",
        ),
    ],
)
def test_a_request_becomes_a_command(blank: Page, request_: dict[str, Any], expected: str) -> None:
    """With what was sent, but for what a client sets itself and for the trace that it was in."""
    assert call(blank, "curl", "curl", request_) == expected


def test_every_level_is_told_apart_however_deep(blank: Page) -> None:
    """The deepest row leaves half of the room to its name."""
    rows = [{"node": {"depth": depth}} for depth in range(41)]
    assert call(blank, "rows", "stepOf", rows, 400) == 5
    assert call(blank, "rows", "stepOf", rows[:5], 400) == 14
    assert call(blank, "rows", "stepOf", rows[:1], 400) == 14


def timed(name: str, duration_: float, own: float) -> dict[str, Any]:
    return {"label": name, "duration": duration_, "own": own}


def test_what_made_a_trace_slower_is_named(blank: Page) -> None:
    """The spans' own time counts, also of those that the other lacks; what went the other way does not."""
    pairs = [
        {"left": timed("top", 1, 0.1), "right": timed("top", 2, 0.11)},
        {"left": timed("work", 0.5, 0.5), "right": timed("work", 1.2, 1.2)},
        {"left": None, "right": timed("new", 0.4, 0.1)},
        {"left": timed("load", 0.4, 0.4), "right": timed("load", 0.1, 0.1)},
    ]
    found = call(blank, "slower", "mostOf", pairs, 1)
    assert [(one["pair"]["right"]["label"], round(one["by"], 3)) for one in found] == [
        ("work", 0.7),
        ("new", 0.4),
    ]
    assert [call(blank, "slower", "tendency", by, 1) for by in (0.2, -0.2, 0.01)] == ["slower", "faster", ""]


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ({}, {"api": ["fn"], "fn": ["table", "bucket"], "table": [], "bucket": []}),
        ({"text": "LAMBDA"}, {"fn": []}),
        ({"text": "t"}, {"table": [], "bucket": []}),
        ({"failing": True}, {"api": [], "table": []}),
        ({"around": "table"}, {"fn": ["table"], "table": []}),
        ({"around": "gone"}, {}),
        ({"around": "fn", "failing": True}, {"api": [], "table": []}),
    ],
)
def test_a_map_is_narrowed_to_what_is_chosen(
    blank: Page, choice: dict[str, Any], expected: dict[str, list[str]]
) -> None:
    """By name or type, by failures, by what is next to a service; calls stay where both ends do."""
    types = {"fn": "AWS::Lambda"}
    failed = {"api": 1, "table": 2}
    services = [
        {**one, "name": one["id"], "type": types.get(one["id"]), "errors": 0, "throttles": 0}
        | {"faults": failed.get(one["id"], 0)}
        for one in graph(api="fn", fn="table bucket", table="", bucket="")
    ]
    found = call(blank, "map_filter", "filtered", services, choice)
    assert {one["id"]: [edge["target"] for edge in one["edges"]] for one in found} == expected


def test_bins_of_a_histogram_tell_their_total_and_every_status(blank: Page) -> None:
    """What the server leaves out is 0."""
    bins = call(blank, "histogram", "bins", [[0.01, 0.015, {"ok": 2, "fault": 1}], [0.015, 0.02, {}]])
    assert [each["total"] for each in bins] == [3, 0]
    assert bins[0] | {"from": 0.01, "to": 0.015, "error": 0, "throttle": 0, "fault": 1} == bins[0]


@pytest.mark.parametrize(
    ("faults", "expected"), [(0, "0 %"), (4, "0.4 %"), (99, "9.9 %"), (120, "12 %"), (1000, "100 %")]
)
def test_shares_below_ten_percent_have_a_digit_more(blank: Page, faults: int, expected: str) -> None:
    """One fault in 300 requests is not none."""
    told = {"total": 1000, "outcomes": {"fault": faults}}
    assert call(blank, "histogram", "shareOf", told, "fault") == expected


def test_a_place_of_failure_is_named_once(blank: Page) -> None:
    """The service, and what failed in it unless that is the service."""
    assert (
        call(blank, "failures", "where", {"service": "worker", "span": "DynamoDB"})
        == "worker \u203a DynamoDB"
    )
    assert call(blank, "failures", "where", {"service": "worker", "span": "worker"}) == "worker"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("front", ["front"]),
        ("traced-api-dev-consumer", ["traced-api-dev-", "consumer"]),
        ("mention-processing-lambda-3e9e576", ["mention-processing", "-lambda-3e9e576"]),
        ("mentionbot-ee92a06/slackbot-example", ["mentionbot-ee92a06", "/slackbot-example"]),
        ("xFarmLambdaFunction-244a0b1", ["xFarmLambda", "Function-244a0b1"]),
        ("x" * 50, ["x" * 18, "…" + "x" * 17]),
        ("データベースの名前がとても長い", ["データベースの名前", "がとても長い"]),
    ],
)
def test_a_name_takes_two_lines_at_most(blank: Page, name: str, expected: list[str]) -> None:
    """Broken at a hyphen where there is one, or at a hump; wide characters count twice."""
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


@pytest.mark.parametrize(
    ("per_minute", "expected"),
    [(None, ""), (0, "0.0/min"), (1 / 60, "< 0.1/min"), (0.05, "0.1/min"), (12.2, "12/min"), (120, "2/s")],
)
def test_a_rate_is_never_nothing_where_something_was(
    blank: Page, per_minute: float | None, expected: str
) -> None:
    """One request in an hour is not `0.0/min`."""
    assert call(blank, "format", "rate", per_minute) == expected
