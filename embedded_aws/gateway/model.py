"""What the gateway serves: one deployed stage of a REST API, as plain values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class IntegrationResponse:
    """What a custom integration answers; `pattern` selects it, and `None` is the default.

    `parameters` are by `method.response.header.<name>`, `templates` by media type.
    """

    status: int
    pattern: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    templates: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Integration:
    """What a method calls; `timeout` in seconds.

    `http_method` is the one that the back-end is called with, `parameters` are by
    `integration.request.<place>.<name>`, `templates` by media type.
    """

    type: str
    uri: str = ""
    timeout: float = 29.0
    http_method: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    templates: Mapping[str, str] = field(default_factory=dict)
    responses: tuple[IntegrationResponse, ...] = ()


@dataclass(frozen=True)
class Authorizer:
    """Who decides about a request; `sources` name what identifies the caller, `ttl` is in seconds.

    `type` is `TOKEN` or `REQUEST` for a function, `COGNITO_USER_POOLS` for the user pools `pools`, by ARN.
    """

    id: str
    name: str
    type: str
    uri: str = ""
    sources: tuple[str, ...] = ()
    expression: str | None = None
    ttl: float = 300.0
    pools: tuple[str, ...] = ()


@dataclass(frozen=True)
class Validator:
    """What is checked of a request before its integration is called."""

    body: bool = False
    parameters: bool = False


@dataclass(frozen=True)
class Method:
    """A method of a resource; `http_method` may be `ANY`, `authorization` is `NONE` when it is open.

    `parameters` are by `method.request.<place>.<name>`, with whether they are required; `models` names those
    of the body by media type; `scopes` are those of which a token of a user pool must have one.
    """

    http_method: str
    integration: Integration | None
    authorization: str = "NONE"
    api_key_required: bool = False
    operation_name: str | None = None
    authorizer: Authorizer | None = None
    scopes: tuple[str, ...] = ()
    validator: Validator = Validator()
    parameters: Mapping[str, bool] = field(default_factory=dict)
    models: Mapping[str, str] = field(default_factory=dict)


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
class GatewayResponse:
    """How an error of the gateway's own looks; `None` and what is not named stay as they are.

    `parameters` are by `gatewayresponse.header.<name>`, `templates` by media type.
    """

    status: int | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    templates: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Deployment:
    """The snapshot of an API that a stage serves: later changes show only after the next deployment.

    `models` are JSON schemas by name, `responses` the gateway's own by their type. API keys come in the
    header `X-Api-Key`, or with `key_from_authorizer` from a function that authorizes.
    """

    id: str
    resources: tuple[Resource, ...]
    binary_media_types: tuple[str, ...] = ()
    models: Mapping[str, str] = field(default_factory=dict)
    responses: Mapping[str, GatewayResponse] = field(default_factory=dict)
    key_from_authorizer: bool = False


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


class Objects(Protocol):
    """The objects of S3."""

    def get(self, bucket: str, key: str) -> tuple[str, bytes] | None:
        """Return an object's media type and content, `None` when there is no such one."""


class NoObjects:
    """No object at all."""

    def get(self, bucket: str, key: str) -> tuple[str, bytes] | None:  # noqa: ARG002 - of the protocol
        """Find nothing."""
        return None


class LoggedStage(Protocol):
    """A stage as access logs know it, of a REST or an HTTP API."""

    @property
    def arn(self) -> str: ...
    @property
    def api_name(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def access_log(self) -> AccessLog | None: ...


class AccessLogs(Protocol):
    """Takes access log lines."""

    def write(self, stage: LoggedStage, line: str, at: float) -> None:
        """Append one line to the stage's destination; `at` in epoch seconds."""
