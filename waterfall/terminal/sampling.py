"""Sampling rules and what they cost, as tables."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from waterfall.sampling.cost import PRICES, CostLine, Estimate
from waterfall.sampling.rules import Rule, SamplingRequest, percent
from waterfall.terminal.screen import DIM, Screen, wrapped
from waterfall.terminal.text import clean, count, fit, shorten

NAME_WIDTH = 32
_NUMBERS = 22
_EXAMPLE_WIDTH = 16
_COST_COLUMNS = {"requests/s": 11, "traced/s": 9, "recorded": 9, "read": 9, "USD": 10}
_COST_NUMBERS = sum(_COST_COLUMNS.values())


def render_rules(
    rules: Sequence[Rule], request: SamplingRequest | None, chosen: Rule | None, screen: Screen
) -> list[Text]:
    """Return one line per rule, the deciding one marked, and what that means for the request."""
    longest = max((len(clean(rule.name)) for rule in rules), default=0)
    width = min(NAME_WIDTH, max(longest, 4), screen.width - _NUMBERS - _EXAMPLE_WIDTH)
    head = f"  {'prio':>5} {'rule':<{width}} {'/s':>5} {'rate':>6} for example"
    lines = [Text(shorten(head, screen.width), style=DIM)]
    lines += [_rule(rule, rule is chosen, width, screen) for rule in rules]
    if request is not None:
        lines += [Text(), *_verdict(request, chosen, screen)]
    return lines


def _rule(rule: Rule, chosen: bool, width: int, screen: Screen) -> Text:  # noqa: FBT001 - a row's mark
    glyphs = screen.glyphs
    mark = f"{glyphs.arrow[-1]} " if chosen else "  "
    example = clean(rule.example) if rule.path != "*" or rule.headers or rule.method != "*" else "everything"
    if rule.service != "*":
        example += f" to {clean(rule.service)}"
    if rule.resource != "*":
        example += f" on {clean(rule.resource)}"
    name = fit(clean(rule.name), width, glyphs.ellipsis)
    text = f"{mark}{rule.priority:>5} {name} {count(rule.reservoir):>5} {percent(rule.rate):>6} "
    return Text(
        text + shorten(example, screen.width - len(text), glyphs.ellipsis),
        style="bold" if chosen else "",
    )


def _verdict(request: SamplingRequest, chosen: Rule | None, screen: Screen) -> list[Text]:
    place = f" to {clean(request.service)}" if request.service else ""
    asked = f"{clean(request.method)} {clean(request.path)}{place}"
    if chosen is None:
        return [Text(f"{asked}: no rule matches")]
    if chosen.rate >= 1:
        means = "every request is traced"
    elif chosen.rate <= 0 and chosen.reservoir == 0:
        means = "no request is traced"
    else:
        means = f"{chosen.reservoir} per second traced, then {percent(chosen.rate)} of the rest"
    if chosen.resource != "*" and request.resource is None:
        means += f"; if it is for {clean(chosen.resource)}, which is not known"
    told = "Only requests that come without a decision ask the rules; Lambda never does."
    return [
        *(
            Text(line)
            for line in wrapped(
                f"{asked}: {clean(chosen.name)} decides, {means}", screen.width, screen.glyphs
            )
        ),
        Text(shorten(told, screen.width, screen.glyphs.ellipsis), style=DIM),
    ]


def render_cost(found: Estimate, origin: str, screen: Screen) -> list[Text]:
    """Return one line per rule and the sum; `origin` says where the requests per second come from."""
    width = min(NAME_WIDTH, max(12, screen.width - _COST_NUMBERS))
    head = fit("rule", width) + "".join(f"{title:>{cells}}" for title, cells in _COST_COLUMNS.items())
    total = f"{fit('free tier', width)}{-found.free:>{_COST_NUMBERS}.2f}"
    price = f"{fit('a month', width)}{found.dollars:>{_COST_NUMBERS}.2f}"
    notes = (
        f"{clean(origin)}; USD {PRICES.recorded:g} per million traces recorded, {PRICES.read:g} read",
        f"prices: {PRICES.source}",
    )
    return [
        Text(head, style=DIM),
        *(Text(_cost_row(line, width, screen)) for line in found.lines),
        Text(total),
        Text(price, style="bold"),
        *(Text(shorten(note, screen.width, screen.glyphs.ellipsis), style=DIM) for note in notes),
    ]


def _cost_row(line: CostLine, width: int, screen: Screen) -> str:
    name = fit(clean(line.rule), width, screen.glyphs.ellipsis)
    return (
        f"{name}{line.per_second:>11.4g}{line.traced:>9.4g}{count(round(line.recorded)):>9}"
        f"{count(round(line.read)):>9}{line.dollars:>10.2f}"
    )
