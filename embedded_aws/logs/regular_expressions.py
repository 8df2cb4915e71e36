"""The regular expressions of filter patterns, `%...%`: a small language without groups.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/regex-expressions.html
"""

from __future__ import annotations

import re

from embedded_aws.aws.errors import InvalidParameterError
from embedded_aws.aws.matching import Matches, PatternError, regex

_NAMED = r"[dDsSwW]|x[0-9A-Fa-f]{2}"
_PART = re.compile(rf"[A-Za-z0-9:_#=@/;,\-^$?\[\]{{}}|*+.]|\\(?:{_NAMED}|[!-/:-@\[-`{{-~])")
_NO_MINIMUM = re.compile(r"(\\.)|\{,(?=\d+\})")


def regular_expression(pattern: str, text: str) -> Matches:
    """Return what tells whether the expression of a filter pattern occurs in a text.

    Raises `InvalidParameterError` for what AWS does not support, such as parentheses.
    """
    at = 0
    while at < len(text):
        part = _PART.match(text, at)
        if part is None:
            raise InvalidParameterError(
                f"Invalid filter pattern {pattern!r}: {text[at : at + 2]!r} is not supported in a regular "
                "expression; letters, digits, : _ # = @ / ; , - ^ $ ? [ ] { } | * + . are, and \\ before "
                "one of d D s S w W, xhh, or a symbol"
            )
        at = part.end()
    try:
        return regex(_NO_MINIMUM.sub(lambda found: found[1] or "{0,", text))
    except PatternError as error:
        raise InvalidParameterError(f"Invalid filter pattern {pattern!r}: {error}") from error
