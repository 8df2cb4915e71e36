"""Sets tracing up once, as the environment says."""

from __future__ import annotations


def configure() -> None:
    """Set up what `TRACING_MODE` and `TRACING_EXPORT` name; a second call does nothing."""
