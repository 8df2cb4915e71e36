from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.embedded_aws.awslambda.harness import Stack


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A running service that all tests of this folder share; every test deploys functions of its own."""
    running = Stack(tmp_path_factory.mktemp("lambda"))
    yield running
    running.close()
