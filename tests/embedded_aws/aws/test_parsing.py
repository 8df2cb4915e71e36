"""What is read of the bytes that clients send."""

from __future__ import annotations

import json

import pytest

from embedded_aws.aws.parsing import MAX_DEPTH, ParseError, header_field, read_integer, read_json, read_object


def nested(levels: int) -> bytes:
    return b"[" * levels + b"]" * levels


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"", "Expecting value"),
        (b"{", "Expecting property name"),
        (b"\xff\xfe", "can't decode byte 0xff"),
        ('{"a":1}'.encode("utf-16"), "can't decode byte 0xff"),
        (b'{"a":NaN}', "NaN is not JSON"),
        (b"[-Infinity]", "-Infinity is not JSON"),
        (b"1e999", "a number of 5 characters is out of range"),
        (b"9" * 5000, "a number of 5000 characters is out of range"),
        (nested(MAX_DEPTH + 1), "more than 100 levels"),
        (nested(100_000), "more than 100 levels"),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "more than 100 levels"),
    ],
)
def test_what_is_not_json_is_refused_in_one_line(text: bytes, reason: str) -> None:
    """Whatever is wrong with a text, it is one error with one line."""
    with pytest.raises(ParseError, match=reason) as caught:
        read_json(text)
    assert "\n" not in str(caught.value)


def test_json_is_read() -> None:
    """All else is read, down to the last level, and so are brackets in texts."""
    assert read_json(b'\xef\xbb\xbf{"a": [1, -2.5, 1e300, "\\u00e9", null, true]}') == {
        "a": [1, -2.5, 1e300, "é", None, True]
    }
    assert read_json(nested(MAX_DEPTH)) is not None
    assert read_json(b'["' + b"[" * 1000 + b'"]') == ["[" * 1000]
    assert read_json(b"[" + b"[]," * 1000 + b"1]")[-1] == 1


@pytest.mark.parametrize(
    "text",
    [
        "[18446744073709551615, 18446744073709551616, -9223372036854775809]",
        '{"a":12345678901234567890123}',
        '["\\ud800", "\\ud83d\\ude00"]',
        '{"a": 1, "b": 2, "a": 3}',
        "[-0, -0.0, 1E5, 0.1, 123456789012345678901.5]",
        "18446744073709551616",
    ],
)
def test_json_is_read_as_python_reads_it(text: str) -> None:
    """The fast reader reads all but some things; each value and the order of keys are those of Python's."""
    assert repr(read_json(text)) == repr(json.loads(text))


def test_a_request_is_an_object() -> None:
    """Nothing at all is an empty object; another value is refused, and shown."""
    assert read_object(b"") == {}
    with pytest.raises(ParseError, match=r'expected an object, got \["a"\]'):
        read_object(b'["a"]')


def test_half_a_surrogate_pair_is_replaced() -> None:
    """UTF-8 has no bytes for it; a whole pair stays."""
    assert read_object(b'{"\\ud800": "a\\udc00", "b": "\\ud83d\\ude00"}') == {"?": "a?", "b": "😀"}


@pytest.mark.parametrize("text", ["", "x", "0", "6", "-1", "1.0", "1e0", "٣", "9" * 5000, " 1", "1\n"])
def test_a_number_is_read_within_its_bounds(text: str) -> None:
    """Only digits, and only from the lowest to the highest allowed number."""
    assert read_integer("5", 1, 5) == 5
    with pytest.raises(ParseError, match="is not a whole number from 1 to 5"):
        read_integer(text, 1, 5)


def test_a_header_field_is_what_can_be_sent() -> None:
    """Blanks around a value are no part of it; ISO-8859-1 is its alphabet."""
    assert header_field("X-A", " é\tb ") == (b"X-A", b"\xe9\tb")


@pytest.mark.parametrize(
    ("name", "value"),
    [("", "b"), ("a ", "b"), ("a:", "b"), ("é", "b"), ("a", "b\r\nc: d"), ("a", "\0"), ("a", "€")],
)
def test_a_header_field_that_cannot_be_sent_is_refused(name: str, value: str) -> None:
    """Names are tokens, values have neither line breaks nor other characters."""
    with pytest.raises(ParseError, match="header"):
        header_field(name, value)
