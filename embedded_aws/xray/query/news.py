"""Lets whoever shows traces wait for the next document instead of asking again and again."""

from __future__ import annotations

import secrets
import threading


class News:
    """A number that changes whenever a trace gets a document; of another start it is another one.

    Usable from any thread.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._number = secrets.randbits(48)
        self._closed = False

    def tell(self) -> None:
        """Wake all that wait."""
        with self._changed:
            self._number += 1
            self._changed.notify_all()

    def wait(self, after: int | None, seconds: float) -> int:
        """Return the number once it is not `after`, or after so many seconds."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._number != after, seconds)
            return self._number

    def close(self) -> None:
        """Let nobody wait any more."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
