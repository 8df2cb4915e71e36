"""The program of `examples/` that a module of tests is named after, in each way to trace its functions."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from tests.e2e.examples.example import Example
from tests.e2e.stack import REPOSITORY, running

MODES = {
    "otel": ("--tracing", "otel"),
    "native": ("--tracing", "native"),
    "instrument": ("--tracing", "off", "--instrument"),
}


@pytest.fixture(scope="module", params=MODES)
def example(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Example]:
    """Run a copy of the program, which shares the finished layers of the repository's own."""
    name = request.module.__name__.rpartition("test_")[2]
    program = tmp_path_factory.mktemp("program") / name
    shutil.copytree(
        REPOSITORY / "examples" / name, program, ignore=shutil.ignore_patterns(".*", "__pycache__")
    )
    (program / ".build").symlink_to(REPOSITORY / ".build")
    with running(tmp_path_factory.mktemp("data"), "-C", str(program), *MODES[request.param]) as stack:
        yield Example(stack, request.param)
