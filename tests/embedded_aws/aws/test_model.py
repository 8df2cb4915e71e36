from __future__ import annotations

import pytest

from embedded_aws.aws.model import ShapeError, checked, model


@pytest.mark.parametrize("service", ["xray", "logs", "fis"])
def test_all_patterns_of_a_service_are_checked_in_linear_time(service: str) -> None:
    """A long text that none of them was made for gets an answer, and so does a short one."""
    names = model(service).shape_names
    shapes = [shape for shape in map(model(service).shape_for, names) if "pattern" in shape.metadata]
    refused = 0
    for shape in shapes:
        for text in ("a" * 50_000 + "\u00e9!", "-." * 25_000 + "\n"):
            try:
                checked(shape, text)
            except ShapeError:
                refused += 1
    assert refused > 0


def test_letters_of_any_language_are_letters() -> None:
    """As the pattern of a tag's key says."""
    key = model("logs").shape_for("TagKey")
    assert checked(key, "gr\u00f6\u00dfe") == "gr\u00f6\u00dfe"
    with pytest.raises(ShapeError, match="it must match"):
        checked(key, "a*b")
