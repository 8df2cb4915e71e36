"""X-Ray's daemon: UDP for segments, TCP on the same port for the sampling calls of SDKs.

https://docs.aws.amazon.com/xray/latest/devguide/xray-daemon.html

Departures from AWS's daemon, each on purpose:

- No waiting for a full batch or for a second of silence: what has arrived is stored at once, because a
  trace has to be readable as soon as the response is. AWS's daemon collects 50 documents to save HTTPS
  requests; here the X-Ray core is a function call away.
- OTLP packets (`T1S`) are translated here. AWS's open-source daemon knows none; in Lambda AWS does it.
- AWS's daemon is a reverse proxy that signs any request and passes it on; here the X-Ray API answers, what
  samplers ask for and nothing else.
"""

from __future__ import annotations

import contextlib
import json
import logging
import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect

from embedded_aws.aws.errors import AwsError
from embedded_aws.aws.http import Response
from embedded_aws.aws.parsing import ParseError, read_integer
from embedded_aws.aws.service import Wire
from embedded_aws.host.http_server import ServerThread
from embedded_aws.xray.intake.datagrams import Datagrams
from embedded_aws.xray.intake.packets import Packet, PacketError, parse
from embedded_aws.xray.query.store import StoreError
from loopback_guard.asgi import LoopbackGuard

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

logger = logging.getLogger(__name__)

Put = Callable[[Sequence[str]], Sequence[Mapping[str, Any]]]
"""PutTraceSegments: document texts in, the unprocessed items out."""

_STOP_SECONDS = 2.0
_PORT_ATTEMPTS = 20
_MOST_BODY = 10 * 1024 * 1024


class Daemon:
    """Listens on one port number for UDP and TCP; port 0 is any that is free for both.

    `put` stores segment documents, `api` answers the SDKs' sampling calls, without a signature; both are
    called from the daemon's own threads.
    """

    def __init__(self, host: str, port: int, put: Put, api: ASGIApp) -> None:
        self._host = host
        self._port = port
        self._put = put
        self._api = LoopbackGuard(_Readable(api), _refused)
        self._counts: Counter[str] = Counter()
        self._running, self._answering = contextlib.ExitStack(), contextlib.ExitStack()
        self._datagrams: Datagrams | None = None

    @property
    def address(self) -> str:
        """`host:port`, as `AWS_XRAY_DAEMON_ADDRESS` wants it; the real port once started."""
        return f"{self._host}:{self._port}"

    def start(self) -> None:
        """Bind both sockets, then serve. Raises OSError, with nothing left open, when the port is taken."""
        with contextlib.ExitStack() as opened:
            tcp, udp = _bind(self._host, self._port)
            opened.callback(tcp.close)
            opened.callback(udp.close)
            port = tcp.getsockname()[1]
            datagrams = Datagrams(udp)
            server = ServerThread(self._api, tcp, "xray-tcp")
            storing = threading.Thread(target=self._store, args=(datagrams,), name="xray-udp", daemon=True)
            opened.callback(datagrams.close)
            opened.callback(storing.join, _STOP_SECONDS)
            opened.callback(datagrams.end)
            storing.start()
            server.start()
            self._answering.callback(server.stop)
            self._port = port
            self._datagrams = datagrams
            self._running = opened.pop_all()

    def stop_answering(self) -> None:
        """End the TCP port alone, which may take a second; a second call does nothing."""
        self._answering.close()

    def stop(self) -> None:
        """Store what has arrived, then close both sockets; a second call does nothing."""
        self.stop_answering()
        self._running.close()

    def flush(self, timeout: float = 5.0) -> bool:
        """Wait until all packets sent before this call are stored; false after `timeout` seconds."""
        return self._datagrams is not None and self._datagrams.flush(timeout)

    def counts(self) -> Mapping[str, int]:
        """Return how often each thing happened.

        `<kind> packets` received; `documents` handed to X-Ray, `failed documents` that could not be;
        `rejected: <cause>`; `lost`: datagrams that the kernel dropped for want of room.
        """
        return {name: count for name, count in dict(self._counts).items() if count}

    def _store(self, datagrams: Datagrams) -> None:
        for batch in datagrams:
            texts = [text for packet in self._packets(batch) for text in self._texts(packet)]
            if texts:
                self._put_all(texts)
            self._tell_lost(datagrams.lost())

    def _packets(self, batch: Iterable[bytes]) -> Iterator[Packet]:
        for datagram in batch:
            try:
                packet = parse(datagram)
            except PacketError as error:
                self._reject(str(error))
            else:
                self._counts[f"{packet.kind} packets"] += 1
                yield packet

    def _texts(self, packet: Packet) -> Iterator[str]:
        if packet.kind == "document":
            # Go's JSON encoder, and so AWS's daemon, replaces bytes that are not UTF-8.
            yield packet.payload.decode("utf-8", errors="replace")
        elif packet.kind == "spans":
            from embedded_aws.xray.intake import otlp  # noqa: PLC0415 - a slow import, for few

            try:
                translation = otlp.translate_request(packet.payload)
            except otlp.RequestError as error:
                self._reject(str(error))
                return
            for reason in translation.rejected:
                self._reject(reason)
            yield from map(json.dumps, translation.documents)

    def _put_all(self, texts: list[str]) -> None:
        try:
            unprocessed = self._put(texts)
        except StoreError:  # X-Ray has counted and told it, and one by one they would fare no better
            self._counts["failed documents"] += len(texts)
            return
        except Exception:
            if len(texts) > 1:  # one bad document must not take the others with it
                for text in texts:
                    self._put_all([text])
                return
            self._counts["failed documents"] += 1
            logger.exception("Storing a segment document failed")
            return
        self._counts["documents"] += len(texts)
        for item in unprocessed:
            self._reject(f"X-Ray answered {item.get('ErrorCode')}", str(item.get("Message")))

    def _tell_lost(self, lost: int) -> None:
        """Warn the first time that the kernel had no room; senders of UDP never learn it."""
        if lost and not self._counts["lost"]:
            logger.warning(
                "%d datagrams to %s were lost: the system's receive buffer is too small for the burst;"
                " on Linux, sysctl -w net.core.rmem_max=16777216 allows a larger one",
                lost,
                self.address,
            )
        self._counts["lost"] = lost

    def _reject(self, cause: str, detail: str = "") -> None:
        """Count a dropped packet, span or document; a cause is logged the first time only."""
        name = f"rejected: {cause}"
        self._counts[name] += 1
        if self._counts[name] == 1:
            told = f"{cause}: {detail}" if detail else cause
            logger.warning("Dropped what was sent to %s: %s; more of it is only counted", self.address, told)


class _Readable:
    """Passes on what can be read, and answers what fails; ADOT sends no body with GetSamplingRules."""

    def __init__(self, api: ASGIApp) -> None:
        self._api = api

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            read_integer(Headers(scope=scope).get("content-length", "0"), 0, _MOST_BODY)
            await self._api(scope, receive, send)
        except ParseError as error:
            told = json.dumps({"message": f"Content-Length: {error}"})
            await Response(400, told.encode(), {"connection": "close"})(scope, receive, send)
        except ClientDisconnect:
            raise
        except Exception:
            logger.exception("The X-Ray API failed on %s", scope["path"])
            await Response(500, b'{"message": "Internal failure"}')(scope, receive, send)


def _refused(_scope: Scope, reason: str) -> ASGIApp:
    return Wire("xray").refused(AwsError("AccessDeniedException", reason, 403))


def _bind(host: str, port: int) -> tuple[socket.socket, socket.socket]:
    """Bind TCP first, then the same number for UDP; with port 0, again if UDP has it taken."""
    for attempt in range(_PORT_ATTEMPTS):
        tcp = socket.create_server((host, port))
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            udp.bind(tcp.getsockname())
        except OSError:
            udp.close()
            tcp.close()
            if port or attempt == _PORT_ATTEMPTS - 1:
                raise
        else:
            return tcp, udp
    raise AssertionError  # the last attempt returned or raised
