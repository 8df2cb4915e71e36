"""What each side of `waterfall compare --modes` runs with."""

from __future__ import annotations

import pytest

from waterfall.compare.modes import settings_of


@pytest.mark.parametrize(
    ("mode", "given", "settings"),
    [
        ("native", {}, {"tracing": "native"}),
        ("otel", {"export": "otlp", "x": "1"}, {"tracing": "otel", "export": "otlp", "x": "1"}),
        ("native", {"export": "otlp", "x": "1"}, {"tracing": "native", "export": "xray", "x": "1"}),
    ],
)
def test_each_mode_has_its_settings(mode: str, given: dict[str, str], settings: dict[str, str]) -> None:
    """Both sides share the settings given but for tracing, and for the export that only OpenTelemetry has."""
    assert settings_of(mode, given) == settings
