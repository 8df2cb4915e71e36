"""Create the resources of one program run, each by the API calls that the AWS provider would make."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from embedded_aws.engine import invokes, naming, values
from embedded_aws.engine.errors import EngineError
from embedded_aws.engine.registration import Created, Inputs, Registration, State
from embedded_aws.engine.resources import RESOURCES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from embedded_aws.engine.clients import Clients

_AWS_PROVIDER = "pulumi:providers:aws"


@dataclass(frozen=True)
class Provider:
    """The settings of an AWS provider that matter here."""

    region: str
    default_tags: Mapping[str, str] = field(default_factory=dict)


class Deployment:
    """The resources of one run; Pulumi registers them from several threads at once.

    `default` holds the settings of the default provider, as configured by `aws:region` and
    `aws:defaultTags`; `failure` is the first error, because Pulumi wraps errors on their way out.
    """

    def __init__(self, clients: Clients, default: Provider) -> None:
        self.clients = clients
        self.default = default
        self.warnings: list[str] = []
        self.failure: EngineError | None = None
        self._providers: dict[str, Provider] = {}
        self._urns: set[str] = set()
        self._lock = threading.Lock()

    def register(
        self, urn: str, kind: str, name: str, inputs: Mapping[str, Any], provider: str = ""
    ) -> Created:
        """Create one custom resource; returns its id and all of its outputs.

        Raises EngineError that names the resource and what went wrong.
        """
        try:
            given = {key: values.plain(value) for key, value in inputs.items()}
            resource_id, state = self._create(urn, kind, name, given, provider)
        except Exception as error:  # whatever it is, the user needs the resource's name first
            raise self.fail(f"{kind} '{name}' could not be created: {explain(error)} ({urn})") from error
        outputs = {**given, **{key: value for key, value in state.items() if value is not None}}
        secret_keys = {key for key, value in inputs.items() if values.is_secret(value)}
        return resource_id, {
            key: values.secret(value) if key in secret_keys else value for key, value in outputs.items()
        }

    def claim(self, urn: str) -> None:
        """Note that a URN is taken; raises EngineError when it was before."""
        with self._lock:
            taken = urn in self._urns
            self._urns.add(urn)
        if taken:
            raise self.fail(f"duplicate resource URN '{urn}'; try giving it a unique name")

    def invoke(self, token: str, args: Mapping[str, Any], provider: str = "") -> State:
        """Answer a provider function such as `aws:index/getRegion:getRegion`."""
        given = {key: values.plain(value) for key, value in args.items() if value is not None}
        region = str(given.get("region") or self._provider(provider).region)
        try:
            return invokes.invoke(token, given, invokes.RegionalClients(region, self.clients))
        except Exception as error:
            raise self.fail(f"function {token} failed: {explain(error)}") from error

    def warn(self, text: str) -> None:
        """Add a warning, once."""
        with self._lock:
            if text not in self.warnings:
                self.warnings.append(text)

    def fail(self, message: str) -> EngineError:
        """Return the error to raise, and keep it when it is the first."""
        error = EngineError(message)
        with self._lock:
            self.failure = self.failure or error
        return error

    def _create(self, urn: str, kind: str, name: str, inputs: dict[str, Any], provider: str) -> Created:
        if kind == _AWS_PROVIDER:
            return self._configure_provider(urn, inputs)
        if kind.startswith("pulumi:providers:"):
            return naming.name_suffix(urn), {}
        settings = self._provider(provider)
        region = str(inputs.get("region") or settings.region)
        registration = Registration(
            urn=urn,
            type=kind,
            name=name,
            inputs=Inputs(inputs),
            region=region,
            clients=self.clients,
            warn=lambda text: self.warn(f"{kind} '{name}': {text}"),
            default_tags=settings.default_tags,
        )
        create = RESOURCES.get(kind)
        if create is None:
            return self._skip(registration)
        resource_id, state = create(registration)
        for key in registration.inputs.unread():
            registration.warn(f"input '{key}' has no effect")
        computed = {"region": region, "tagsAll": registration.tags or None}
        return resource_id, {**computed, **registration.inputs.documents, **state}

    def _configure_provider(self, urn: str, inputs: Mapping[str, Any]) -> Created:
        # The inputs of a provider are JSON texts.
        tags = json.loads(inputs.get("defaultTags") or "{}").get("tags") or {}
        settings = Provider(region=str(inputs.get("region") or self.default.region), default_tags=tags)
        with self._lock:
            self._providers[urn] = settings
        return naming.name_suffix(urn), {}

    def _provider(self, reference: str) -> Provider:
        urn = reference.rpartition("::")[0]  # `<urn>::<id>`
        return self._providers.get(urn, self.default)

    def _skip(self, registration: Registration) -> Created:
        registration.warn("this type is not supported here; it was skipped")
        name = str(
            registration.inputs.get("name") or naming.auto_name(registration.urn, registration.name, 255)
        )
        service = registration.type.partition(":")[2].partition("/")[0]
        return name, {"name": name, "arn": registration.arn(service, name)}


def explain(error: Exception) -> str:
    """Return what went wrong in one line, with AWS's code and message for an API error."""
    match error:
        case EngineError():
            return str(error)
        case ClientError():
            answer = error.response.get("Error", {})
            text = str(answer.get("Message", ""))
            told = f": {text}" if text and not text.startswith("<") else ""  # not an HTML page
            return f"{error.operation_name} answered {answer.get('Code')}{told}"
        case BotoCoreError():
            return " ".join(str(error).split())
        case KeyError():
            return f"input {error} is missing"
    return f"{type(error).__name__}: {error}"
