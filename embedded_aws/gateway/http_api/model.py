"""What is served: one stage of an HTTP API, or a function URL, as plain values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

from embedded_aws.gateway.model import AccessLog, Throttle

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT = "$default"
"""The stage that is served at the API's root, and the route of whatever no other one takes."""


@dataclass(frozen=True)
class Integration:
    """What a route calls; `timeout` in seconds.

    `type` is `AWS_PROXY`, with a function in `uri` or an AWS API in `subtype`, or `HTTP_PROXY` with an
    address in `uri`; `method` is the one that the address is called with. `payload` is the format of a
    function's event, `1.0` or `2.0`. `parameters` are those of the API's call, or changes of the request,
    `responses` changes of the response by its status.
    """

    type: str
    uri: str = ""
    subtype: str | None = None
    method: str | None = None
    payload: str = "2.0"
    parameters: Mapping[str, str] = field(default_factory=dict)
    responses: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    timeout: float = 30.0


@dataclass(frozen=True)
class Authorizer:
    """Who decides about requests; `type` is `REQUEST` for a function, `JWT` for tokens of an issuer.

    `issuer` is its URL, `audiences` whom a token may be for. `sources` name what identifies the caller
    (`$request.header.Authorization`); `simple` answers say yes or no in place of a policy. `ttl` in seconds.
    """

    id: str
    type: str
    uri: str = ""
    sources: tuple[str, ...] = ()
    payload: str = "2.0"
    simple: bool = False
    ttl: float = 0.0
    issuer: str = ""
    audiences: tuple[str, ...] = ()


@dataclass(frozen=True)
class Route:
    """`key` is `GET /pets/{id}`, `ANY /{proxy+}` or `$default`; `authorization` is `NONE` when it is open.

    A token must have one of the `scopes`, if there are any.
    """

    key: str
    integration: Integration | None
    authorization: str = "NONE"
    authorizer: Authorizer | None = None
    scopes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Cors:
    """Which pages may use the API; `max_age` in seconds."""

    origins: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    exposed: tuple[str, ...] = ()
    credentials: bool = False
    max_age: int | None = None


@dataclass(frozen=True)
class Stage:
    """A stage with what it serves, or a function URL, which is a stage with one route.

    `throttles` are by route key; the limit under `*` is each other route's own.
    """

    api_id: str
    api_name: str
    name: str
    region: str
    account_id: str
    routes: tuple[Route, ...]
    cors: Cors | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    throttles: Mapping[str, Throttle] = field(default_factory=dict)
    access_log: AccessLog | None = None
    kind: Literal["HTTP", "URL"] = "HTTP"

    @property
    def domain_name(self) -> str:
        """The host that it has on AWS."""
        if self.kind == "URL":
            return f"{self.api_id}.lambda-url.{self.region}.on.aws"
        return f"{self.api_id}.execute-api.{self.region}.amazonaws.com"

    @property
    def arn(self) -> str:
        """The ARN of the stage."""
        return f"arn:aws:apigateway:{self.region}::/apis/{self.api_id}/stages/{self.name}"

    @property
    def title(self) -> str:
        """What people call it: the API's name, with the stage's unless that is the default."""
        return self.api_name if self.name == DEFAULT else f"{self.api_name}/{self.name}"


class Stages(Protocol):
    """What is deployed."""

    def stage(self, api_id: str, name: str) -> Stage | None:
        """Return a stage of an HTTP API, or a function URL by its id and `$default`; else `None`."""

    def knows(self, api_id: str) -> bool:
        """Tell whether there is an HTTP API, or a function URL, of that id."""
