"""The log file of a server, and what of it the user sees."""

from __future__ import annotations

import logging
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from embedded_aws.endpoint import Endpoint
from embedded_aws.host import server_log
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


def test_what_clients_sent_stays_on_its_line(tmp_path: Path) -> None:
    """Neither a record can be forged nor a terminal be told something; tracebacks keep their lines."""
    with logging_to(tmp_path / "server.log", lambda _: None):
        try:
            raise ValueError("no")
        except ValueError:
            logging.getLogger("embedded_aws").exception("%s cannot be reached", "a\r\nb\x1b[2J\u202e")
    first, *rest = (tmp_path / "server.log").read_text(encoding="utf-8").splitlines()
    assert first.endswith(r"a\r\nb\x1b[2J\u202e cannot be reached")
    assert rest[-1] == "ValueError: no"


def test_the_file_has_an_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond its size nothing is written, and it says so."""
    monkeypatch.setattr(server_log, "MOST_BYTES", 1000)
    with logging_to(tmp_path / "server.log", lambda _: None):
        for _ in range(50):
            logging.getLogger("embedded_aws").warning("a" * 100)
    told = (tmp_path / "server.log").read_text(encoding="utf-8")
    assert len(told) < 1300
    assert told.endswith("more is not written: the file has 1000 bytes\n")
