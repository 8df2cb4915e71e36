"""Filter patterns for JSON messages: `{ $.level = "ERROR" && $.requestId = "a*" && $.path = %^/v[12]% }`."""

from __future__ import annotations

import json
import operator
import re
from collections.abc import Callable
from typing import Any

from embedded_aws.aws.errors import InvalidParameterError
from embedded_aws.aws.matching import Matches, glob
from embedded_aws.logs.regular_expressions import regular_expression

_TOKEN = re.compile(
    r'\s*(?:(?P<selector>\$(?:\.(?:[\w@-]+|\*)|\[(?:\d+|\*|"[^"]*")\])+)'
    r"|(?P<word>IS|NOT|EXISTS|TRUE|FALSE|NULL)\b"
    r'|(?P<operator>&&|\|\||!=|<=|>=|[=<>(){}])|(?P<text>"(?:[^"\\]|\\.)*")|(?P<regex>%[^%]+%)'
    r'|(?P<plain>[^\s"(){}=<>!&|]+))'
)
_STEP = re.compile(r'\.([\w@*-]+)|\[(?:(\d+|\*)|"([^"]*)")\]')
_ORDER = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
_IS = {"TRUE": True, "FALSE": False, "NULL": None}
_MISSING = object()
_MOST_REGEXES = 2

Test = Callable[[Any], bool]


def json_pattern(text: str) -> Callable[[str], bool]:
    """Return what tells whether a pattern selects a message; raises `InvalidParameterError`."""
    try:
        test = _Parser(text).whole()
    except RecursionError:
        raise InvalidParameterError(f"Invalid filter pattern {text!r}: too many parentheses") from None

    def matches(message: str) -> bool:
        if not message.startswith("{"):
            return False
        try:
            return test(json.loads(message))
        except (ValueError, RecursionError):
            return False

    return matches


class _Parser:
    """Recursive descent: `||` of `&&` of comparisons and parentheses."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._token_at = 0
        self._regexes = 0

    def whole(self) -> Test:
        self._expect("{")
        test = self._any()
        self._expect("}")
        if self._next() != ("", "") or self._text[self._at :].strip():
            raise self._error("nothing after }")
        return test

    def _any(self) -> Test:
        tests = [self._all()]
        while self._accept("||"):
            tests.append(self._all())
        return tests[0] if len(tests) == 1 else lambda value: any(test(value) for test in tests)

    def _all(self) -> Test:
        tests = [self._one()]
        while self._accept("&&"):
            tests.append(self._one())
        return tests[0] if len(tests) == 1 else lambda value: all(test(value) for test in tests)

    def _one(self) -> Test:
        if self._accept("("):
            test = self._any()
            self._expect(")")
            return test
        kind, selector = self._next()
        if kind != "selector":
            raise self._error("a selector such as $.level")
        steps = [name or index or key for name, index, key in _STEP.findall(selector)]
        holds = self._comparison()
        return lambda value: any(holds(found) for found in _select(value, steps))

    def _comparison(self) -> Test:
        _, sign = self._next()
        if sign in {"=", "!="}:
            kind, wanted = self._next()
            if kind not in {"text", "plain", "regex"}:
                raise self._error("a value")
            equals = self._regex(wanted) if kind == "regex" else _equals(kind, wanted)
            return equals if sign == "=" else lambda found: found is not _MISSING and not equals(found)
        if sign in _ORDER:
            compare, limit = _ORDER[sign], self._number()
            return lambda found: _is_number(found) and compare(found, limit)
        if sign == "IS" and (word := self._next()[1]) in _IS:
            return lambda found: found is _IS[word]
        if sign == "NOT" and self._next()[1] == "EXISTS":
            return lambda found: found is _MISSING
        raise self._error("one of = != < <= > >= IS, NOT EXISTS")

    def _regex(self, token: str) -> Test:
        self._regexes += 1
        if self._regexes > _MOST_REGEXES:
            raise self._error(f"at most {_MOST_REGEXES} regular expressions")
        return _is_text(regular_expression(self._text, token[1:-1]))

    def _number(self) -> float:
        _, token = self._next()
        try:
            return float(token)
        except ValueError:
            raise self._error("a number") from None

    def _accept(self, token: str) -> bool:
        at = self._at
        if self._next()[1] == token:
            return True
        self._at = at
        return False

    def _expect(self, token: str) -> None:
        if not self._accept(token):
            raise self._error(token)

    def _next(self) -> tuple[str, str]:
        found = _TOKEN.match(self._text, self._at)
        if found is None:
            self._token_at = self._at
            return "", ""
        self._at = found.end()
        kind = found.lastgroup or ""
        self._token_at = found.start(kind)
        return kind, found[kind]

    def _error(self, expected: str) -> InvalidParameterError:
        return InvalidParameterError(
            f"Invalid filter pattern {self._text!r}: expected {expected} at character {self._token_at + 1}"
        )


def _select(value: Any, steps: list[str]) -> list[Any]:
    found = [value]
    for step in steps:
        found = [below for item in found for below in _below(item, step)]
    return found or [_MISSING]


def _below(value: Any, step: str) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values()) if step == "*" else [value[step]] if step in value else []
    if isinstance(value, list):
        if step == "*":
            return value
        return [value[int(step)]] if step.isdecimal() and len(step) < 10 and int(step) < len(value) else []
    return []


def _equals(kind: str, wanted: str) -> Test:
    """Numbers equal numbers, texts texts, in which `*` stands for anything."""
    if kind == "plain":
        try:
            number = float(wanted)
        except ValueError:
            pass
        else:
            return lambda found: found == number if _is_number(found) else found == wanted
    text = re.sub(r"\\(.)", r"\1", wanted[1:-1]) if kind == "text" else wanted
    return _is_text(glob(text, wildcards="*"))


def _is_text(matches: Matches) -> Test:
    return lambda found: isinstance(found, str) and matches(found)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
