from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embedded_aws.xray.intake.packets import Kind, Packet, PacketError, parse

HEADER = b'{"format":"json","version":1}'


def test_a_document_is_passed_on_as_it_came() -> None:
    """Only the first newline splits, and the document is not parsed."""
    assert parse(HEADER + b'\n{"a":\n1') == Packet("document", b'{"a":\n1')


@pytest.mark.parametrize(
    "header",
    [
        b'{"format": "json", "version": 1}',
        b'{"version":1,"format":"JSON"}',
        b' {"format":"Json","version":1.0,"more":true} ',
    ],
)
def test_headers_that_aws_accepts(header: bytes) -> None:
    """Spaces, order, case of the format and further fields do not matter."""
    assert parse(header + b"\n{}").payload == b"{}"


@pytest.mark.parametrize(
    ("datagram", "cause"),
    [
        (b"", "no newline"),
        (HEADER, "no newline"),
        (HEADER + b"\n", "no document"),
        (HEADER + b"\n \n", "no document"),
        (b"\n{}", "not a JSON object"),
        (b"[1]\n{}", "not a JSON object"),
        (b"\xff\xfe\n{}", "not a JSON object"),
        (b"[" * 60_000 + b"\n{}", "not a JSON object"),
        (b'{"version":1}\n{}', "format is not json"),
        (b'{"format":"xml","version":1}\n{}', "format is not json"),
        (b'{"format":null,"version":1}\n{}', "format is not json"),
        (b'{"format":"json"}\n{}', "version is not 1"),
        (b'{"format":"json","version":2}\n{}', "version is not 1"),
        (b'{"format":"json","version":"1"}\n{}', "version is not 1"),
        (b'{"format":"json","version":true}\n{}', "version is not 1"),
        (HEADER + b"\nT1S&&&", "not base64"),
        (HEADER + b"\nT1SAAA", "not base64"),
    ],
)
def test_malformed_datagrams_are_named(datagram: bytes, cause: str) -> None:
    """Each cause has its own words."""
    with pytest.raises(PacketError, match=cause):
        parse(datagram)


@pytest.mark.parametrize(
    ("prefix", "kind"),
    [(b"T1S", "spans"), (b"T1U", "unsampled spans"), (b"T1", "spans"), (b"M1", "metrics")],
)
def test_otlp_packets_are_told_by_their_prefix(prefix: bytes, kind: Kind) -> None:
    """The payload is base64 of protobuf, which starts with byte 10; a final newline does no harm."""
    payload = b"\x0a\x02hi"
    assert parse(HEADER + b"\n" + prefix + base64.b64encode(payload) + b"\n") == Packet(kind, payload)


@settings(deadline=None)
@given(st.binary(max_size=200) | st.binary(max_size=100).map(lambda body: HEADER + b"\n" + body))
def test_no_datagram_crashes_the_parser(datagram: bytes) -> None:
    """Any bytes are a packet or a PacketError."""
    try:
        packet = parse(datagram)
    except PacketError:
        return
    assert packet.kind


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
)


@settings(deadline=None)
@given(header=JSON | st.fixed_dictionaries({"format": JSON, "version": JSON}))
def test_no_header_crashes_the_parser(header: object) -> None:
    """Any JSON for a header is accepted or a PacketError."""
    try:
        packet = parse(json.dumps(header).encode() + b"\n{}")
    except PacketError:
        return
    assert packet.payload == b"{}"
