"""Comparisons as JSON.

`waterfall.comparison/1`
    `equal`, and `comparisons` of two traces each: `left` and `right` (ids), `equal`, `imports_left_out`, and
    `differences` between their normal forms: `path` (names from the root down), `field`, `left`, `right`
    (`null` for what is not there).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from waterfall.compare.difference import Comparison


def comparison_shape(comparisons: Sequence[Comparison]) -> dict[str, Any]:
    return {
        "format": "waterfall.comparison/1",
        "equal": all(comparison.equal for comparison in comparisons),
        "comparisons": [
            {
                "left": comparison.left.id,
                "right": comparison.right.id,
                "equal": comparison.equal,
                "imports_left_out": comparison.imports_left_out,
                "differences": [
                    {**asdict(finding), "path": list(finding.path)} for finding in comparison.findings
                ],
            }
            for comparison in comparisons
        ],
    }
