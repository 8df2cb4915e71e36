"""Two traces side by side, as the console's API answers."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from waterfall.compare.difference import Comparison, Pair
from waterfall.traces.insight import overview

if TYPE_CHECKING:
    from waterfall.compare.normal import Entity
    from waterfall.traces.model import Trace


def comparison_shape(found: Comparison) -> dict[str, Any]:
    """Return `left`, `right`, `pairs` in reading order, the number of `findings`, `imports_left_out`.

    A pair has `depth`, `left` and `right` (`label`, `kind`, `namespace`, `type`, `status`, `offset`,
    `duration`, or `null` where one side lacks it), and `findings` (`field`, `left`, `right`).
    """
    return {
        "left": _head(found.left),
        "right": _head(found.right),
        "pairs": [_pair(pair) for pair in found.pairs],
        "findings": len(found.findings),
        "imports_left_out": found.imports_left_out,
    }


def _head(trace: Trace) -> dict[str, Any]:
    head = overview(trace)
    return {
        "id": trace.id,
        "name": head.name,
        "start": trace.start,
        "duration": trace.duration,
        "status": head.status,
        "unfinished": head.unfinished,
        "method": head.http.method,
        "url": head.http.url,
        "http_status": head.http.status,
    }


def _pair(pair: Pair) -> dict[str, Any]:
    return {
        "depth": pair.depth,
        "left": pair.left and _side(pair.left),
        "right": pair.right and _side(pair.right),
        "findings": [
            {key: value for key, value in asdict(finding).items() if key != "path"}
            for finding in pair.findings
        ],
    }


def _side(entity: Entity) -> dict[str, Any]:
    flags = (flag for flag in ("fault", "throttle", "error") if entity.fields.get(flag) is True)
    return {
        "label": entity.label,
        "kind": entity.fields.get("kind"),
        "namespace": entity.fields.get("namespace"),
        "type": entity.fields.get("origin") or entity.fields.get("called"),
        "status": next(flags, "ok"),
        "offset": entity.start,
        "duration": entity.end - entity.start,
    }
