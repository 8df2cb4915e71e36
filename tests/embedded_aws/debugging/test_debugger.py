"""The ports that editors connect to."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import pytest

from embedded_aws.debugging.debugger import Debugger
from embedded_aws.debugging.standstill import Standstill


def test_none_opens_once_all_are_closed(tmp_path: Path) -> None:
    """A program may be deployed while the embedded AWS stops."""

    async def ports() -> dict[str, int]:
        debugger = Debugger(tmp_path, tmp_path, Standstill(lambda: 0.0))
        opening = asyncio.create_task(debugger.open(["first", "second"]))
        await asyncio.sleep(0)
        await debugger.close()
        await opening
        for port in debugger.ports().values():
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", port))
        return debugger.ports()

    assert list(asyncio.run(ports())) == ["first"]
