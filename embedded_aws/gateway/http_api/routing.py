"""Which route of an HTTP API answers a request.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from embedded_aws.gateway.http_api.model import DEFAULT
from embedded_aws.gateway.routing import fit

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from embedded_aws.gateway.event import Arrival
    from embedded_aws.gateway.http_api.model import Route, Stage
    from embedded_aws.gateway.http_api.tracing import Trace
    from embedded_aws.gateway.method_request import MethodRequest


@dataclass(frozen=True)
class Match:
    """The route that answers, and the path parameters, percent-decoded."""

    route: Route
    path_parameters: Mapping[str, str] = field(default_factory=dict)

    @property
    def path(self) -> str:
        """The route's path, `$default` when it has none."""
        return self.route.key.partition(" ")[2] or self.route.key


@dataclass(frozen=True)
class Routed:
    """A request at its route, with the trace that it belongs to."""

    stage: Stage
    route: Match
    request: MethodRequest
    arrival: Arrival
    trace: Trace


def match(routes: Iterable[Route], method: str, path: str) -> Match | None:
    """Find the most specific route: of paths first, then the method before `ANY`; `$default` is the last."""
    segments = [part for part in path.strip("/").split("/") if part]
    found, default = [], None
    for route in routes:
        wanted, _, pattern = route.key.partition(" ")
        if route.key == DEFAULT:
            default = Match(route)
        elif wanted in {method, "ANY"}:
            found += [
                ((rank, wanted == "ANY"), Match(route, parameters))
                for rank, parameters in fit(pattern, segments)
            ]
    return min(found, key=lambda each: each[0])[1] if found else default
