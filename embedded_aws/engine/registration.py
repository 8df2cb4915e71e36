"""What a resource function works with: one resource to create, its inputs, and the way to AWS."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from embedded_aws.aws.interfaces import ACCOUNT_ID
from embedded_aws.engine import naming
from embedded_aws.engine.operation_input import Names, as_text, fill

if TYPE_CHECKING:
    from embedded_aws.engine.clients import Clients
    from embedded_aws.engine.standing import Before

State = dict[str, Any]
"""Outputs of a resource in Pulumi's camelCase names."""

Client = Callable[[str], Any]
"""Returns the boto3 client of a service, in one region."""

Created = tuple[str, State]
"""The physical id, and the outputs that AWS computed; inputs are echoed without being listed."""

WITHOUT_EFFECT = frozenset({
    "region",  # chose the client
    "forceDestroy", "forceDetachPolicies", "forceOverwriteReplicaSecret", "skipDestroy",  # about deletion
    "recoveryWindowInDays", "deletionWindowInDays", "deletionProtectionEnabled",
    "sourceCodeHash", "sourceHash", "etag", "triggers", "overwrite",  # about updates
})  # fmt: skip
"""Inputs that steer updates and deletion only: nothing to do, and nothing to warn about."""


class Inputs(Mapping[str, Any]):
    """Inputs that remember which of them were read, so that none is dropped silently."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = {key: value for key, value in values.items() if value is not None}
        self.read: set[str] = set()
        self.documents: dict[str, str] = {}

    def __getitem__(self, key: str) -> Any:
        self.read.add(key)
        return self._values[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def text(self, key: str) -> str:
        """Return an input as API text.

        A JSON document given as a mapping is kept as text in `documents`: that is the output's form.
        """
        value = self[key]
        text = as_text(value)
        if isinstance(value, Mapping):
            self.documents[key] = text
        return text

    def unread(self) -> list[str]:
        """Return the names of inputs that say something and that nothing looked at."""
        return sorted(
            key
            for key, value in self._values.items()
            if key not in self.read and key not in WITHOUT_EFFECT and value not in (False, "", [], {})
        )


@dataclass(frozen=True)
class Registration:
    """One resource of the program; `name` is its logical name, `type` its token (`aws:sqs/queue:Queue`)."""

    urn: str
    type: str
    name: str
    inputs: Inputs
    region: str
    clients: Clients
    warn: Callable[[str], None]
    default_tags: Mapping[str, str] = field(default_factory=dict)
    stored_because: list[str] = field(default_factory=list)

    def stored_only(self, reason: str) -> None:
        """Say that the resource is kept, but does nothing here, and why."""
        self.stored_because.append(reason)
        self.warn(reason)

    def client(self, service: str) -> Any:
        """Return the boto3 client of a service in the resource's region."""
        return self.clients.get(service, self.region)

    def call(
        self,
        service: str,
        operation: str,
        names: Names | None = None,
        *,
        inputs: Mapping[str, Any] | None = None,
        **given: Any,
    ) -> dict[str, Any]:
        """Call an operation with every input that it has a member for, and with what is given.

        `given` is in AWS's form and wins over an input; None leaves the member out.
        `inputs`, in Pulumi's form, stands in for the resource's own where AWS nests them otherwise.
        """
        client = self.client(service)
        method = client.meta.method_to_api_mapping[operation]
        shape = client.meta.service_model.operation_model(method).input_shape
        renamed = names or {}
        members = {member.lower() for member in shape.members} - {member.lower() for member in given}
        source = self.inputs if inputs is None else inputs
        relevant = {key: source[key] for key in source if renamed.get(key, key).lower() in members}
        unknown: list[str] = []
        request = fill(shape, relevant, renamed, unknown)
        for path in unknown:
            self.warn(f"input '{path}' has no effect")
        return dict(
            getattr(client, operation)(**request, **{k: v for k, v in given.items() if v is not None})
        )

    def physical_name(self, key: str = "name", *, max_length: int = 255, ending: str = "") -> str:
        """Return the name that the program gave, or Pulumi's automatic one."""
        if given := self.inputs.get(key):
            return str(given)
        if prefix := self.inputs.get(f"{key}Prefix"):
            return f"{prefix}{naming.name_suffix(self.urn, 26)}"
        return naming.auto_name(self.urn, self.name, max_length, ending)

    @property
    def tags(self) -> dict[str, str]:
        """The resource's tags over the provider's default tags."""
        return {
            **self.default_tags,
            **{key: as_text(value) for key, value in self.inputs.get("tags", {}).items()},
        }

    def tag_list(self, key: str = "Key", value: str = "Value") -> list[dict[str, str]] | None:
        """Return the tags in the list form of many APIs; None when there are none."""
        return [{key: name, value: text} for name, text in self.tags.items()] or None

    @property
    def partition(self) -> str:
        """`aws`, `aws-cn` or `aws-us-gov`."""
        return partition_of(self.region)

    def arn(self, service: str, resource: str, *, account: str = ACCOUNT_ID) -> str:
        """Return an ARN in the resource's region."""
        return f"arn:{self.partition}:{service}:{self.region}:{account}:{resource}"


@dataclass(frozen=True)
class Update:
    """How a resource is changed in place; what `replaces` names can only be had by making it anew.

    `apply` returns the outputs that are new.
    """

    apply: Callable[[Registration, Before], State]
    replaces: frozenset[str] = frozenset()


def invoke_arn(region: str, arn: str, version: str = "2015-03-31", verb: str = "invocations") -> str:
    """Return the form in which API Gateway's integrations name a function."""
    return f"arn:{partition_of(region)}:apigateway:{region}:lambda:path/{version}/functions/{arn}/{verb}"


def partition_of(region: str) -> str:
    """Return the partition that a region belongs to."""
    for prefix, partition in (("cn-", "aws-cn"), ("us-gov-", "aws-us-gov")):
        if region.startswith(prefix):
            return partition
    return "aws"
