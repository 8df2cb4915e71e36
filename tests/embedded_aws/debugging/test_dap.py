"""Messages of the Debug Adapter Protocol, and what is none."""

from __future__ import annotations

import asyncio

import pytest

from embedded_aws.debugging.dap import Message, ProtocolError, encoded, read


def messages(sent: bytes) -> list[Message]:
    async def all_of() -> list[Message]:
        stream = asyncio.StreamReader()
        stream.feed_data(sent)
        stream.feed_eof()
        found = []
        while message := await read(stream):
            found.append(message)
        return found

    return asyncio.run(all_of())


def test_messages_come_back_as_they_were_sent() -> None:
    sent: list[Message] = [{"seq": 1, "command": "initialize"}, {"seq": 2, "body": {"text": "größer"}}]
    assert messages(b"".join(map(encoded, sent))) == sent


def test_the_end_of_the_stream_within_a_message_is_an_end() -> None:
    assert messages(encoded({"seq": 1})[:-1]) == []


@pytest.mark.parametrize(
    "sent",
    [
        b"POST / HTTP/1.1\r\nHost: 127.0.0.1:20000\r\nContent-Length: 2\r\n\r\n{}",
        b"Content-Length: -1\r\n\r\n{}",
        b"Content-Length: 999999999\r\n\r\n{}",
        b"Content-Length: 2\r\n\r\n[]",
        b"Content-Length: 2\r\n\r\n{{",
    ],
    ids=["HTTP", "negative", "too large", "array", "no JSON"],
)
def test_what_is_no_message_is_refused(sent: bytes) -> None:
    """A browser can send what it likes to a port, but its first words are always those of HTTP."""
    with pytest.raises(ProtocolError):
        messages(sent)
