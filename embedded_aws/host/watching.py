"""What is due is done also while nobody asks."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

_log = logging.getLogger(__name__)

_SECONDS = 1.0
_MOST_TOLD = 20
"""Different failures that are logged."""


async def watch(*looks: Callable[[], Awaitable[object] | None]) -> None:
    """Look once a second, until it is cancelled; one that fails does not end the others."""
    told: set[str] = set()
    while True:
        await asyncio.sleep(_SECONDS)
        for look in looks:
            try:
                looked = look()
                if looked is not None:
                    await looked
            except Exception as problem:  # noqa: BLE001 - one that fails must not end the others
                if repr(problem) not in told and len(told) < _MOST_TOLD:
                    told.add(repr(problem))
                    _log.exception("what is due was not found")
