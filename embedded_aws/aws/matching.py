"""Regular expressions and wildcards that clients bring, matched in time linear in the text.

Python's `re` backtracks and holds the GIL, so one pattern could stop the whole server; RE2 does neither.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

Matches = Callable[[str], bool]

_MOST_BYTES = 2 * 1024 * 1024
"""Of one compiled pattern with its caches."""


class PatternError(ValueError):
    """A regular expression is malformed, or too large; the message says where or why."""


def regex(pattern: str) -> Matches:
    """Return what tells whether a regular expression occurs in a text; raises `PatternError`.

    The syntax is RE2's, which has neither references nor look-around:
    https://github.com/google/re2/wiki/Syntax
    """
    search = _compiled(pattern).search
    return lambda text: search(_encoded(text)) is not None


@lru_cache(maxsize=256)
def glob(
    pattern: str, *, wildcards: str = "*?", ignore_case: bool = False, escape: str | None = None
) -> Matches:
    """Return what tells whether a whole text fits: `*` stands for any text, `?` for one character.

    Of the two, what is not in `wildcards` stands for itself; so does each after an `escape`.
    """
    known = {"*": ".*", "?": "."}
    meant = {wildcard: known[wildcard] for wildcard in wildcards}
    parts, characters = [], iter(pattern)
    for one in characters:
        is_escaped = one == escape
        literal = next(characters, one) if is_escaped else one
        parts.append(_literal(literal) if is_escaped else meant.get(one) or _literal(one))
    whole = _compiled("".join(parts), ignore_case=ignore_case)
    return lambda text: whole.fullmatch(_encoded(text)) is not None


def _compiled(pattern: str, *, ignore_case: bool = False) -> Any:
    import re2  # noqa: PLC0415 - 10 ms that a server without patterns need not wait for

    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MOST_BYTES
    options.dot_nl = True
    options.case_sensitive = not ignore_case
    try:
        return re2.compile(_encoded(pattern).decode(), options)
    except re2.error as error:
        reason = error.args[0]
        raise PatternError(reason.decode() if isinstance(reason, bytes) else str(reason)) from error


def _literal(character: str) -> str:
    character = _encoded(character).decode()
    return f"\\x{{{ord(character):x}}}" if character < "\x80" and not character.isalnum() else character


def _encoded(text: str) -> bytes:
    """Return UTF-8; half a surrogate pair, which JSON can bring, becomes a question mark."""
    return text.encode(errors="replace")
