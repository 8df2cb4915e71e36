"""A function's port is the same in each run."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from embedded_aws.debugging.peers import is_own
from embedded_aws.debugging.ports import Ports

HOST = "127.0.0.1"


def port(file: Path, function: str) -> int:
    with Ports(file).bind(function, HOST) as listener:
        found: int = listener.getsockname()[1]
        return found


def test_a_function_has_the_same_port_in_the_next_run(tmp_path: Path) -> None:
    file = tmp_path / "ports.json"
    assert port(file, "front") == port(file, "front")
    assert port(file, "front") != port(file, "worker")


def test_a_port_that_is_taken_is_another_one_from_then_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever attaches to the old one would debug something else: so it is said."""
    file = tmp_path / "ports.json"
    with Ports(file).bind("front", HOST) as first:
        taken = first.getsockname()[1]
        other = port(file, "front")
    assert other != taken
    assert f"port {taken} of front is taken" in caplog.text
    assert port(file, "front") == other


def test_a_file_that_holds_no_ports_is_as_none(tmp_path: Path) -> None:
    file = tmp_path / "ports.json"
    file.write_text('["front"]', encoding="utf-8")
    assert port(file, "front")


def test_a_port_that_cannot_be_written_down_is_one_all_the_same(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Only the next start may give another one, which is said."""
    file = tmp_path / "gone" / "ports.json"
    assert f"may give front another port than {port(file, 'front')}" in caplog.text


def test_a_connection_of_this_user_is_known_as_such() -> None:
    with socket.create_server((HOST, 0)) as listener, socket.create_connection(listener.getsockname()):
        accepted, address = listener.accept()
        with accepted:
            assert is_own(address, accepted.getsockname())
