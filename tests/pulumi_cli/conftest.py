"""An empty workspace for Pulumi's real CLI; where there is no CLI, the tests that need one are skipped."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.pulumi_cli.cli import FOLDER, Workspace, folder_of_cli, workspace

MISSING = (
    f"pulumi and pulumi-language-python are not on the PATH, nor in the folder that {FOLDER} names; "
    "tests/pulumi_cli/README.md says how to get them"
)


@pytest.fixture(scope="session")
def open_workspace() -> Callable[[Path], Workspace]:
    """Makes a workspace in an empty directory."""
    binaries = folder_of_cli()
    if binaries is None:
        pytest.skip(MISSING)

    def opened(directory: Path) -> Workspace:
        return workspace(directory, binaries)

    return opened
