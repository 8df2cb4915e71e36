"""Finished spans on their way out: in their parents while they are few, packed and paced while they are many.

A span whose parent is still open waits to travel in it, one datagram for both; the outermost takes all along.

A UDP receiver with the default buffer holds a few hundred small datagrams, or 25 of 4 kB. A leaky bucket
measures what is on its way, as Linux counts it; while it is full, spans wait, so that they can travel in
their parents. What does not fit into a datagram is cut: the largest values go first, and are marked.
"""

from __future__ import annotations

import json
import logging
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from tracing._span import plain

log = logging.getLogger("tracing")

HOLD_SECONDS = 0.05
HELD_BYTES = 512 * 1024

_BURST = 48 * 1024
_BYTES_PER_SECOND = 6 * 1024 * 1024
_RETRIES = 5

HEADER = b'{"format":"json","version":1}\n'
BUDGET = 63 * 1024 - len(HEADER)
"""Bytes of one datagram's body: UDP carries 65,507, X-Ray takes documents up to 64 kB."""

T = TypeVar("T")

_encode = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode
_STRING_CAPS = tuple(2**power for power in range(15, 5, -1))
_ITEM_CAPS = tuple(2**power for power in range(10, -1, -1))
_KEPT = frozenset({"name", "id", "trace_id", "parent_id", "type"})


class Item:
    """An encoded span: a JSON document, or one protobuf `Span` of `scope` in the trace `trace_id`."""

    __slots__ = ("id", "parent_id", "payload", "scope", "trace_id")

    def __init__(
        self, identifier: str, parent_id: str, payload: bytes, scope: str = "", trace_id: int = 0
    ) -> None:
        self.id = identifier
        self.parent_id = parent_id
        self.payload = payload
        self.scope = scope
        self.trace_id = trace_id


Pack = Callable[[Sequence[Item]], Iterable[bytes]]


class Transport(Protocol):
    """`held_bytes` and `hold_seconds`: how much and how long spans may wait to travel together."""

    hold_seconds: float
    held_bytes: int

    def idle(self) -> bool:
        """Whether a span that waits for no parent should leave at once."""

    def send(self, body: bytes) -> bool:
        """Send one packed body; `False` when it was dropped."""


class Losses:
    """Counts what was shortened or dropped; each cause is logged once for a process."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    def add(self, cause: str, example: str = "") -> None:
        self.counts[cause] += 1
        if self.counts[cause] == 1:
            log.warning(
                "tracing: %s%s (further ones are counted only)", cause, f": {example}" if example else ""
            )


class Sender:
    """Takes finished spans from any thread."""

    def __init__(
        self, pack: Pack, transport: Transport, losses: Losses, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._pack = pack
        self._transport = transport
        self._losses = losses
        self._clock = clock
        self.reset()

    def reset(self) -> None:
        """Start anew, in a forked process: what the parent holds, the parent sends."""
        self._lock = threading.RLock()  # the collector of garbage may end a span at any time
        self._held: list[Item] = []
        self._held_bytes = 0
        self._since = 0.0

    def add(self, item: Item, *, waits: bool = False) -> None:
        """Take a span; one that `waits` for its parent leaves with it, or when the first has waited long."""
        with self._lock:
            now = self._clock()
            if not self._held:
                self._since = now
            self._held.append(item)
            self._held_bytes += len(item.payload)
            overdue = now - self._since >= self._transport.hold_seconds
            full = self._held_bytes >= self._transport.held_bytes
            if overdue or full or (not waits and self._transport.idle()):
                self._flush()

    def flush(self) -> None:
        with self._lock:
            self._flush()

    def _flush(self) -> None:
        held, self._held, self._held_bytes = self._held, [], 0
        if held:
            self._send(held)

    def _send(self, items: Sequence[Item]) -> None:
        for body in self._pack(items):
            if not self._transport.send(body):
                self._losses.add("a packet could not be sent and was dropped")


class Datagrams:
    """UDP to the X-Ray daemon.

    https://docs.aws.amazon.com/xray/latest/devguide/xray-api-sendingdata.html#xray-api-daemon
    """

    hold_seconds = HOLD_SECONDS
    held_bytes = HELD_BYTES

    def __init__(
        self,
        address: tuple[str, int],
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._address = address
        self._clock = clock
        self._sleep = sleep
        self._socket: socket.socket | None = None
        self._level = 0.0
        self._at = 0.0

    def idle(self) -> bool:
        self._leak()
        return self._level <= _BURST / 2

    def send(self, body: bytes) -> bool:
        self._pace(len(body))
        for attempt in range(_RETRIES):
            try:
                self._open().sendto(HEADER + body, self._address)
            except BlockingIOError:
                self._sleep(0.001 * 2**attempt)
            except OSError as error:
                log.debug("tracing: cannot send to %s:%d: %s", *self._address, error)
                return False
            else:
                return True
        return False

    def close(self) -> None:
        """Close the socket; the next packet opens another."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _open(self) -> socket.socket:
        """Opened when first needed: a snapshot must hold no socket."""
        if self._socket is None:
            family = socket.AF_INET6 if ":" in self._address[0] else socket.AF_INET
            self._socket = socket.socket(family, socket.SOCK_DGRAM)
            self._socket.setblocking(False)
        return self._socket

    def _leak(self) -> None:
        now = self._clock()
        self._level = max(0.0, self._level - (now - self._at) * _BYTES_PER_SECOND)
        self._at = now

    def _pace(self, size: int) -> None:
        self._leak()
        if self._level > _BURST:
            self._sleep(max(0.001, (self._level - _BURST) / _BYTES_PER_SECOND))
            self._leak()
        # A receive buffer is filled by what the kernel allocates: powers of two, and 256 bytes for each.
        self._level += (1 << (size + 360).bit_length()) + 256


def pack_documents(items: Sequence[Item]) -> Iterable[bytes]:
    """One document a datagram: finished children go into their finished parents as far as one holds.

    The X-Ray daemon and OpenTelemetry's receiver take one JSON object; PutTraceSegments takes arrays of
    subsegments too, but not everybody who listens for documents does.
    https://docs.aws.amazon.com/xray/latest/devguide/xray-api-sendingdata.html#xray-api-daemon
    """
    waiting: dict[str, list[bytes]] = {}
    parents = {item.id for item in items}
    for item in items:
        body, rest = _embed(item.payload, waiting.pop(item.id, []))
        yield from rest
        if item.parent_id in parents:
            waiting.setdefault(item.parent_id, []).append(body)
        else:
            yield body
    for left in waiting.values():
        yield from left


def _embed(document: bytes, children: Sequence[bytes]) -> tuple[bytes, Sequence[bytes]]:
    room = BUDGET - len(document) - len(b',"subsegments":[]')
    taken = 0
    while taken < len(children) and room > len(children[taken]):
        room -= len(children[taken]) + 1
        taken += 1
    if taken and b'"subsegments":' not in document:
        document = document[:-1] + b',"subsegments":[' + b",".join(children[:taken]) + b"]}"
        return document, children[taken:]
    return document, children


def encode(document: Mapping[str, Any]) -> str:
    """JSON in ASCII, so that characters are bytes."""
    try:
        return _encode(document)
    except (TypeError, ValueError):
        return _encode(plain(document))


def fit(value: T, size: Callable[[T], int], budget: int = BUDGET) -> tuple[T, bool]:
    """Shorten what `size` measures to at most `budget`; says whether anything was shortened.

    First strings, from the longest on, then long lists and objects.
    """
    if size(value) <= budget:
        return value, False
    for longest in _STRING_CAPS:
        value = _cut_strings(value, longest)
        if size(value) <= budget:
            return value, True
    for most in _ITEM_CAPS:
        value = _cut_items(value, most, depth=0)
        if size(value) <= budget:
            break
    return value, True


def fit_document(document: Mapping[str, Any]) -> tuple[str, bool]:
    """The JSON text of a document that fits one datagram."""
    text = encode(document)
    if len(text) <= BUDGET:
        return text, False
    shortened, _ = fit(plain(document), lambda value: len(encode(value)))
    return encode(shortened), True


def _cut_strings(value: Any, longest: int) -> Any:
    if isinstance(value, str):
        return _cut(value, longest)
    if isinstance(value, dict):
        return {
            key if len(key) <= longest else _cut(key, longest): item
            if key in _KEPT
            else _cut_strings(item, longest)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [_cut_strings(item, longest) for item in value]
    return value


def _cut(text: str, longest: int) -> str:
    if len(text) <= longest + 40 or text.endswith(" characters]"):
        head, _, marker = text.rpartition("... [truncated, ")
        return text if len(head) <= longest else f"{head[:longest]}... [truncated, {marker}"
    return f"{text[:longest]}... [truncated, {len(text)} characters]"


def _cut_items(value: Any, most: int, depth: int) -> Any:
    """Containers keep their first `most` items; a document's own fields are never dropped."""
    if isinstance(value, dict):
        kept = dict(list(value.items())[:most]) if depth else value
        cut = {key: _cut_items(item, most, depth + 1) for key, item in kept.items()}
        if len(kept) < len(value):
            cut["[truncated]"] = f"{len(value) - len(kept)} more"
        return cut
    if isinstance(value, list | tuple):
        cut_list = [_cut_items(item, most, depth + 1) for item in value[:most]]
        if len(value) > most:
            cut_list.append(f"[truncated, {len(value) - most} more]")
        return cut_list
    return value
