"""The log file of a server, and what of it the user sees."""

from __future__ import annotations

import logging
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from embedded_aws.endpoint import Endpoint
from embedded_aws.host.server_log import logging_to

if TYPE_CHECKING:
    import pytest


def test_warnings_of_the_embedded_aws_are_shown(tmp_path: Path) -> None:
    """Those of its libraries stand in the file alone."""
    shown: list[str] = []
    with logging_to(tmp_path / "server.log", shown.append):
        logging.getLogger(Endpoint.__module__).warning("a queue is full")
        logging.getLogger("uvicorn").warning("a line of a library")
    told = (tmp_path / "server.log").read_text(encoding="utf-8")
    assert shown == ["warning: a queue is full"]
    assert "a queue is full" in told
    assert "a line of a library" in told


def test_warnings_of_python_stand_in_the_file(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """What moto says by them would otherwise be written between the lines of `up`."""
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        with logging_to(tmp_path / "server.log", lambda _: None):
            warnings.warn("not as on AWS", UserWarning, stacklevel=1)
    assert "UserWarning: not as on AWS" in (tmp_path / "server.log").read_text(encoding="utf-8")
    assert capfd.readouterr().err == ""
