"""What a language model may call the tools of `waterfall mcp` with, on a stack that runs."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mcp.server.mcpserver.exceptions import ToolError, UnexpectedToolError

from tests.fuzz.mutation import Source
from tests.fuzz.server import status
from tests.fuzz.target import BadAnswerError, Take, Target
from waterfall.agents.place import Place
from waterfall.agents.replies import MOST_BYTES_OF_DETAILS
from waterfall.agents.server import create_server
from waterfall.traces.client import Source as Stack

_MOST_BYTES = MOST_BYTES_OF_DETAILS + 1_000
_CALLS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("find", {"filter": 'duration > 2 AND http.url CONTAINS "/hello"', "since": "1h", "limit": 5}),
    ("show", {"trace": "latest", "span": 0, "depth": 2, "details": True}),
    ("show", {"trace": "GET /reply"}),
    ("explain", {"trace": "1-5759e988-bd862e3fe1be46a994272793"}),
    ("why", {"request": "POST /reply"}),
    ("why", {"request": "http://127.0.0.1:4566/execute-api/a/dev/hello?x=1"}),
    ("logs", {"trace": "latest", "functions": ["echo"], "since": "2026-11-28T10:00:00Z", "limit": 3}),
    ("compare", {"trace": "latest", "with_trace": "a994272793"}),
    ("map", {"since": "10m"}),
    ("faults", {}),
    ("stack", {}),
    ("invoke", {"function": "nobody", "event": {"a": [1]}}),
    ("request", {"request": 'POST {"sku": 1}', "headers": ["Accept: text/plain"]}),
    ("start_fault", {"name": "slow"}),
    ("stop_fault", {"name": "EXP1"}),
    ("check", {"names": ["hello"]}),
)
"""No request and no invocation that would be one: each would be waited for until its trace is there."""

Call = tuple[str, dict[str, Any]]


def call(source: Source) -> Call:
    name, arguments = source.pick(_CALLS)
    given = source.value(arguments, 0.2)
    return name, given if isinstance(given, dict) else {"value": given}


@contextmanager
def _tools() -> Iterator[Take]:
    stack = Stack(status()["endpoint"])
    with tempfile.TemporaryDirectory() as folder, asyncio.Runner() as runner:
        server = create_server(Place(lambda: stack, time.time), Path(folder), acts=True)

        def take(given: Call) -> None:
            try:
                result: Any = runner.run(server.call_tool(*given))
            except UnexpectedToolError as error:
                raise error.__cause__ or error from None
            except ToolError as error:
                text = str(error)
            else:
                text = "".join(one.text for one in result.content)
            if len(text.encode()) > _MOST_BYTES:
                raise BadAnswerError(f"a reply of {len(text):,} characters: {text[:200]!r}")

        yield take


TARGETS = (Target("mcp", 10, call, _tools),)
