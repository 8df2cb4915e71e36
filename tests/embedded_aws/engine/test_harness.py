"""The harness of these tests, where it must not be in their way."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from tests.embedded_aws.engine import harness

if TYPE_CHECKING:
    from pathlib import Path


def test_a_start_that_fails_leaves_nothing(tmp_path: Path) -> None:
    """A thread that went on would keep pytest from ending."""
    (tmp_path / "data").touch()
    before = set(threading.enumerate())
    with pytest.raises(Exception, match="data"):
        harness.Aws(tmp_path / "data")
    assert set(threading.enumerate()) <= before
