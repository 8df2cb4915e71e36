from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.embedded_aws.awslambda.harness import Stack


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A running Lambda with what calls it, shared by all tests; every test makes resources of its own."""
    from tests.embedded_aws.awslambda.harness import Stack  # noqa: PLC0415 - a second that few tests need

    running = Stack(tmp_path_factory.mktemp("lambda"))
    yield running
    running.close()
