"""Whose process is at the other end of a connection: who debugs a function runs code as its user."""

from __future__ import annotations

import os
import struct
import sys
from pathlib import Path

_TABLE = Path("/proc/net/tcp")


def is_own(peer: tuple[str, int], here: tuple[str, int]) -> bool:
    """Tell whether a connection on loopback comes from this user or from root.

    Linux tells; elsewhere everybody on this machine is believed.
    """
    if sys.platform != "linux":
        return True
    wanted = f"{_hexadecimal(peer)} {_hexadecimal(here)}"
    try:
        lines = _TABLE.read_text(encoding="ascii").splitlines()[1:]
    except OSError:
        return True
    for line in lines:
        fields = line.split()
        if " ".join(fields[1:3]) == wanted:
            return int(fields[7]) in {0, os.getuid()}
    return False


def _hexadecimal(address: tuple[str, int]) -> str:
    """Return an address as the kernel prints it: that of IPv4 in the machine's order of bytes."""
    host, port = address
    (number,) = struct.unpack("=I", bytes(map(int, host.split("."))))
    return f"{number:08X}:{port:04X}"
