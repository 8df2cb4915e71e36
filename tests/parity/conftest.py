"""The two stacks of the session."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from tests.e2e.stack import Stack, running
from tests.parity.lab import Lab, open_lab
from tests.parity.peer import peer

MODES = ("native", "otel")


@pytest.fixture(scope="session")
def labs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Lab]]:
    """Run an embedded AWS for each mode, with the scenarios' functions."""
    program = tmp_path_factory.mktemp("program")
    (program / "Pulumi.yaml").write_text("name: parity\nruntime: python\n")
    (program / "__main__.py").write_text('"""Nothing: the tests create what they need."""\n')
    with ExitStack() as held, ThreadPoolExecutor(len(MODES)) as pool:
        outside = held.enter_context(peer())

        def start(mode: str) -> Lab:
            data = tmp_path_factory.mktemp(mode)
            stack: Stack = held.enter_context(running(data, "-C", str(program)))
            return open_lab(mode, stack, outside)

        yield list(pool.map(start, MODES))
