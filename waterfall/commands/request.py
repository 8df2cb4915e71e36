"""`waterfall request`: an HTTP request, and its waterfall."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping

from waterfall.commands import options
from waterfall.commands.asking import Asking
from waterfall.commands.context import context_of, showing
from waterfall.commands.options import Command
from waterfall.stack.requests import read_request
from waterfall.stack.routes import addressed
from waterfall.terminal.teller import Teller
from waterfall.traces.client import ReadError
from waterfall.why.client import Journal


def _add_options(parser: argparse.ArgumentParser) -> None:
    options.add_source(parser)
    parser.add_argument(
        "words",
        nargs="+",
        metavar="REQUEST",
        help="[METHOD] /PATH [BODY], such as POST /orders '{\"sku\": 1}'; a URL in the place of the path",
    )
    parser.add_argument(
        "-H", "--header", action="append", default=[], metavar="NAME: VALUE", help="a header; repeatable"
    )
    parser.add_argument(
        "--api", metavar="NAME", help="of several APIs: the one with this name (default: the first that fits)"
    )


def _check(given: argparse.Namespace) -> None:
    given.request = read_request(" ".join(given.words), given.header)
    if given.aws and given.request.target.startswith("/"):
        raise ValueError("an account has many APIs: give the whole URL together with --aws")


def _run(given: argparse.Namespace) -> int:
    given.json = False
    context = context_of(given)
    teller = Teller(sys.stdout, context.screen)
    status = {} if given.aws else Journal(context.source.endpoint).status() or {}
    apis = _chosen(dict(status.get("apis") or {}), given.api)
    asking = Asking(context.source, context.reader, teller, showing(context.source), status.get("tracing"))
    asking.request(addressed(context.source, given.request, apis.values()))
    return int(teller.failed)


def _chosen(apis: Mapping[str, str], name: str | None) -> Mapping[str, str]:
    found = {each: url for each, url in apis.items() if name in (None, each, each.partition("/")[0])}
    if name and not found:
        raise ReadError(f"there is no API named {name!r}: this stack has {', '.join(apis) or 'none'}")
    return found


COMMAND = Command(
    "Sends a request to the running stack and shows its answer, its waterfall, and the traces linked to it.",
    _add_options,
    _run,
    _check,
)
