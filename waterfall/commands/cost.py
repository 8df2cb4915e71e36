"""`waterfall cost`: what traces cost in a month."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from waterfall.commands import options
from waterfall.commands.context import Context, context_of, printed
from waterfall.commands.options import Command
from waterfall.sampling.client import read_rules, read_statistics
from waterfall.sampling.cost import estimate
from waterfall.sampling.rules import Rule
from waterfall.sampling.shapes import cost_shape
from waterfall.terminal import sampling as picture
from waterfall.terminal.text import json_text
from waterfall.traces.client import ReadError


def _cost(context: Context, given: Sequence[tuple[str | None, float]], *, kept: float, reads: float) -> str:
    """Return the estimate, from requests per second by rule, or from the traffic of the last minutes.

    Raises ReadError for an unknown rule, and when there was no traffic.
    """
    rules = read_rules(context.reader)
    if given:
        per_second, origin = _by_rule(rules, given), "requests per second as given"
    else:
        found = read_statistics(context.reader)
        if not found:
            raise ReadError("no request has asked the sampling rules lately: send some, or give --rps N")
        per_second = {one.rule: one.per_second for one in found}
        origin = f"requests of the last {found[0].seconds:.0f} s"
    result = estimate(rules, per_second, kept=kept, reads=reads)
    if context.json:
        return json_text(cost_shape(result))
    return context.draw(picture.render_cost(result, origin, context.screen))


def _by_rule(rules: Sequence[Rule], given: Sequence[tuple[str | None, float]]) -> dict[str, float]:
    """Give each rule its requests; those without a rule go to the last rule before Default."""
    names = [rule.name for rule in rules]
    custom = [name for name in names if name != "Default"]
    last = (custom or names)[-1]
    per_second: dict[str, float] = {}
    for name, number in given:
        if name is not None and name not in names:
            raise ReadError(f"there is no sampling rule {name}; there are {', '.join(names)}")
        per_second[name or last] = per_second.get(name or last, 0.0) + number
    return per_second


def _add_options(parser: argparse.ArgumentParser) -> None:
    options.add_reading(parser)
    parser.add_argument(
        "--rps",
        action="append",
        default=[],
        type=_per_second,
        metavar="[RULE=]N",
        help="requests per second of a rule (default: of the last rule before Default)",
    )
    parser.add_argument(
        "--kept",
        default=0.0,
        type=_share,
        metavar="SHARE",
        help="share of untraced requests that keepErrors keeps, such as 0.01 (default: 0)",
    )
    parser.add_argument(
        "--reads", default=1.0, type=_amount, metavar="N", help="reads of each recorded trace (default: 1)"
    )


def _per_second(text: str) -> tuple[str | None, float]:
    rule, _, number = text.rpartition("=")
    return rule or None, _amount(number)


def _amount(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of 0 or more")
    return number


def _share(text: str) -> float:
    number = _amount(text)
    if number > 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a share: give 0 to 1, such as 0.05 for 5 %")
    return number


def _run(given: argparse.Namespace) -> int:
    return printed(_cost(context_of(given), given.rps, kept=given.kept, reads=given.reads))


COMMAND = Command(
    "Estimates traces recorded and read, and X-Ray's price for a month, by sampling rule: from the "
    "requests of the last ten minutes, or from requests per second given with --rps.",
    _add_options,
    _run,
)
