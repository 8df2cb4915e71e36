"""One embedded AWS for all tests of faults, and a function in each tracing mode."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.faults.subject import Subject
from tests.e2e.lab import Lab, running


@pytest.fixture(scope="package")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with running(tmp_path_factory.mktemp("data")) as lab:
        yield lab


@pytest.fixture(scope="package", params=["otel", "native"])
def subject(request: pytest.FixtureRequest, lab: Lab) -> Subject:
    """Deploy a function in one tracing mode, and call it once."""
    arn = lab.function(request.param, f"echo-{request.param}")
    subject = Subject(lab, arn, lab.api(arn))
    assert lab.get(subject.url).status == 200
    return subject


@pytest.fixture
def stop(lab: Lab) -> Iterator[None]:
    """Leave no experiment behind."""
    yield
    for experiment in lab.fis.list_experiments()["experiments"]:
        if experiment["state"]["status"] == "running":
            lab.fis.stop_experiment(id=experiment["id"])
