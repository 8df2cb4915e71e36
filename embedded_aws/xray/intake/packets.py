"""What arrives at X-Ray's daemon, one datagram at a time; pure parsing, no sockets.

A datagram is a JSON header line, a newline and a body. The body is one segment document, or, as the
OpenTelemetry distribution for Lambda sends it, a prefix followed by base64 of an OTLP protobuf request.

https://docs.aws.amazon.com/xray/latest/devguide/xray-api-sendingdata.html#xray-api-daemon
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import Any, Literal

from embedded_aws.aws.parsing import ParseError, read_json

Kind = Literal["document", "spans", "unsampled spans", "metrics"]

_PREFIXES: tuple[tuple[bytes, Kind], ...] = (
    (b"T1S", "spans"),
    (b"T1U", "unsampled spans"),
    # The first releases knew no sampling flag. No ambiguity: base64 of a request starts with `C`.
    (b"T1", "spans"),
    (b"M1", "metrics"),
)


class PacketError(ValueError):
    """A datagram that the daemon drops; the text is one of a few fixed causes."""


@dataclass(frozen=True)
class Packet:
    """One accepted datagram: a segment document's text as UTF-8, or an OTLP protobuf request."""

    kind: Kind
    payload: bytes


def parse(datagram: bytes) -> Packet:
    """Take a datagram apart. Raises `PacketError` for what AWS's daemon would reject.

    The document is not parsed here: like AWS's daemon, this one passes it on as it came, and the X-Ray
    API says what is wrong with it.
    """
    header, newline, body = datagram.partition(b"\n")
    if not newline:
        raise PacketError("no newline after the header")
    _check_header(header)
    if not body.strip():
        raise PacketError("no document after the header")
    for prefix, kind in _PREFIXES:
        if body.startswith(prefix):
            return Packet(kind, _decode(body[len(prefix) :]))
    return Packet("document", body)


def _check_header(header: bytes) -> None:
    try:
        fields: Any = read_json(header)
    except ParseError:
        fields = None
    if not isinstance(fields, dict):
        raise PacketError("the header is not a JSON object")
    if str(fields.get("format")).lower() != "json":
        raise PacketError("the header's format is not json")
    version = fields.get("version")
    if isinstance(version, bool) or version != 1:
        raise PacketError("the header's version is not 1")


def _decode(text: bytes) -> bytes:
    try:
        return base64.b64decode(text.strip(), validate=True)
    except binascii.Error:
        raise PacketError("the OTLP payload is not base64") from None
