"""The shapes that `--json` promises."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.waterfall import answers, samples
from waterfall.compare.difference import compare
from waterfall.compare.shapes import comparison_shape
from waterfall.terminal.text import json_text
from waterfall.traces.service_map import service_map
from waterfall.traces.shapes import map_shape, trace_shape, traces_shape
from waterfall.traces.summaries import summary

PAGE = (Path(__file__).parents[3] / "docs" / "json.md").read_text()


def documented(format_: str) -> set[str]:
    """Return the field names that docs/json.md lists for a format."""
    section = PAGE.split(f"\n## `{format_}`\n")[1].split("\n## ")[0]
    return set(re.findall(r"^\| `(?:\S+\.)?(\w+)` \|", section, re.MULTILINE)) - {"format", "logs"}


def keys(value: Any, opaque: tuple[str, ...] = ("annotations", "metadata")) -> set[str]:
    if isinstance(value, list | tuple):
        return {key for item in value for key in keys(item)}
    if not isinstance(value, dict):
        return set()
    return set(value) | {key for name, item in value.items() if name not in opaque for key in keys(item)}


def shapes() -> dict[str, Any]:
    everything = [*samples.failed(), *samples.consumer(), *samples.timed_out(), samples.paused()]
    entity = {"Name": "work", "Exceptions": [{"Name": "WorkError", "Message": "no work"}]}
    causes = [{"Services": [{"Name": "worker", "EntityPath": [entity]}]}]
    failed = {**answers.SUMMARIES[0], "HasFault": True, "FaultRootCauses": causes}
    summaries = [summary(answer) for answer in (*answers.SUMMARIES, failed)]
    return {
        "waterfall.trace/1": trace_shape(samples.trace(everything)),
        "waterfall.traces/1": traces_shape(summaries, 0, 1),
        "waterfall.map/1": map_shape(service_map(answers.SERVICES, 0, 300)),
        "waterfall.comparison/1": comparison_shape(
            [compare(samples.trace(samples.failed()), samples.trace(samples.throttled()))]
        ),
    }


FORMATS = ["waterfall.trace/1", "waterfall.traces/1", "waterfall.map/1", "waterfall.comparison/1"]


@pytest.mark.parametrize("format_", FORMATS)
def test_every_field_is_documented(format_: str) -> None:
    """What is printed is what the documentation lists."""
    shape = shapes()[format_]
    assert shape["format"] == format_
    assert keys(shape) - {"format"} <= documented(format_)


@pytest.mark.parametrize("format_", FORMATS)
def test_every_documented_field_is_printed(format_: str) -> None:
    """What the documentation lists is printed."""
    values = {
        "ok",
        "error",
        "throttle",
        "fault",
        "segment",
        "subsegment",
        "init",
        "restore",
        "overhead",
        "null",
    }
    assert documented(format_) - values <= keys(shapes()[format_])


def test_output_is_ascii() -> None:
    """No character of a name reaches the terminal as itself but for printable ASCII."""
    text = json_text(trace_shape(samples.trace([samples.segment("\x1b[31m\u202e☕", "a" * 16, 0, 1)])))
    assert text.isascii()
    assert "\x1b" not in text
    assert json.loads(text)["nodes"][0]["name"] == "\x1b[31m\u202e☕"


def test_depth_is_no_limit() -> None:
    """A trace of thousands of levels is printed: nodes are a list, not nested."""
    shape = json.loads(json_text(trace_shape(samples.trace([samples.deep(3_000)]))))
    assert shape["nodes"][-1]["depth"] == 3_000


def test_deep_metadata_is_cut() -> None:
    """Metadata that nests too deep to be written ends in an ellipsis."""
    value: Any = "bottom"
    for _ in range(3_000):
        value = {"x": value}
    documents = [samples.segment("top", "a" * 16, 0, 1, metadata={"default": value})]
    assert r"\u2026" in json_text(trace_shape(samples.trace(documents)))
