"""All rules of the pack."""

from __future__ import annotations

from rules import apis, data, functions, identities, production
from rules.rule import Rule

RULES = tuple(
    value
    for module in (functions, apis, identities, data, production)
    for value in vars(module).values()
    if isinstance(value, Rule)
)
