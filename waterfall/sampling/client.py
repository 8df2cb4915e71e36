"""Sampling rules, and what they decided lately, as X-Ray tells."""

from __future__ import annotations

from waterfall.sampling.rules import Rule, Statistics, rules_of, statistics_of
from waterfall.traces.client import Reader


def read_rules(reader: Reader) -> list[Rule]:
    """Return the sampling rules in the order in which they are tried; raises ReadError."""
    pages = reader.pages("get_sampling_rules")
    return rules_of([record for page in pages for record in page["SamplingRuleRecords"]])


def read_statistics(reader: Reader) -> list[Statistics]:
    """Return what each rule decided lately, X-Ray remembers about ten minutes; raises ReadError."""
    pages = reader.pages("get_sampling_statistic_summaries")
    return statistics_of([item for page in pages for item in page["SamplingStatisticSummaries"]])
