"""Packing and pacing."""

from __future__ import annotations

import json
import socket
from bisect import bisect_right
from collections.abc import Sequence
from typing import Any

import pytest

from tests.tracing.harness import flatten
from tracing._sender import (
    BUDGET,
    HOLD_SECONDS,
    Datagrams,
    Item,
    Losses,
    Sender,
    pack_documents,
)


class Recorder:
    """A transport that remembers; `free` says whether spans may leave at once."""

    hold_seconds = HOLD_SECONDS
    held_bytes = 1000

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.free = True
        self.accepts = True

    def idle(self) -> bool:
        return self.free

    def send(self, body: bytes) -> bool:
        self.sent.append(body)
        return self.accepts


def item(identifier: str, parent: str, size: int = 0) -> Item:
    document = {"id": identifier, "parent_id": parent, "metadata": {"default": {"x": "x" * size}}}
    return Item(identifier, parent, json.dumps(document).encode())


def unpack(bodies: Sequence[bytes]) -> list[str]:
    return sorted(found["id"] for body in bodies for found in flatten(json.loads(body)))


def sender(transport: Any, now: list[float]) -> Sender:
    return Sender(pack_documents, transport, Losses(), clock=lambda: now[0])


def test_few_spans_leave_at_once() -> None:
    """While little is on its way, a finished span leaves immediately."""
    transport = Recorder()
    sender(transport, [0.0]).add(item("a", "root"))
    assert len(transport.sent) == 1


def test_a_span_travels_in_its_parent() -> None:
    """A span that waits for its open parent leaves with it, in one datagram."""
    transport = Recorder()
    found = sender(transport, [0.0])
    found.add(item("b", "a"), waits=True)
    assert transport.sent == []
    found.add(item("a", "root"))
    assert len(transport.sent) == 1
    assert unpack(transport.sent) == ["a", "b"]


def test_no_span_waits_for_long() -> None:
    """A span whose parent stays open leaves with the next that comes after the hold time."""
    transport, now = Recorder(), [0.0]
    found = sender(transport, now)
    found.add(item("b", "a"), waits=True)
    now[0] = HOLD_SECONDS
    found.add(item("c", "a"), waits=True)
    assert unpack(transport.sent) == ["b", "c"]


def test_many_spans_wait_a_moment() -> None:
    """While much is on its way, spans wait, but never longer than the hold time."""
    transport, now = Recorder(), [0.0]
    transport.free = False
    found = sender(transport, now)
    found.add(item("a", "root"))
    assert transport.sent == []
    now[0] = HOLD_SECONDS
    found.add(item("b", "root"))
    assert unpack(transport.sent) == ["a", "b"]


def test_flush_sends_what_waits() -> None:
    """A flush leaves nothing behind."""
    transport = Recorder()
    transport.free = False
    found = sender(transport, [0.0])
    found.add(item("a", "root"))
    found.flush()
    found.flush()
    assert unpack(transport.sent) == ["a"]


def test_losses_are_counted_and_logged_once(caplog: Any) -> None:
    """Dropped packets are counted; one line says so."""
    transport, losses = Recorder(), Losses()
    transport.accepts = False
    found = Sender(pack_documents, transport, losses)
    for name in "abc":
        found.add(item(name, "root"))
    assert list(losses.counts.values()) == [3]
    assert len(caplog.records) == 1


def test_children_travel_in_their_parents() -> None:
    """Finished children are embedded in their finished parent, level by level."""
    (body,) = pack_documents([item("c", "b"), item("b", "a"), item("d", "a"), item("a", "root")])
    document = json.loads(body)
    assert [child["id"] for child in document["subsegments"]] == ["b", "d"]
    assert document["subsegments"][0]["subsegments"][0]["id"] == "c"


def test_a_child_that_outlives_its_parent() -> None:
    """A child that ends after its parent travels on its own."""
    assert unpack(list(pack_documents([item("a", "root"), item("b", "a")]))) == ["a", "b"]


def test_loose_documents_travel_alone() -> None:
    """A datagram is one JSON object: documents without a common parent at hand, and segments, share none."""
    items = [*(item(f"sibling {number}", "root") for number in range(20)), item("segment", "")]
    bodies = list(pack_documents(items))
    assert unpack(bodies) == sorted(found.id for found in items)
    assert [type(json.loads(body)) for body in bodies] == [dict] * 21


def test_embedding_respects_the_budget() -> None:
    """Children that do not fit travel on their own; nothing is lost, nothing is too large."""
    items = [*(item(f"child {number}", "a", 10_000) for number in range(20)), item("a", "root", 20_000)]
    bodies = list(pack_documents(items))
    assert unpack(bodies) == sorted(found.id for found in items)
    assert max(map(len, bodies)) <= BUDGET
    assert len(bodies) < len(items)


def test_pacing() -> None:
    """Datagrams beyond a burst wait for their share of time."""
    now, slept = [0.0], []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        now[0] += seconds

    transport = Datagrams(("127.0.0.1", 9), clock=lambda: now[0], sleep=sleep)
    assert transport.idle()
    for _ in range(40):
        transport.send(b"x" * 10_000)
    assert not transport.idle()
    assert 0.03 < sum(slept) < 0.1
    now[0] += 1.0
    assert transport.idle()
    transport.close()


@pytest.mark.parametrize("size", [50, 400, 4_000, 60_000])
def test_a_receiver_of_default_size_may_pause(size: int) -> None:
    """One that does not run for 20 ms has what came in them, the burst at their start too."""
    now, sent = [0.0], []

    def sleep(seconds: float) -> None:
        now[0] += seconds

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        transport = Datagrams(receiver.getsockname(), clock=lambda: now[0], sleep=sleep)
        while now[0] < 0.02:
            assert transport.send(b"x" * size)
            sent.append(now[0])
        transport.close()
        receiver.setblocking(False)
        for _ in range(bisect_right(sent, 0.02)):
            receiver.recv(70_000)
