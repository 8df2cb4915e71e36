"""The log file of a server, and what of it the user sees."""

from __future__ import annotations

import logging
from pathlib import Path

from embedded_aws.endpoint import Endpoint
from embedded_aws.host.server_log import logging_to


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
