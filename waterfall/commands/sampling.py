"""`waterfall sampling`: the sampling rules, and which one decides about a request."""

from __future__ import annotations

import argparse
from collections.abc import Mapping

from waterfall.commands import options
from waterfall.commands.context import Context, context_of, printed
from waterfall.commands.options import Command
from waterfall.sampling import rules as sampling
from waterfall.sampling.client import read_rules
from waterfall.sampling.shapes import rules_shape
from waterfall.stack.routes import stage_arn
from waterfall.terminal import sampling as picture
from waterfall.terminal.text import json_text
from waterfall.traces.client import RefusedError, Source


def _explain(
    context: Context, request: tuple[str, str] | None, service: str | None, headers: Mapping[str, str]
) -> str:
    rules = read_rules(context.reader)
    asked, chosen = None, None
    if request is not None:
        assumed = service or sampling.assumed_service(rules)
        resource = _resource(context.source, assumed) if sampling.ask_for_resource(rules) else None
        asked = sampling.SamplingRequest(*request, service=assumed, headers=headers, resource=resource)
        chosen = sampling.decide(rules, asked)
    if context.json:
        return json_text(rules_shape(rules, chosen))
    return context.draw(picture.render_rules(rules, asked, chosen, context.screen))


def _resource(source: Source, service: str | None) -> str | None:
    """Return the ARN of a stage; `None` where it may not be read, which the rule's line then says."""
    try:
        return stage_arn(source, service) if service else None
    except RefusedError:
        return None


def _add_options(parser: argparse.ArgumentParser) -> None:
    options.add_reading(parser)
    parser.add_argument("action", choices=["explain"], help="show and explain the rules")
    parser.add_argument("method", nargs="?", metavar="METHOD", help="a request's method, such as GET")
    parser.add_argument("path", nargs="?", metavar="PATH", help="and its path, such as /checkout")
    parser.add_argument(
        "--service", metavar="API/STAGE", help="of which API (default: the one that the rules name)"
    )
    options.add_pairs(
        parser, "--header", "header", form="NAME=VALUE", example="x-tenant=gold", told="a request header"
    )


def _check(given: argparse.Namespace) -> None:
    if given.method and not (given.path or "").startswith("/"):
        raise ValueError("sampling explain takes a method and a path, such as GET /checkout")


def _run(given: argparse.Namespace) -> int:
    request = (given.method.upper(), given.path) if given.method else None
    return printed(_explain(context_of(given), request, given.service, dict(given.header)))


COMMAND = Command(
    "Shows the sampling rules in the order in which they are tried, each with a request that it is for, "
    "and which one decides about the request given. Nothing is sent or counted.",
    _add_options,
    _run,
    _check,
)
