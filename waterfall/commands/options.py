"""What several commands take: a command's parts, shared options, and what people type as values."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from waterfall.traces import arguments
from waterfall.traces.arguments import LATEST

_T = TypeVar("_T")

EXIT = "Exit status: 0, 1 when it failed, 2 for wrong usage, 130 after Ctrl-C."
TRACE = "an id, any part of one, or latest"
_SINCE = "from when: 30s, 10m, 2h or 1d ago, or an ISO time"


def _right(_: argparse.Namespace) -> None:
    """Check nothing: the parser has."""


@dataclass(frozen=True, slots=True)
class Command:
    """`description` stands above its options in its help.

    `run` returns the exit status and raises ReadError. `check` raises ValueError, with one line for the user,
    where options do not go together.
    """

    description: str
    add_options: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]
    check: Callable[[argparse.Namespace], None] = _right


def add_reading(parser: argparse.ArgumentParser) -> None:
    """Add what all commands take that read and print."""
    add_source(parser)
    parser.add_argument("--json", action="store_true", help="print JSON, its shape is stable")


def add_source(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("where to read")
    choice = group.add_mutually_exclusive_group()
    choice.add_argument(
        "--endpoint", metavar="URL", help="a local stack (default: AWS_ENDPOINT_URL's, or the one that runs)"
    )
    choice.add_argument("--aws", action="store_true", help="the X-Ray of an AWS account")
    group.add_argument("--profile", metavar="NAME", help="with --aws: the profile")
    group.add_argument("--region", metavar="NAME", help="with --aws: the region")


def check_source(given: argparse.Namespace) -> None:
    """Raise ValueError where the options of `add_source`, if a command has them, do not go together."""
    if not getattr(given, "aws", True) and (given.profile or given.region):
        raise ValueError("--profile and --region choose an AWS account: give them together with --aws")


def add_program(parser: argparse._ActionsContainer) -> None:
    """Add which program runs, with which settings."""
    parser.add_argument(
        "-C", "--directory", default=Path(), type=Path, metavar="DIR", help="program folder (default: .)"
    )
    parser.add_argument(
        "--stack", metavar="NAME", help="the Pulumi stack whose settings are used (default: dev)"
    )
    add_pairs(
        parser, "--config", "setting", form="KEY=VALUE", example="tracing=native", told="override a setting"
    )


def add_pairs(
    parser: argparse._ActionsContainer, name: str, what: str, *, form: str, example: str, told: str
) -> None:
    """Add an option that may be given several times; `form` is such as `KEY=VALUE`."""

    def read(text: str) -> tuple[str, str]:
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise argparse.ArgumentTypeError(f"{text!r} is not a {what}: give {form}, such as {example}")
        return key, value

    parser.add_argument(name, action="append", default=[], type=read, metavar=form, help=told)


def add_one_trace(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--trace", type=trace, metavar="TRACE", help=f"of one trace only: {TRACE}")


def add_count(parser: argparse.ArgumentParser, name: str, default: int, what: str) -> None:
    parser.add_argument(name, default=default, type=_count, metavar="N", help=f"{what} (default: {default})")


def add_header(parser: argparse._ActionsContainer, name: str, what: str) -> None:
    """Add an option that may be given several times: a header, as name and value."""
    add_pairs(parser, name, "header", form="NAME=VALUE", example="Authorization='Bearer …'", told=what)


def add_port(parser: argparse.ArgumentParser, name: str, default: int, what: str) -> None:
    told = f"{what} (default: {default}; 0: any free)"
    parser.add_argument(name, default=default, type=_port, metavar="N", help=told)


def add_since(
    parser: argparse.ArgumentParser,
    default: str | None,
    told: str | None = None,
    read: Callable[[str], float] | None = None,
) -> None:
    """Add `--since`; `told` is the default as the help says it, `read` what reads it if not `since` does."""
    parser.add_argument(
        "--since",
        default=default,
        type=read or since,
        metavar="TIME",
        help=f"{_SINCE} (default: {told or default})",
    )


def told(read: Callable[[str], _T]) -> Callable[[str], _T]:
    """Let argparse show what `read` finds wrong with a value."""

    def reading(text: str) -> _T:
        try:
            return read(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from error

    return reading


def trace(text: str) -> str:
    """Read a trace's id, a part of one, or `latest`."""
    return text if text == LATEST else told(_id_or_part)(text)


def _id_or_part(text: str) -> str:
    try:
        return arguments.trace_id(text)
    except ValueError:
        return arguments.part_of_id(text)


def since(text: str) -> float:
    """Read a time in the past, as epoch seconds."""
    now = time.time()
    start = told(lambda given: arguments.since(given, now))(text)
    if start >= now:
        raise argparse.ArgumentTypeError(f"{text!r} is not in the past")
    return start


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number: give 1 or more")
    return int(text)


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port: give 1 to 65535, or 0 for any free one")
    return int(text)
