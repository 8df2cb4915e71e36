"""Which method of the resource tree answers a request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from embedded_aws.gateway.model import Method, Resource

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from embedded_aws.gateway.event import Arrival
    from embedded_aws.gateway.method_request import MethodRequest
    from embedded_aws.gateway.model import Stage
    from embedded_aws.gateway.tracing import Trace

_LITERAL, _PARAMETER, _GREEDY = range(3)


@dataclass(frozen=True)
class Match:
    """The method that answers, and the path parameters, percent-decoded."""

    resource: Resource
    method: Method
    path_parameters: Mapping[str, str]


NOWHERE = Match(Resource("", "", {}), Method("", None), {})
"""Where a request is that no resource has a method for."""


@dataclass(frozen=True)
class Routed:
    """A request at its method, with its trace; `context` is the event's `requestContext`."""

    stage: Stage
    route: Match
    request: MethodRequest
    arrival: Arrival
    trace: Trace
    context: Mapping[str, Any]


def match(resources: Iterable[Resource], http_method: str, path: str) -> Match | None:
    """Find the most specific resource that has the method; `path` as sent, without the stage.

    API Gateway matches the pair of resource and method: where the most specific resource lacks the
    method, the next one is tried, down to `{proxy+}`.
    """
    segments = [part for part in path.strip("/").split("/") if part]
    candidates = [
        (rank, resource, parameters)
        for resource in resources
        for rank, parameters in fit(resource.path, segments)
    ]
    for _, resource, parameters in sorted(candidates, key=lambda candidate: candidate[0]):
        method = resource.methods.get(http_method) or resource.methods.get("ANY")
        if method:
            return Match(resource, method, parameters)
    return None


def fit(pattern: str, segments: list[str]) -> list[tuple[list[int], dict[str, str]]]:
    """Return the rank per segment and the parameters, or nothing when the path does not fit."""
    parts = [part for part in pattern.split("/") if part]
    greedy = bool(parts) and parts[-1].endswith("+}")
    if len(segments) < len(parts) or (len(segments) > len(parts) and not greedy):
        return []
    ranks: list[int] = []
    parameters: dict[str, str] = {}
    for index, part in enumerate(parts):
        if part.endswith("+}"):
            ranks.append(_GREEDY)
            parameters[part[1:-2]] = unquote("/".join(segments[index:]))
        elif part.startswith("{"):
            ranks.append(_PARAMETER)
            parameters[part[1:-1]] = unquote(segments[index])
        elif part == unquote(segments[index]):
            ranks.append(_LITERAL)
        else:
            return []
    return [(ranks, parameters)]
