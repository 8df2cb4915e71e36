"""Messages of the Debug Adapter Protocol on a stream.

https://microsoft.github.io/debug-adapter-protocol/overview#base-protocol
"""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any

Message = dict[str, Any]

_HEADER = re.compile(rb"Content-Length: *(\d{1,8})\r\n(?:[\w-]+:[^\r\n]*\r\n)*\r\n", re.IGNORECASE)
_MOST_BYTES = 64 * 1024 * 1024


class ProtocolError(Exception):
    """What came is no message of the protocol; a browser's request, say."""


async def read(stream: asyncio.StreamReader) -> Message | None:
    """Return the next message, `None` at the end of the stream; raises `ProtocolError`."""
    first = b""
    try:
        # What begins otherwise is refused at once: it might never send the end of a header.
        first = await stream.readexactly(len(b"Content-Length"))
        if first.lower() != b"content-length":
            raise ProtocolError(f"it begins with {first!r}")
        header = first + await stream.readuntil(b"\r\n\r\n")
        found = _HEADER.fullmatch(header)
        if not found or int(found[1]) > _MOST_BYTES:
            raise ProtocolError(f"its header is {header[:200]!r}")
        message = json.loads(await stream.readexactly(int(found[1])))
    except asyncio.IncompleteReadError as error:
        if error.partial.strip() and not first:
            raise ProtocolError(f"it begins with {error.partial!r}") from error
        return None
    except (ValueError, RecursionError, asyncio.LimitOverrunError) as error:
        raise ProtocolError(str(error)) from error
    if not isinstance(message, dict):
        raise ProtocolError("a message is not an object")
    return message


def encoded(message: Message) -> bytes:
    """Return a message as it is sent."""
    body = json.dumps(message).encode()
    return b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
