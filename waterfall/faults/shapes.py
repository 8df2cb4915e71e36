"""Experiments as JSON, for `--json` and for the console.

`waterfall.faults/1`
    `templates` that can be started (`id`, `name`, `faults`), or `experiments`: `id`, `name`, `status`,
    `reason`, `faults`, `started`, `until`, `ended`, `targets`, `notes`, `left`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from waterfall.faults.client import Experiment, Template


def templates_shape(templates: Sequence[Template]) -> dict[str, Any]:
    return {"format": "waterfall.faults/1", "templates": [asdict(one) for one in templates]}


def experiments_shape(experiments: Sequence[Experiment], now: float) -> dict[str, Any]:
    found = [{**asdict(one), "left": one.left(now)} for one in experiments]
    return {"format": "waterfall.faults/1", "experiments": found}
