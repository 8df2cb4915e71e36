"""Physical names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from components.naming import physical_name, stage_name
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


def test_a_name_carries_project_and_stack(named: Named) -> None:
    """Stacks of one account do not collide."""
    assert named(physical_name, "front") == "traced-api-dev-front"


def test_a_name_has_only_what_every_service_allows(named: Named) -> None:
    """Dots, underscores and capitals are allowed in stacks, but not in buckets."""
    assert named(physical_name, "front", stack="Feature_1.2") == "traced-api-feature-1-2-front"


@pytest.mark.parametrize("limit", [32, 63, 64, 80])
def test_a_long_name_keeps_the_limit(named: Named, limit: int) -> None:
    """A name is never longer than its service allows."""
    assert len(named(physical_name, "front", limit, stack="s" * 100)) == limit


def test_long_names_stay_different(named: Named) -> None:
    """Two names that differ only beyond the limit are still two names."""
    assert named(physical_name, "front", 32, stack="s" * 50) != named(
        physical_name, "worker", 32, stack="s" * 50
    )


def test_a_stage_is_named_after_the_stack(named: Named) -> None:
    """API Gateway allows capitals and underscores in a stage, but no dots."""
    assert named(stage_name, stack="Feature_1.2") == "Feature_1-2"
