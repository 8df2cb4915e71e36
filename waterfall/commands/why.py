"""`waterfall why`: what decided about a request's trace."""

from __future__ import annotations

import argparse

from waterfall.commands import options
from waterfall.commands.context import Context, context_of, printed
from waterfall.commands.options import Command
from waterfall.terminal import why as picture
from waterfall.terminal.text import json_text
from waterfall.traces.client import ReadError
from waterfall.why import shapes
from waterfall.why.question import Question, question
from waterfall.why.service import Explainer


def _explain(context: Context, asked: Question) -> str:
    answer = Explainer(context.reader, context.source).ask(asked, context.now)
    if context.json:
        return json_text(shapes.answer_shape(answer))
    return context.draw(picture.render(answer, context.screen, context.now))


def _list_requests(context: Context, limit: int) -> str:
    found = Explainer(context.reader, context.source).newest(limit)
    if found is None:
        raise ReadError(
            "requests are remembered by the embedded AWS alone: ask about a METHOD and URL instead"
        )
    if context.json:
        return json_text(shapes.list_shape(found))
    if not found:
        return "no request has come yet\n"
    return context.draw(picture.render_list(found, context.screen, context.now))


def _add_options(parser: argparse.ArgumentParser) -> None:
    options.add_reading(parser)
    parser.add_argument(
        "request",
        nargs="*",
        metavar="REQUEST",
        help="a request id, a trace id, a URL, a method and a URL, rule NAME, or machine NAME "
        "(default: the last request)",
    )
    parser.add_argument("--list", action="store_true", help="list the last requests instead")
    options.add_count(parser, "--limit", 20, "of --list: how many")


def _check(given: argparse.Namespace) -> None:
    if given.list and given.request:
        raise ValueError("why takes a request or --list, not both")
    given.question = question(given.request)


def _run(given: argparse.Namespace) -> int:
    context = context_of(given)
    return printed(_list_requests(context, given.limit) if given.list else _explain(context, given.question))


COMMAND = Command(
    "Says in one sentence each what decided about a request's trace: the stage, the header, the rule, "
    "each function, what arrived. With --aws, where none is remembered: what decides about such ones. Of a "
    "rule or schedule of the embedded AWS: why it fired or did not.",
    _add_options,
    _run,
    _check,
)
