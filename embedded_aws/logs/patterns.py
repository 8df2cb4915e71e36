"""Filter patterns: which messages FilterLogEvents selects.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from embedded_aws.aws.errors import InvalidParameterError
from embedded_aws.aws.matching import Matches
from embedded_aws.logs.json_patterns import json_pattern
from embedded_aws.logs.regular_expressions import regular_expression

_TERM = re.compile(r'\s*(?P<sign>[?-]?)(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<plain>[^\s"]+))')
_REGEX = re.compile(r"%([^%]+)%")


@dataclass(frozen=True)
class Pattern:
    """A message is selected when it contains all `terms` and `matches` it."""

    terms: tuple[str, ...] = ()
    matches: Matches = lambda _message: True


def parse(pattern: str) -> Pattern:
    """Read a pattern; an empty one selects everything. Raises `InvalidParameterError`."""
    text = pattern.strip()
    if text.startswith("{"):
        return Pattern(matches=json_pattern(text))
    if found := _REGEX.fullmatch(text):
        return Pattern(matches=regular_expression(pattern, found[1]))
    if text.startswith("["):
        raise InvalidParameterError(
            f"Invalid filter pattern {pattern!r}: space-delimited patterns are not emulated; use terms, "
            'such as "1-67891233-abcdef012345678912345678", or {$.level = "ERROR"}'
        )
    return _terms(pattern, text)


def _terms(pattern: str, text: str) -> Pattern:
    signed: dict[str, list[str]] = {"": [], "?": [], "-": []}
    at = 0
    while at < len(text):
        found = _TERM.match(text, at)
        if found is None:
            raise InvalidParameterError(f"Invalid filter pattern {pattern!r}: a quotation mark is not closed")
        quoted = found["quoted"]
        signed[found["sign"]].append(found["plain"] if quoted is None else re.sub(r"\\(.)", r"\1", quoted))
        at = found.end()
    # AWS ignores optional terms beside others.
    optional = signed["?"] if not signed[""] and not signed["-"] else []

    def matches(message: str) -> bool:
        if any(term in message for term in signed["-"]):
            return False
        return not optional or any(term in message for term in optional)

    return Pattern(tuple(signed[""]), matches)
