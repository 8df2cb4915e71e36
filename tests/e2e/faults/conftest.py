"""A function in each tracing mode for all tests of faults, on the shared embedded AWS."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache

import pytest

from tests.e2e.faults.subject import Subject
from tests.e2e.lab import Lab


@pytest.fixture(scope="session")
def _subject_in(lab: Lab) -> Callable[[str], Subject]:
    """Deploy a function in a tracing mode, and call it once."""

    @cache
    def of(mode: str) -> Subject:
        arn = lab.function(mode, f"echo-{mode}")
        subject = Subject(lab, arn, lab.api(arn))
        assert lab.get(subject.url).status == 200
        return subject

    return of


@pytest.fixture(params=["otel", "native"])
def subject(request: pytest.FixtureRequest, _subject_in: Callable[[str], Subject]) -> Subject:
    """The function in each tracing mode."""
    return _subject_in(request.param)


@pytest.fixture
def stop(lab: Lab) -> Iterator[None]:
    """Leave no experiment behind."""
    yield
    for experiment in lab.fis.list_experiments()["experiments"]:
        if experiment["state"]["status"] == "running":
            lab.fis.stop_experiment(id=experiment["id"])
