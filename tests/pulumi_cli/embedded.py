"""A cloud that is an embedded AWS: what a deployment creates there, it reads back, changes and deletes.

The calls that create are those of the embedded AWS's own engine (`embedded_aws.engine.resources`), a function
for each type of resource; those that read, update and delete are in `calls.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from google.protobuf.json_format import MessageToDict
from pulumi.runtime import rpc

from embedded_aws.engine import values
from embedded_aws.engine.clients import Clients
from embedded_aws.engine.invokes import FUNCTIONS, RegionalClients
from embedded_aws.engine.registration import Inputs, Registration
from embedded_aws.engine.resources import READS, RESOURCES
from tests.pulumi_cli.calls import KINDS, is_missing, seen
from tests.pulumi_cli.provider import type_of

if TYPE_CHECKING:
    from google.protobuf.struct_pb2 import Struct

    from tests.pulumi_cli.provider import State


class Embedded:
    """The resources of one region at an endpoint; each problem is an error, also an input without effect."""

    def __init__(self, endpoint: str, region: str) -> None:
        self._aws = RegionalClients(region, Clients(endpoint))

    def create(self, urn: str, properties: Struct) -> tuple[str, State]:
        registration = self._registration(urn, properties)
        id_, computed = RESOURCES[type_of(urn)](registration)
        if unread := registration.inputs.unread():
            raise AssertionError(f"{urn}: nothing looked at {', '.join(unread)}")
        known = {key: value for key, value in computed.items() if value is not None}
        return id_, {**MessageToDict(properties), **values.wire(known)}

    def update(self, urn: str, id_: str, old: Struct, new: Struct) -> State:
        before, after = MessageToDict(old), MessageToDict(new)
        changed = {key for key in {*before, *after} if before.get(key) != after.get(key)}
        KINDS[type_of(urn)].update(self._registration(urn, new), id_, changed)
        return {}

    def read(self, urn: str, id_: str, inputs: Struct) -> State | None:
        kind = KINDS[type_of(urn)]
        given = values.plain(MessageToDict(inputs))
        try:
            found = kind.find(self._aws.client(kind.service), id_, given)
        except ClientError as error:
            if is_missing(error):
                return None
            raise
        there = {}
        for key, value in given.items():
            there[key] = value if key in kind.unreadable else seen(value, found, kind.names.get(key, key))
        return there

    def find(self, type_: str, _id: str) -> State:
        return READS[type_](self._aws.client)

    def delete(self, urn: str, id_: str, properties: Struct) -> None:
        kind = KINDS[type_of(urn)]
        kind.delete(self._aws.client(kind.service), id_, values.plain(MessageToDict(properties)))

    def invoke(self, token: str, args: Struct) -> State:
        return FUNCTIONS[token](MessageToDict(args), self._aws)

    def _registration(self, urn: str, properties: Struct) -> Registration:
        inputs: dict[str, Any] = rpc.deserialize_properties(properties)

        def warn(text: str) -> None:
            raise AssertionError(f"{urn}: {text}")

        return Registration(
            urn=urn,
            type=type_of(urn),
            name=urn.rpartition("::")[2],
            inputs=Inputs({key: values.plain(value) for key, value in inputs.items()}),
            region=self._aws.region,
            clients=self._aws.clients,
            warn=warn,
        )
