"""Where ids and the time come from; both are passed in, so that tests can choose them."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from typing import Protocol

Clock = Callable[[], float]
"""Epoch seconds, as `time.time`."""


class Ids(Protocol):
    """A source of X-Ray ids and of request ids."""

    def trace_id(self, now: float) -> str:
        """Return `1-<8 hex: epoch seconds>-<24 hex>`."""

    def segment_id(self) -> str:
        """Return 16 lower-case hex digits."""

    def request_id(self) -> str:
        """Return a UUID in its text form."""


def service_segment_id(request_id: str) -> str:
    """Return the id of the `AWS::Lambda` segment of an unsampled request that is recorded all the same.

    It is the first 16 hex digits of the SHA-256 of Lambda's request id, which caller and called both know: so
    each can send that segment, and the one replaces the other's.
    """
    return hashlib.sha256(request_id.encode()).hexdigest()[:16]


class RandomIds:
    """Ids from the operating system's randomness."""

    def trace_id(self, now: float) -> str:
        return f"1-{int(now):08x}-{secrets.token_hex(12)}"

    def segment_id(self) -> str:
        return secrets.token_hex(8)

    def request_id(self) -> str:
        digits = secrets.token_hex(16)
        return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"
