"""The one error of the engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


class EngineError(Exception):
    """What stops a deployment: one message for the user, complete as it stands, and what was warned of."""

    def __init__(self, message: str, warnings: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.warnings = warnings


class AbandonedError(EngineError):
    """Nothing was done, because the program failed meanwhile: that is the error to tell."""


class NotEmulatedError(EngineError):
    """What the program asks for cannot be had here: the resource is skipped, and this is the reason."""
