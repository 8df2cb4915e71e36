"""What `record` and `check` share: which requests, sent where."""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping
from pathlib import Path

from waterfall.commands import options
from waterfall.commands.context import source_of
from waterfall.proof.cases import FOLDER, REQUESTS, Case, Filter, chosen, read_cases, read_redaction
from waterfall.proof.observing import Place
from waterfall.traces.client import connect
from waterfall.why.client import Journal

_FILTERED_RUNS = 20


def add_options(parser: argparse.ArgumentParser) -> None:
    options.add_source(parser)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help="requests of traces/requests.yaml (default: all)"
    )
    parser.add_argument(
        "-C", "--directory", default=Path(), type=Path, metavar="DIR",
        help="program folder, whose traces/ is used (default: .)",
    )  # fmt: skip
    parser.add_argument(
        "--filter", metavar="EXPRESSION",
        help="send nothing: take the newest traces of X-Ray's filter expression, as NAME",
    )  # fmt: skip
    options.add_since(parser, "10m", "10m, with --filter")


def check_options(given: argparse.Namespace) -> None:
    if given.filter and len(given.names) != 1:
        raise ValueError("--filter needs one NAME: the recording that the traces are for")


def folder_of(given: argparse.Namespace) -> Path:
    folder: Path = given.directory / FOLDER
    return folder


def cases_of(given: argparse.Namespace) -> list[Case]:
    """Return the requests that are meant; raises ReadError."""
    if given.filter:
        name, asked = given.names[0], Filter(given.filter, given.since)
        known = read_cases(folder_of(given)) if (folder_of(given) / REQUESTS).exists() else []
        budgets = next((case.budgets for case in known if case.name == name), ())
        return [Case(name, asked, runs=_FILTERED_RUNS, budgets=budgets)]
    cases = read_cases(folder_of(given))
    return chosen(cases, given.names)


def place_of(given: argparse.Namespace) -> Place:
    """Return where requests are sent; raises ReadError."""
    source = source_of(given)
    status: Mapping[str, object] = {} if source.aws else Journal(source.endpoint).status() or {}
    apis = status.get("apis")
    urls = {str(name): str(url) for name, url in apis.items()} if isinstance(apis, Mapping) else {}
    return Place(source, connect(source), urls, read_redaction(folder_of(given)), time.time)
