"""What the waterfall shows beyond the kept pictures: hostile names, huge traces, colour."""

from __future__ import annotations

import re

import pytest
from rich.cells import cell_len

from tests.waterfall import samples
from waterfall.terminal import waterfall
from waterfall.terminal.screen import Screen, to_text

NOW = samples.T0 + 65
HOSTILE = "\x1b[31mred\x1b]0;title\x07[bold]x[/bold]\r\n\u202eevil\u200b\x9b2J\ud800"


def rendered(documents: list[dict[str, object]], screen: Screen, *, details: bool = False) -> str:
    return to_text(waterfall.render(samples.trace(documents), screen, now=NOW, details=details), screen)


def hostile() -> list[dict[str, object]]:
    error = samples.exception(HOSTILE, HOSTILE)
    return [
        samples.segment(
            HOSTILE,
            "a000000000000001",
            0,
            1,
            origin=HOSTILE,
            fault=True,
            cause=samples.cause(error),
            http={"request": {"method": HOSTILE, "url": HOSTILE}},
            aws={
                "operation": HOSTILE,
                "table_name": HOSTILE,
                "xray": {"sdk": HOSTILE, "sampling_rule_name": HOSTILE},
            },
            annotations={HOSTILE: HOSTILE},
            metadata={HOSTILE: {HOSTILE: HOSTILE}},
            links=[{"trace_id": HOSTILE}],
        )
    ]


@pytest.mark.parametrize("width", [80, 160])
def test_hostile_text_is_shown_and_harmless(width: int) -> None:
    """Escape sequences, line breaks and bidirectional marks arrive as visible text, never as themselves."""
    text = rendered(hostile(), Screen(width), details=True)
    assert not {character for character in text if not character.isprintable()} - {"\n"}
    assert r"\x1b[31mred" in text
    assert max(map(cell_len, text.splitlines())) <= width


def test_markup_in_names_is_no_markup() -> None:
    """Square brackets of a name are printed, not taken for styles."""
    assert "[bold]x[/bold]" in rendered(hostile(), Screen(400))


def test_hostile_text_is_harmless_in_colour() -> None:
    """In colour the only escape sequences are those of the picture's own styles."""
    text = rendered(hostile(), Screen(160, colour=True), details=True)
    assert r"\x1b[31mred" in text
    assert "\x1b]0;" not in text
    assert "\x07" not in text


def test_colour_only_adds_styles() -> None:
    """The coloured picture without its escape sequences is the plain one."""
    import re  # noqa: PLC0415 - only here

    coloured = rendered(samples.failed(), Screen(100, colour=True))
    assert "\x1b[" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == rendered(samples.failed(), Screen(100))


@pytest.mark.parametrize("width", [60, 80, 200])
def test_wide_characters_keep_the_columns(width: int) -> None:
    """Names of double-width characters do not move what stands right of them."""
    documents = [samples.segment("注文サービス" * 8, "a000000000000001", 0, 1)]
    assert max(map(cell_len, rendered(documents, Screen(width)).splitlines())) <= width


def test_thousands_of_levels_are_drawn() -> None:
    """However deep a trace nests, each node has its line, and no line is wider than the screen."""
    lines = rendered([samples.deep(3_000)], Screen(80)).splitlines()
    assert sum(" level" in line for line in lines[5:]) >= 3_000
    assert max(map(cell_len, lines)) <= 80


def test_depth_beyond_the_screen_is_said() -> None:
    """A node too deep to be indented says how many levels are not drawn."""
    lines = rendered([samples.deep(100)], Screen(80)).splitlines()
    assert any("…" in line and "level" in line and "100" not in line for line in lines)


def test_thousands_of_siblings_are_drawn() -> None:
    """However wide a trace is, each node has its line."""
    children = [samples.subsegment("call", f"{number:016x}", 0, 1) for number in range(1, 3_001)]
    top = samples.segment("top", f"{0:016x}", 0, 1, subsegments=children)
    assert rendered([top], Screen(80)).count("call") >= 3_000


def test_skew_is_told_with_details_only() -> None:
    """A child that ends after its parent shows in its bar; the words come with details."""
    late = samples.subsegment("late", "b000000000000001", 0, 2)
    documents = [samples.segment("top", "a000000000000001", 0, 1, subsegments=[late])]
    assert "ends 1,000 ms after its parent" not in rendered(documents, Screen(100))
    assert "late: it ends 1,000 ms after its parent" in rendered(documents, Screen(100), details=True)


def test_metadata_is_shown_with_details() -> None:
    """Metadata appears with its namespace."""
    documents = [samples.segment("top", "a000000000000001", 0, 1, metadata={"default": {"seconds": 2}})]
    assert "default: seconds = 2" in rendered(documents, Screen(100), details=True)


def test_encoding_without_box_drawing_gets_ascii() -> None:
    """A terminal that cannot show the glyphs gets ASCII ones, and names lose what it cannot show."""
    text = rendered([samples.segment("café ☕", "a000000000000001", 0, 1)], Screen(80, encoding="latin-1"))
    assert "café ?" in text
    assert "===" in text
    text.encode("latin-1")


def disturbed() -> list[dict[str, object]]:
    """Return a function that met a fault, and a call that did."""
    marked = {"fault.injected": "on-purpose"}
    called = samples.subsegment("injected throttle", "a000000000000002", 0, 0.5, annotations=marked)
    function = "a-function-with-quite-a-long-name-of-its-own"
    more = {"origin": "AWS::Lambda::Function", "annotations": marked, "subsegments": [called]}
    return [samples.segment(function, "a000000000000001", 0, 1, **more)]


@pytest.mark.parametrize("width", [60, 80, 160])
def test_an_injected_fault_is_marked_on_any_screen(width: int) -> None:
    """The mark stays when the name before it has to be cut, and the experiment is named below."""
    text = rendered(disturbed(), Screen(width))
    assert " injected " in next(line for line in text.splitlines() if "a-func" in line and "1.00 s" in line)
    assert text.count('fault.injected = "on-purpose"') == 2


def test_a_call_with_a_fault_says_so_once() -> None:
    """Its subsegment is called after the fault."""
    line = next(line for line in rendered(disturbed(), Screen(160)).splitlines() if "throttle" in line)
    assert line.count("injected") == 1


def test_the_line_of_a_pause_is_told_where_its_file_has_no_room() -> None:
    document = samples.paused()
    (stood,) = document["subsegments"]
    stood["metadata"]["debugger"]["file"] = "/app/a_module_with_a_name_that_is_long.py"
    line = next(line for line in rendered([document], Screen(80)).splitlines() if "Paused" in line)
    assert re.search(r"Paused a_module_\w*…:7 ", line)


@pytest.mark.parametrize(("encoding", "mark"), [("utf-8", "┊"), ("ascii", ":")])
def test_a_pause_of_the_debugger_is_a_mark_and_in_no_time(encoding: str, mark: str) -> None:
    """Of three seconds of which one was that, two are left; the mark stands in the middle of them."""
    text = rendered([samples.paused()], Screen(100, encoding=encoding))
    assert "2.00 s total" in text
    assert "without 1.00 s in the debugger" in text
    function, paused = (
        next(line for line in text.splitlines() if name in line) for name in ("Function", "Paused")
    )
    assert "2.00 s" in function
    assert "Paused stood.py:7" in paused
    assert "1.00 s" in paused
    bar = function[function.rindex("2.00 s") + len("2.00 s") :].strip()
    assert bar.index(mark) == len(bar) // 2
    assert paused.rstrip().endswith(mark)


def test_what_a_cold_start_cost_is_a_sentence_and_rows_with_details() -> None:
    """One by one they would hide the request."""
    cost = samples.subsegment(
        "import boto3", "c000000000000001", -1, -0.5, metadata={"init": {"import": "boto3"}}
    )
    own = samples.subsegment(
        "init", "b000000000000002", -1, 0, subsegments=[cost], metadata={"init": {"not_measured": []}}
    )
    init = samples.subsegment("Init", "b000000000000001", -1, 0)
    function = samples.segment("front", "a000000000000001", 0, 1, origin="AWS::Lambda::Function")
    documents = [{**function, "subsegments": [init, own]}]
    short, whole = (rendered(documents, Screen(width=100), details=details) for details in (False, True))
    assert "Cold start of front, 1,000 ms: boto3 500 ms" in short
    rows = [[line for line in text.splitlines() if line.startswith("✓")] for text in (short, whole)]
    assert ["import boto3" in "".join(lines[1:]) for lines in rows] == [False, True]
