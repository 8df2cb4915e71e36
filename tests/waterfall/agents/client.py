"""The official client of the Model Context Protocol, for tests that call tools of `waterfall mcp`."""

from __future__ import annotations

import asyncio
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mcp import Client, StdioServerParameters, stdio_client

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mcp.types import CallToolResult, Tool


@dataclass(frozen=True)
class Reply:
    """What a tool replied: its text, and whether it is an error."""

    text: str
    is_error: bool

    @property
    def size(self) -> int:
        return len(self.text.encode())


def call(server: Any, *calls: tuple[str, dict[str, Any]]) -> list[Reply]:
    """Call tools one after the other, in one session; `server` is one in process, or a transport."""

    async def session() -> list[Reply]:
        async with asyncio.timeout(60), Client(server) as client:
            return [_reply(await client.call_tool(name, given)) for name, given in calls]

    return asyncio.run(session())


def tools_of(server: Any) -> Sequence[Tool]:
    """Return the tools that a server offers."""

    async def session() -> Sequence[Tool]:
        async with asyncio.timeout(60), Client(server) as client:
            return (await client.list_tools()).tools

    return asyncio.run(session())


def _reply(result: CallToolResult) -> Reply:
    return Reply("\n".join(getattr(one, "text", "") for one in result.content), bool(result.is_error))


def over_stdio(endpoint: str, *options: str) -> Any:
    """Return the way to `waterfall mcp` in a process of its own, as an editor starts it."""
    command = str(Path(sys.executable).with_name("waterfall"))
    arguments = ["mcp", "--endpoint", endpoint, *options]
    return stdio_client(StdioServerParameters(command=command, args=arguments, env=dict(os.environ)))
