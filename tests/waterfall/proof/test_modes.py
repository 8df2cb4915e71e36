"""What each side of `waterfall compare --modes` runs with."""

from __future__ import annotations

import pytest

from waterfall.proof.modes import FalseProofError, settings_of, unmoved_functions


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


def test_modes_that_were_recorded_by_the_same_prove_nothing() -> None:
    """Whoever it was is named."""
    both = {"front": "X-Ray SDK", "worker": "X-Ray SDK"}
    with pytest.raises(FalseProofError, match="both sides were recorded by the X-Ray SDK"):
        unmoved_functions(both, both)


def test_functions_that_do_not_follow_are_named() -> None:
    """Of a program in which some were moved."""
    left = {"front": "X-Ray SDK", "worker": "X-Ray SDK"}
    assert unmoved_functions(left, {**left, "front": "OpenTelemetry"}) == ["worker: X-Ray SDK"]
    assert unmoved_functions(left, dict.fromkeys(left, "OpenTelemetry")) == []
    assert unmoved_functions({}, {}) == []
