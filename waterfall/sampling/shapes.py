"""Sampling rules and their cost as JSON.

`waterfall.sampling/1`
    `rules` in the order in which they are tried: `name`, `priority`, `reservoir`, `rate`, patterns `service`,
    `service_type`, `host`, `method`, `path`, `headers`, `resource`, and `example`; `decides` is the name of
    the one that decides about the request that was asked about.
`waterfall.cost/1`
    A month: `lines` with `rule`, `per_second`, `traced` (per second), `recorded`, `read`, `dollars`; `free`
    (dollars that the free tier takes off), `dollars`, and `prices`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from waterfall.sampling.cost import PRICES, Estimate
from waterfall.sampling.rules import Rule


def rules_shape(rules: Sequence[Rule], chosen: Rule | None) -> dict[str, Any]:
    return {
        "format": "waterfall.sampling/1",
        "rules": [{**asdict(rule), "example": rule.example} for rule in rules],
        "decides": chosen.name if chosen else None,
    }


def cost_shape(found: Estimate) -> dict[str, Any]:
    return {"format": "waterfall.cost/1", **asdict(found), "prices": asdict(PRICES)}
