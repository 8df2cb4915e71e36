"""A port for each function that stays the same, so that an editor's configuration stays valid."""

from __future__ import annotations

import contextlib
import json
import logging
import socket
import zlib
from pathlib import Path

_log = logging.getLogger(__name__)

_FIRST, _NUMBER = 20_000, 10_000
"""Below what systems give to outgoing connections: from 32,768 on Linux, 49,152 elsewhere."""
_TRIES = 50


class Ports:
    """Remembers in a file which function has which port; names that are new get one by their name."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._known: dict[str, int] = {}
        with contextlib.suppress(OSError, ValueError, AttributeError):
            known = json.loads(file.read_text(encoding="utf-8")).items()
            self._known = {name: port for name, port in known if isinstance(port, int) and 0 < port < 65536}

    def bind(self, function: str, host: str) -> socket.socket:
        """Return a socket at the function's port, or at the next free one, which is its port from then on.

        Raises `OSError` when none is free.
        """
        own = self._known.get(function)
        first = own or _FIRST + zlib.crc32(function.encode()) % _NUMBER
        others = {port for name, port in self._known.items() if name != function}
        for port in range(first, first + _TRIES):
            if port in others:
                continue
            with contextlib.suppress(OSError):
                listener = socket.create_server((host, port))
                self._keep(function, port, own)
                return listener
        raise OSError(f"no port from {first} to {first + _TRIES - 1} is free for debugging {function}")

    def _keep(self, function: str, port: int, own: int | None) -> None:
        if own not in {None, port}:
            told = "port %d of %s is taken: debug it at %d, and write launch.json again"
            _log.warning(told, own, function, port)
        if own != port:
            self._known[function] = port
            try:
                self._file.write_text(json.dumps(self._known, indent=1, sort_keys=True), encoding="utf-8")
            except OSError as problem:
                told = "%s cannot be written: the next start may give %s another port than %d: %s"
                _log.warning(told, self._file, function, port, problem.strerror)
