"""The one error that keeps the server from serving."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


class StartupError(Exception):
    """The server cannot start or the program cannot be deployed; the text is the one message for the user.

    `warnings` are what the deployment warned of until then.
    """

    def __init__(self, message: str, warnings: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.warnings = warnings


def port_error(host: str, port: int, option: str, problem: Exception) -> StartupError:
    """Say which port cannot be had, and the option that chooses another."""
    reason = getattr(problem, "strerror", None) or str(problem)
    return StartupError(
        f"cannot listen on {host}:{port}: {reason}; stop what uses it, or choose another port with {option} "
        "(0 for any free one)"
    )


def bind(host: str, port: int, option: str) -> socket.socket:
    """Listen on a port, on any free one for 0; raises `StartupError` naming `option`."""
    try:
        return socket.create_server((host, port), backlog=512)
    except (OSError, OverflowError) as problem:
        raise port_error(host, port, option, problem) from problem
