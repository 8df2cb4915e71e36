"""Reads what clients send, within bounds: JSON, whole numbers, header fields. Pure functions, one error.

Python's own readers take more than AWS does (NaN, integers of any length, any depth until the stack ends),
and end in a dozen different exceptions. Each service turns the one error here into its own wire form.
"""

from __future__ import annotations

import gzip
import io
import json
import math
import re
import zlib
from collections.abc import Iterable, Mapping
from typing import Any, NoReturn

import orjson

MAX_DEPTH = 100
"""Levels of JSON in an API request: DynamoDB's items, the deepest there are, have 32 levels of two each.

What is read with an almost full stack could not be checked, copied or written again.
"""
MAX_PAYLOAD_DEPTH = 500
"""Levels of JSON in an event or a reply of a function. Lambda's own limit is not published."""

_MAYBE_LONE = re.compile(rb"\\u[dD][89a-fA-F]")
"""What half a surrogate pair looks like, and a whole one."""
_DIGITS = bytes(b"0"[0] if byte in b"0123456789" else 0 for byte in range(256))
_LONG_NUMBER = b"0" * 19
"""An integer of so many digits may not fit into 64 bits."""
_INTEGER = re.compile(r"-?\d{1,19}", re.ASCII)
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_FIELD_VALUE = re.compile(r"[^\x00-\x08\x0a-\x1f\x7f]*")
_SHOWN = 60
_MOST_UNPACKED = 16 * 1024 * 1024
"""Bytes that a body in gzip may become; AWS takes 1 MB of the one operation whose bodies SDKs compress."""


class ParseError(ValueError):
    """Input that is not what it must be; the message is one line and names what is wrong."""


def read_json(text: bytes | str, depth: int = MAX_DEPTH) -> Any:
    """Read JSON (RFC 8259) in UTF-8; raises `ParseError`.

    Refused are also NaN and infinities, numbers that no double holds, and more than `depth` levels.
    """
    try:
        decoded = text if isinstance(text, str) else text.decode("utf-8-sig")
        value = decode(decoded)
    except RecursionError:
        raise _too_deep(depth) from None
    except ValueError as error:
        raise ParseError(str(error)) from error
    if decoded.count("{") + decoded.count("[") > depth:
        _check_depth(value, depth)
    return value


def decode(text: str) -> Any:
    """Read JSON that is ours, of any depth; raises `ValueError` and `RecursionError`.

    The fast reader reads what it and the exact one read alike.

    It would make floats of integers with more than 64 bits, and refuses half surrogate pairs and what is
    deeper than it likes.
    """
    try:
        data = text.encode()
        if _LONG_NUMBER not in data.translate(_DIGITS):
            return orjson.loads(data)
    except ValueError:
        pass  # if it is no JSON, that is told below, in words that name the place
    return _DECODER.decode(text)


def encode(value: Any) -> str:
    """Return JSON that `decode` reads, as short as can be; `orjson.Fragment` is what is JSON already."""
    try:
        return orjson.dumps(value).decode()
    except TypeError:  # more than 64 bits, or half a surrogate pair
        return json.dumps(value, separators=(",", ":"))


def extended(text: str, members: Mapping[str, Any]) -> str:
    """Return the JSON of an object of ours with more members, without reading what it has."""
    return f"{text[:-1]},{encode(members)[1:]}"


def read_object(body: bytes) -> dict[str, Any]:
    """Read the JSON object of an API request, of which nothing at all is an empty one; raises `ParseError`.

    Half a surrogate pair becomes `?`, as where Java writes UTF-8: it can neither be stored nor hashed.
    """
    value = read_json(body or b"{}")
    if not isinstance(value, dict):
        raise ParseError(f"expected an object, got {shown(value)}")
    if not _MAYBE_LONE.search(body):
        return value
    whole: dict[str, Any] = json.loads(json.dumps(value, ensure_ascii=False).encode(errors="replace"))
    return whole


def unpacked(body: bytes) -> bytes:
    """Return what a body in gzip was made of; raises `ParseError` also for one that becomes too long."""
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(body)) as file:
            read = file.read(_MOST_UNPACKED + 1)
    except (EOFError, OSError, zlib.error) as error:
        raise ParseError(f"the body is not gzip: {error}") from error
    if len(read) > _MOST_UNPACKED:
        raise ParseError(f"the body has more than {_MOST_UNPACKED} bytes when decompressed")
    return read


def read_integer(text: str, low: int, high: int) -> int:
    """Read a decimal number from `low` to `high`; raises `ParseError`."""
    if not _INTEGER.fullmatch(text) or not low <= int(text) <= high:
        raise ParseError(f"{shown(text)} is not a whole number from {low} to {high}")
    return int(text)


def header_field(name: str, value: str) -> tuple[bytes, bytes]:
    """Return a header field that can be sent, without the blanks around its value; raises `ParseError`.

    https://www.rfc-editor.org/rfc/rfc9110#name-fields
    """
    if not _TOKEN.fullmatch(name):
        raise ParseError(f"{shown(name)} is no header name: those have letters, digits and !#$%&'*+-.^_`|~")
    if not _FIELD_VALUE.fullmatch(value):
        raise ParseError(f"header {name} has a line break or another control character in {shown(value)}")
    try:
        return name.encode(), value.strip(" \t").encode("latin-1")
    except UnicodeEncodeError:
        message = f"header {name} has characters in {shown(value)} that are not in ISO-8859-1"
        raise ParseError(message) from None


def shown(value: Any) -> str:
    """Return a value as JSON, short enough for an error message."""
    text = json.dumps(value[:_SHOWN] if isinstance(value, str) else value)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}..."


def _check_depth(value: Any, depth: int) -> None:
    # Level by level and not by recursion: how deep it goes is the sender's choice.
    level = [value]
    for _ in range(depth):
        level = [item for outer in level for item in _items(outer)]
        if not level:
            return
    if any(isinstance(item, dict | list) for item in level):
        raise _too_deep(depth)


def _items(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _too_deep(depth: int) -> ParseError:
    return ParseError(f"more than {depth} levels of objects and lists")


def _no_constant(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def _whole(number: str) -> int:
    _double(number)
    return int(number)


def _double(number: str) -> float:
    double = float(number)
    if math.isinf(double):
        raise ValueError(f"a number of {len(number)} characters is out of range")
    return double


_DECODER = json.JSONDecoder(parse_int=_whole, parse_float=_double, parse_constant=_no_constant)
