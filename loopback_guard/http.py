"""HTTP/1.1 of uvicorn that survives what is not HTTP: for every listener that uvicorn serves."""

from __future__ import annotations

from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

_LINGER = 1
"""Seconds that a client that sent something else than HTTP may go on before its connection is closed."""


class RefusingProtocol(H11Protocol):
    """Answers 400 once, so that the client can read it, and leaves no traceback in the log.

    uvicorn fails where its own answer has begun, and closes with bytes unread: then the answer may be lost.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._refused = False

    def data_received(self, data: bytes) -> None:
        """Take bytes of the client; after a refusal they mean nothing."""
        if not self._refused:
            super().data_received(data)

    def send_400_response(self, msg: str) -> None:
        """Refuse what is not HTTP. Where an answer has begun, nothing can be said any more."""
        self._refused = True
        if self.cycle is not None:
            # Its application may still wait for the rest of the body.
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        if self.conn.our_state not in {h11.IDLE, h11.SEND_RESPONSE}:
            self.transport.close()
            return
        headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"connection", b"close")]
        answer = h11.Response(status_code=400, headers=headers, reason=b"Bad Request")
        for event in (answer, h11.Data(data=msg.encode()), h11.EndOfMessage()):
            self.transport.write(self.conn.send(event) or b"")
        # What is closed with bytes unread is reset, and the client may lose the answer: it closes first.
        self.flow.resume_reading()
        self.transport.write_eof()
        self.loop.call_later(_LINGER, self.transport.close)
