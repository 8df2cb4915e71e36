"""What the gateway serves: one deployed stage of a REST API, as plain values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Integration:
    """What a method calls; `timeout` in seconds."""

    type: str
    uri: str = ""
    timeout: float = 29.0


@dataclass(frozen=True)
class Method:
    """A method of a resource; `http_method` may be `ANY`, `authorization` is `NONE` when it is open."""

    http_method: str
    integration: Integration | None
    authorization: str = "NONE"
    api_key_required: bool = False
    operation_name: str | None = None


@dataclass(frozen=True)
class Resource:
    """One node of the resource tree; `path` is the full one, with `{param}` and `{proxy+}`."""

    id: str
    path: str
    methods: Mapping[str, Method]


@dataclass(frozen=True)
class Throttle:
    """Requests per second, and the most that are let through at once."""

    rate: float
    burst: int


@dataclass(frozen=True)
class AccessLog:
    """Where a line per request goes, and its format with `$context` variables."""

    destination_arn: str
    format: str


@dataclass(frozen=True)
class Deployment:
    """The snapshot of an API that a stage serves: later changes show only after the next deployment."""

    id: str
    resources: tuple[Resource, ...]
    binary_media_types: tuple[str, ...] = ()


@dataclass(frozen=True)
class Stage:
    """A stage with its settings, which take effect at once, and its deployment, which is a snapshot.

    The keys of `throttles` are `*/*` or `~1path~1of~1resource/METHOD`, as in API Gateway's method settings.
    """

    api_id: str
    api_name: str
    name: str
    region: str
    account_id: str
    deployment: Deployment
    tracing: bool = False
    variables: Mapping[str, str] = field(default_factory=dict)
    throttles: Mapping[str, Throttle] = field(default_factory=dict)
    access_log: AccessLog | None = None

    @property
    def arn(self) -> str:
        return f"arn:aws:apigateway:{self.region}::/restapis/{self.api_id}/stages/{self.name}"

    @property
    def domain_name(self) -> str:
        return f"{self.api_id}.execute-api.{self.region}.amazonaws.com"


class Apis(Protocol):
    """The deployed APIs."""

    def stage(self, api_id: str, name: str) -> Stage | None:
        """Return the stage, or `None` when the API or the stage does not exist or was never deployed."""

    def accepts_key(self, stage: Stage, key: str) -> bool:
        """Tell whether an enabled API key of that value is in a usage plan of the stage."""


class AccessLogs(Protocol):
    """Takes access log lines."""

    def write(self, stage: Stage, line: str, at: float) -> None:
        """Append one line to the stage's destination; `at` in epoch seconds."""
