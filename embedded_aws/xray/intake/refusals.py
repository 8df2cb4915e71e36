"""The documents that X-Ray refused last: who sent one over UDP never learns of it."""

from __future__ import annotations

import re
import threading
from collections import deque
from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from embedded_aws.xray.intake.documents import Unprocessed

MOST = 1_000
_MOST_CHARACTERS = 200
_TRACE_ID = re.compile(r'"trace_id"\s*:\s*"([^"]{1,64})"')
_NAME = re.compile(r'"name"\s*:\s*"([^"]{1,200})"')


@dataclass(frozen=True, slots=True)
class Refusal:
    """A refused document: what could be read of it, and X-Ray's code and message."""

    trace_id: str | None
    name: str | None
    code: str
    message: str


class Refusals:
    """Remembers the newest; usable from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._newest: deque[Refusal] = deque(maxlen=MOST)

    def add(self, text: str, refused: Unprocessed) -> None:
        """Take a document's text, which may be anything, and why it was refused."""
        trace_id, name = _TRACE_ID.search(text), _NAME.search(text)
        found = Refusal(
            trace_id and trace_id[1],
            name and name[1],
            refused["ErrorCode"],
            refused["Message"][:_MOST_CHARACTERS],
        )
        with self._lock:
            self._newest.append(found)

    def of(self, trace_ids: Collection[str]) -> list[Refusal]:
        """Return those of some traces, oldest first."""
        with self._lock:
            return [one for one in self._newest if one.trace_id in trace_ids]
