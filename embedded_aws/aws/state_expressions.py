"""Expressions in definitions of state machines: JSONPath and JSONata, as moto asks for their values.

https://docs.aws.amazon.com/step-functions/latest/dg/concepts-query-languages.html
"""

from __future__ import annotations

import hashlib
import json
import random
import re
import sys
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

_QUOTED = re.compile(r"""'[^']*'|"[^"]*\"""")
_SEVERAL = re.compile(r"\.\.|\*|\?|\[[^\]]*[:,]")
_ALGORITHMS = {"MD5": "md5", "SHA-1": "sha1", "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512"}


@dataclass(frozen=True)
class Match:
    """What a path finds, as a match of jsonpath-ng."""

    value: Any
    path: None = None
    context: None = None


class Path:
    """A JSONPath: a definite one is one value, any other a list, maybe an empty one.

    moto makes a list also of what is below an element, such as `$.items[0].id`.
    https://docs.aws.amazon.com/step-functions/latest/dg/amazon-states-language-paths.html
    """

    def __init__(self, path: str) -> None:
        self._find = _parsed(path).find
        self._is_definite = not _SEVERAL.search(_QUOTED.sub("", path))

    def find(self, data: Any) -> list[Match]:
        """Return the one value, or none."""
        found = [match.value for match in self._find(data)]
        if not self._is_definite:
            return [Match(found)]
        return [Match(found[0])] if found else []


def evaluate(expression: str) -> Any:
    """Return the value of a JSONata expression as JSON has it; raises `ValueError`.

    moto would start a Java machine.
    """
    jsonata = _jsonata()
    try:
        parsed = jsonata.Jsonata(expression)
        for name, function in FUNCTIONS.items():
            parsed.register_lambda(name, function)
        # Its lists and numbers are of classes of its own.
        return json.loads(json.dumps(parsed.evaluate(None)))
    except (jsonata.JException, LookupError, RecursionError, TypeError, ValueError) as problem:
        raise ValueError(f"JSONata: {problem}") from problem


@cache
def _jsonata() -> Any:
    """Import the library, which is only then needed, and slow to come."""
    # It lets Python recurse ten times as deep, in all of the process: deep input would crash the interpreter.
    limit = sys.getrecursionlimit()
    try:
        import jsonata  # noqa: PLC0415
    finally:
        sys.setrecursionlimit(limit)
    return jsonata


def _hash(text: str, algorithm: str) -> str:
    return hashlib.new(_ALGORITHMS[algorithm], text.encode(), usedforsecurity=False).hexdigest()


def _random(seed: int | None = None) -> float:
    return random.Random(seed).random()  # noqa: S311 - a seed gives the same number again


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "hash": _hash,
    "parse": json.loads,
    "random": _random,
    "uuid": lambda: str(uuid.uuid4()),
}
"""Functions that Step Functions has beyond JSONata's own; `$partition` and `$range` are moto's.

https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html
"""


@lru_cache(maxsize=512)
def _parsed(path: str) -> Any:
    from jsonpath_ng.ext.parser import parse  # noqa: PLC0415 - only where it is used

    return parse(path)
