"""The stacks of this project, as the policy pack sees their resources."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest

from tests.components.conftest import Deployed, copy_project

Registered = Callable[..., Deployed]
"""Runs the program for a stack, with `preview=True` for its preview, once each."""


@pytest.fixture(scope="session")
def registered(tmp_path_factory: pytest.TempPathFactory) -> Registered:
    """What the program registers, by stack; gameday's experiments are for the embedded AWS."""
    directory = tmp_path_factory.mktemp("project")
    with pytest.MonkeyPatch.context() as patch:
        project = copy_project(directory, patch)

    @cache
    def run(stack: str, *, preview: bool = False) -> Deployed:
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(directory)
            local = "true" if stack == "gameday" else "false"
            return project.up(stack, preview=preview, local=local)

    return run
