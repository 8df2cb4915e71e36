"""What traces cost in a month, from requests per second and the rules that choose among them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from waterfall.sampling.rules import Rule

MONTH = 30 * 86400.0
MILLION = 1_000_000.0


@dataclass(frozen=True, slots=True)
class Prices:
    """US dollars for a million traces, and how many a month are free for each account."""

    recorded: float = 5.00
    read: float = 0.50
    free_recorded: float = 100_000
    free_read: float = 1_000_000
    source: str = "aws.amazon.com/xray/pricing, us-east-1, as of 2025"


PRICES = Prices()


@dataclass(frozen=True, slots=True)
class CostLine:
    """One rule's month: requests per second, traces recorded and read (retrieved or scanned), dollars."""

    rule: str
    per_second: float
    traced: float
    recorded: float
    read: float
    dollars: float


@dataclass(frozen=True, slots=True)
class Estimate:
    """A month by rule; `dollars` is the sum of the lines less `free`, what the free tier takes off."""

    lines: tuple[CostLine, ...]
    free: float
    dollars: float


def estimate(
    rules: Sequence[Rule],
    per_second: Mapping[str, float],
    *,
    kept: float = 0.0,
    reads: float = 1.0,
    prices: Prices = PRICES,
) -> Estimate:
    """Estimate a month of steady traffic, given by rule name.

    `kept` is the share (0 to 1) of untraced requests that are kept for their failure; `reads` is how often
    each recorded trace is retrieved or scanned.
    """
    lines = tuple(
        _line(rule, per_second[rule.name], kept, reads, prices) for rule in rules if rule.name in per_second
    )
    recorded, read = sum(line.recorded for line in lines), sum(line.read for line in lines)
    free = (
        min(recorded, prices.free_recorded) * prices.recorded + min(read, prices.free_read) * prices.read
    ) / MILLION
    return Estimate(lines, free, max(0.0, sum(line.dollars for line in lines) - free))


def _line(rule: Rule, per_second: float, kept: float, reads: float, prices: Prices) -> CostLine:
    traced = rule.traced(per_second)
    traced += (per_second - traced) * kept
    recorded = traced * MONTH
    read = recorded * reads
    dollars = (recorded * prices.recorded + read * prices.read) / MILLION
    return CostLine(rule.name, per_second, traced, recorded, read, dollars)
