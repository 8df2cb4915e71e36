"""The commands about sampling rules: `sampling explain` and `cost`. Each returns the text to print."""

from __future__ import annotations

from typing import TYPE_CHECKING

from waterfall.sampling import rules as sampling
from waterfall.sampling.cost import estimate
from waterfall.terminal import as_json
from waterfall.terminal import sampling as picture
from waterfall.terminal.screen import to_text
from waterfall.traces.client import ReadError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from waterfall.commands.reading import Desk
    from waterfall.sampling.rules import Rule


def explain(
    desk: Desk, request: tuple[str, str] | None, service: str | None, headers: Mapping[str, str]
) -> str:
    """Return the rules in the order in which they are tried, and which one decides about a request."""
    rules = desk.reader.sampling_rules()
    asked, chosen = None, None
    if request is not None:
        place = service or sampling.assumed_service(rules)
        asked = sampling.Request(*request, service=place, headers=headers)
        chosen = sampling.decide(rules, asked)
    if desk.json:
        return as_json.dumps(as_json.rules_shape(rules, chosen))
    return to_text(picture.render_rules(rules, asked, chosen, desk.screen), desk.screen)


def cost(desk: Desk, given: Sequence[tuple[str | None, float]], *, kept: float, reads: float) -> str:
    """Return a month's estimate from requests per second by rule, or from the traffic of the last minutes.

    Raises ReadError for an unknown rule, and when there was no traffic.
    """
    rules = desk.reader.sampling_rules()
    if given:
        per_second, origin = _given(rules, given), "requests per second as given"
    else:
        found = desk.reader.sampling_statistics()
        if not found:
            raise ReadError("no request has asked the sampling rules lately: send some, or give --rps N")
        per_second = {one.rule: one.per_second for one in found}
        origin = f"requests of the last {found[0].seconds:.0f} s"
    result = estimate(rules, per_second, kept=kept, reads=reads)
    if desk.json:
        return as_json.dumps(as_json.cost_shape(result))
    return to_text(picture.render_cost(result, origin, desk.screen), desk.screen)


def _given(rules: Sequence[Rule], given: Sequence[tuple[str | None, float]]) -> dict[str, float]:
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
