"""X-Ray's sampling rules: what one matches, and which values it may have.

https://docs.aws.amazon.com/xray/latest/devguide/xray-console-sampling.html
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from embedded_aws.aws.errors import InvalidRequestError
from embedded_aws.aws.matching import glob

if TYPE_CHECKING:
    from collections.abc import Mapping

    from embedded_aws.aws.interfaces import SamplingRequest

DEFAULT_NAME = "Default"
DEFAULT_PRIORITY = 10_000

_MOST_ATTRIBUTES = 5
_MOST_ATTRIBUTE_CHARACTERS = 32
_MOST_CHARACTERS = {
    "name": ("RuleName", 1, 32),
    "service_name": ("ServiceName", 0, 64),
    "service_type": ("ServiceType", 0, 64),
    "host": ("Host", 0, 64),
    "http_method": ("HTTPMethod", 0, 10),
    "url_path": ("URLPath", 0, 128),
    "resource_arn": ("ResourceARN", 0, 500),
}


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One rule: `reservoir_size` requests per second, then `fixed_rate` (0 to 1) of the rest.

    The patterns may hold `*` (any text) and `?` (one character) and ignore case. `boost` is the
    SamplingRateBoost as it came: kept and given back, without effect here.
    """

    name: str
    priority: int
    fixed_rate: float
    reservoir_size: int
    service_name: str = "*"
    service_type: str = "*"
    host: str = "*"
    http_method: str = "*"
    url_path: str = "*"
    resource_arn: str = "*"
    attributes: Mapping[str, str] = field(default_factory=dict)
    boost: Mapping[str, Any] | None = None

    def matches(self, request: SamplingRequest) -> bool:
        """Tell whether all patterns match; an attribute that the request lacks matches nothing."""
        return self.mismatch(request) is None

    def mismatch(self, request: SamplingRequest) -> tuple[str, str] | None:
        """Return the first field that does not match, by X-Ray's name, and its pattern."""
        pairs = (
            ("ServiceName", self.service_name, request.service_name),
            ("ServiceType", self.service_type, request.service_type),
            ("Host", self.host, request.host),
            ("HTTPMethod", self.http_method, request.method),
            ("URLPath", self.url_path, request.path),
            ("ResourceARN", self.resource_arn, request.resource_arn),
        )
        for name, pattern, text in pairs:
            if not wildcard_matches(pattern, text):
                return name, pattern
        if not self.attributes:
            return None
        given = {name.lower(): value for name, value in request.attributes.items()}
        for name, pattern in self.attributes.items():
            if name.lower() not in given or not wildcard_matches(pattern, given[name.lower()]):
                return f"Attributes[{name}]", pattern
        return None


DEFAULT = Rule(name=DEFAULT_NAME, priority=DEFAULT_PRIORITY, fixed_rate=0.05, reservoir_size=1)
"""The rule that every account has, that matches everything and that cannot be deleted."""

EVERY_REQUEST = dataclasses.replace(DEFAULT, fixed_rate=1.0)
"""That rule where one developer sends a few requests and wants to see each."""


def check(rule: Rule) -> None:
    """Raise `InvalidRequestError` for the first value that AWS does not allow."""
    for attribute, (field_name, least, most) in _MOST_CHARACTERS.items():
        value = getattr(rule, attribute)
        if not least <= len(value) <= most:
            raise InvalidRequestError(f"{field_name} {value!r} must have {least} to {most} characters")
    if rule.name != DEFAULT_NAME and not 1 <= rule.priority < DEFAULT_PRIORITY:
        raise InvalidRequestError(f"Priority {rule.priority} must be 1 to {DEFAULT_PRIORITY - 1}")
    if not 0 <= rule.fixed_rate <= 1:
        raise InvalidRequestError(f"FixedRate {rule.fixed_rate} must be 0 to 1, as 0.05 for 5 %")
    if rule.reservoir_size < 0:
        raise InvalidRequestError(f"ReservoirSize {rule.reservoir_size} must be 0 or more per second")
    _check_attributes(rule.attributes)


def _check_attributes(attributes: Mapping[str, str]) -> None:
    if len(attributes) > _MOST_ATTRIBUTES:
        raise InvalidRequestError(f"Attributes has {len(attributes)} pairs; at most {_MOST_ATTRIBUTES}")
    for text in (*attributes, *attributes.values()):
        if not 1 <= len(text) <= _MOST_ATTRIBUTE_CHARACTERS:
            raise InvalidRequestError(
                f"{text!r} in Attributes must have 1 to {_MOST_ATTRIBUTE_CHARACTERS} characters"
            )


def wildcard_matches(pattern: str, text: str) -> bool:
    """Match a whole text, ignoring case, as the X-Ray SDKs do (ADOT's sampler heeds case)."""
    return pattern == "*" or glob(pattern, ignore_case=True)(text)
