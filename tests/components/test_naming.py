"""Physical names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from components.kinds import SettingError
from components.naming import layer_name, name_or_auto, shortened, stage_name
from tests.components.conftest import Deploy

Named = Callable[..., str]


@pytest.fixture
def named(deploy: Deploy) -> Named:
    """Returns a name as a program of some project and stack would make it."""

    def name(
        function: Callable[..., str], *args: Any, project: str = "traced-api", stack: str = "dev"
    ) -> str:
        seen = []
        deploy(lambda: seen.append(function(*args)), project=project, stack=stack)
        return seen[0]

    return name


def test_pulumi_makes_a_name_that_nobody_asked_for() -> None:
    """None is how a program leaves it to Pulumi."""
    assert name_or_auto("queue", "work", "", 80) is None
    assert name_or_auto("queue", "work", "orders", 80) == "orders"


def test_a_name_may_have_as_many_characters_as_aws_allows() -> None:
    """Pulumi's suffix counts where Pulumi makes the name."""
    assert name_or_auto("role", "f", "x" * 64, 64) == "x" * 64
    assert name_or_auto("role", "x" * 56, "", 64) is None


@pytest.mark.parametrize(
    ("name", "asked", "refusal"),
    [
        ("f", "x" * 65, r"role f has the physical name 'x+' of 65 characters, but AWS allows 64; shorten it"),
        (
            "x" * 57,
            "",
            "a name of 57 characters, to which Pulumi adds 8, but AWS allows 64; shorten it, or give",
        ),
    ],
    ids=["asked for", "made by Pulumi"],
)
def test_a_name_too_long_is_refused(name: str, asked: str, refusal: str) -> None:
    """The error has the length, AWS's limit, and what to do."""
    with pytest.raises(SettingError, match=refusal):
        name_or_auto("role", name, asked, 64)


@pytest.mark.parametrize("limit", [32, 140])
def test_a_name_that_is_cut_keeps_the_limit(limit: int) -> None:
    """A name is never longer than its service allows, and one that fits stays as it is."""
    assert len(shortened("x" * 200, limit)) == limit
    assert shortened("x" * limit, limit) == "x" * limit


def test_names_that_are_cut_stay_different() -> None:
    """Two names that differ only beyond the limit are still two names."""
    assert shortened("s" * 50 + "front", 32) != shortened("s" * 50 + "worker", 32)


def test_a_layer_carries_project_and_stack(named: Named) -> None:
    """Only letters, digits and hyphens are left of them, and 140 characters."""
    assert named(layer_name, "slim", stack="Feature_1.2") == "traced-api-feature-1-2-slim"
    assert len(named(layer_name, "slim", stack="s" * 100, project="p" * 100)) == 140


def test_a_stage_is_named_after_the_stack(named: Named) -> None:
    """API Gateway allows capitals and underscores in a stage, but no dots."""
    assert named(stage_name, stack="Feature_1.2") == "Feature_1-2"
