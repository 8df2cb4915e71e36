"""Filter expression -> tokens, each with its place."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from embedded_aws.aws.errors import InvalidRequestError

if TYPE_CHECKING:
    from collections.abc import Iterator

Kind = Literal["word", "annotation", "string", "number", "json", "sign", "end"]

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<annotation>annotation\s*(?:\.(?P<key>[\w.:-]+)|\[(?P<bracket>[^\]]*)\]))
    | (?P<number>[-+]?(?:\d++\.?\d*+|\.\d++)(?:e[-+]?\d++)?(?![\w.]))
    | (?P<word>[a-z_][\w.-]*)
    | "(?P<string>(?:[^"\\]|\\.)*)"
    | (?P<json>\#)
    | (?P<sign><=|>=|!=|[=<>!(){},:])
    | (?P<end>\Z)
    )""",
    re.VERBOSE | re.IGNORECASE | re.ASCII | re.DOTALL,
)
MAX_CHARACTERS = 50_000
"""X-Ray publishes no limit; what people write, or a console makes of root causes, is far shorter."""

_SPACES = " \t\n\r\f\v"
_ESCAPED = re.compile(r"\\([\"\\])")


class FilterSyntaxError(InvalidRequestError):
    """A filter expression cannot be read; `position` counts characters from 1."""

    def __init__(self, position: int, problem: str) -> None:
        super().__init__(f"FilterExpression is not valid at character {position}: {problem}")
        self.position = position


@dataclass(frozen=True, slots=True)
class Token:
    """`value` is a number, a string without quotes, an annotation's key, parsed JSON, else the text."""

    kind: Kind
    value: Any
    position: int

    def __str__(self) -> str:
        if self.kind == "end":
            return "the end"
        if self.kind == "annotation":
            return f"annotation[{self.value}]"
        if self.kind == "number":
            return f"{self.value:g}"
        return "JSON" if self.kind == "json" else repr(self.value)

    def is_word(self, word: str) -> bool:
        return self.kind == "word" and self.value.lower() == word

    def is_sign(self, sign: str) -> bool:
        return self.kind == "sign" and self.value == sign


def tokens(text: str) -> Iterator[Token]:
    """Yield the tokens, of which the last is the end; raises `FilterSyntaxError`."""
    if len(text) > MAX_CHARACTERS:
        raise FilterSyntaxError(
            MAX_CHARACTERS + 1, f"it has {len(text)} characters, at most {MAX_CHARACTERS} are read"
        )
    place = 0
    while True:
        match = _TOKEN.match(text, place)
        if match is None:
            raise _unreadable(text, place)
        kind: Any = match.lastgroup
        if match["annotation"]:
            kind = "annotation"
        start, place = match.start(kind) + (kind != "string"), match.end()
        if kind == "json":
            value, place = _json(text, place)
            yield Token("json", value, start)
        else:
            yield Token(kind, _value(kind, match, start), start)
        if kind == "end":
            return


def _value(kind: Kind, match: re.Match[str], position: int) -> Any:
    if kind == "string":
        return _ESCAPED.sub(r"\1", match["string"])
    if kind == "annotation":
        key = match["key"] or (match["bracket"] or "").strip()
        if not key:
            raise FilterSyntaxError(position, "expected an annotation's key between the brackets")
        return key
    if kind == "number":
        number = float(match["number"])
        if not math.isfinite(number):
            raise FilterSyntaxError(position, f"{match['number'][:40]} is too large a number")
        return number
    return match[kind]


def _json(text: str, place: int) -> tuple[Any, int]:
    try:
        return json.JSONDecoder(parse_constant=_no_constant).raw_decode(text, place)
    except (ValueError, RecursionError) as error:
        raise FilterSyntaxError(place + 1, f"expected JSON after #: {error}") from error


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _unreadable(text: str, place: int) -> FilterSyntaxError:
    start = len(text) - len(text[place:].lstrip(_SPACES))
    if text[start] == '"':
        return FilterSyntaxError(start + 1, "the string that begins here has no closing quote")
    return FilterSyntaxError(
        start + 1, f"unexpected {text[start]!r}; expected a keyword, an operator or a value"
    )
