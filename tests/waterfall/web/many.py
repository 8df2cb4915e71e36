"""Traces in numbers: a list, a trace of 2,000 nodes, a trace that attacks whoever shows it."""

from __future__ import annotations

from typing import Any

from tests.waterfall.samples import API, T0, TRACE_ID, exception, segment, subsegment

SCRIPT = "<script>window.attacked = true</script><img src=x onerror='window.attacked = true'>"
LONG = "n" * 10_000


def requests(count: int) -> list[dict[str, Any]]:
    """Return traces of one segment each, a second apart, every one faster than half a second."""
    return [
        segment(
            "shop",
            f"{number:016x}",
            number,
            number + 0.01 * (number + 1),
            trace_id=f"1-{int(T0):08x}-{number:024x}",
            origin="AWS::ApiGateway::Stage",
            http={
                "request": {"method": "GET", "url": f"{API}/item/{number}"},
                "response": {"status": 200},
            },
        )
        for number in range(count)
    ]


def deep_and_wide(count: int) -> list[dict[str, Any]]:
    """Return one trace of `count` nodes: a root, and segments of ten nodes each below it."""
    groups = (count - 1) // 10
    root = segment("many", "a000000000000001", 0, groups * 0.1)
    return [root, *(_group(number, root["id"]) for number in range(groups))]


def _group(number: int, parent_id: str) -> dict[str, Any]:
    start = number * 0.1
    steps = [
        subsegment(
            f"step {number}.{step}",
            f"{0x100000 + number * 10 + step:016x}",
            start,
            start + 0.01 * (step + 1),
        )
        for step in range(9)
    ]
    id_ = f"{0x1000 + number:016x}"
    return segment(f"group {number}", id_, start, start + 0.1, parent_id=parent_id, subsegments=steps)


def hostile() -> list[dict[str, Any]]:
    """Return a trace with markup wherever a trace may carry text, and names of 10 kB."""
    child = subsegment(
        "long",
        "b000000000000002",
        0.1,
        0.4,
        fault=True,
        annotations={"markup": SCRIPT},
        metadata={SCRIPT: {SCRIPT: SCRIPT, "long": LONG}},
        aws={"operation": SCRIPT, "table_name": LONG},
        cause={
            "exceptions": [
                exception(SCRIPT, SCRIPT + LONG, stack=[{"path": SCRIPT, "line": 1, "label": SCRIPT}])
            ]
        },
        namespace="aws",
    )
    return [
        segment(
            "shop",
            "b000000000000001",
            0,
            0.5,
            trace_id=TRACE_ID,
            origin="AWS::ApiGateway::Stage",
            http={
                "request": {"method": "GET", "url": f"javascript:alert(1)//{SCRIPT}{LONG}"},
                "response": {"status": 200},
            },
            user=SCRIPT,
            subsegments=[child],
        )
    ]
