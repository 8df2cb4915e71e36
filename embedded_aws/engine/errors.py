"""The one error of the engine."""

from __future__ import annotations


class EngineError(Exception):
    """What stops a deployment: one message for the user, complete as it stands."""
