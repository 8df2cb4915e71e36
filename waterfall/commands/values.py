"""Reads what people type after an option; ArgumentTypeError tells the value and what is allowed instead."""

from __future__ import annotations

import argparse
import time
from typing import TYPE_CHECKING, TypeVar

from waterfall.commands.reading import LATEST
from waterfall.traces import arguments
from waterfall.traces.client import LONGEST_MAP

if TYPE_CHECKING:
    from collections.abc import Callable

_T = TypeVar("_T")


def setting(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise argparse.ArgumentTypeError(f"{text!r} is not a setting: give KEY=VALUE, such as tracing=native")
    return key, value


def header(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise argparse.ArgumentTypeError(f"{text!r} is not a header: give NAME=VALUE, such as x-tenant=gold")
    return name, value


def per_second(text: str) -> tuple[str | None, float]:
    rule, _, number = text.rpartition("=")
    return rule or None, amount(number)


def amount(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of 0 or more")
    return number


def share(text: str) -> float:
    number = amount(text)
    if number > 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a share: give 0 to 1, such as 0.05 for 5 %")
    return number


def port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port: give 1 to 65535, or 0 for any free one")
    return int(text)


def told(read: Callable[[str], _T]) -> Callable[[str], _T]:
    """Let argparse show what `read` finds wrong with a value."""

    def reading(text: str) -> _T:
        try:
            return read(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from error

    return reading


def trace(text: str) -> str:
    return text if text == LATEST else told(arguments.trace_id)(text)


def since(text: str) -> float:
    now = time.time()
    start = told(lambda given: arguments.since(given, now))(text)
    if start >= now:
        raise argparse.ArgumentTypeError(f"{text!r} is not in the past")
    return start


def map_since(text: str) -> float:
    start = since(text)
    if time.time() - start > LONGEST_MAP + 1:
        raise argparse.ArgumentTypeError(f"{text!r} is too long ago: X-Ray draws maps of at most 6 hours")
    return start


def limit(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number: give 1 or more")
    return int(text)
