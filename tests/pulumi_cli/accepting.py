"""A cloud that accepts everything, remembers nothing, and answers what AWS computes."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from google.protobuf.json_format import MessageToDict

from tests.pulumi_cli.provider import type_of

if TYPE_CHECKING:
    from google.protobuf.struct_pb2 import Struct

    from tests.pulumi_cli.provider import State

ACCOUNT = "123456789012"


class Accepting:
    """An account with API Gateway's logging role, in one region."""

    def __init__(self, region: str) -> None:
        self.region = region

    def create(self, urn: str, properties: Struct) -> tuple[str, State]:
        inputs: dict[str, Any] = MessageToDict(properties)
        type_ = type_of(urn)
        service = type_.split(":")[1].split("/")[0]
        # a replacement is there beside what it replaces, so its id is one of its own
        digest = hashlib.sha256(repr((urn, sorted(inputs.items()))).encode()).hexdigest()[:10]
        names = (inputs[key] for key in ("name", "bucket", "ruleName", "layerName") if key in inputs)
        name = next(names, digest)
        computed = {
            "arn": f"arn:aws:{service}:{self.region}:{ACCOUNT}:{name}",
            "invokeArn": f"arn:aws:apigateway:{self.region}:lambda:path/{name}/invocations",
            "executionArn": f"arn:aws:execute-api:{self.region}:{ACCOUNT}:{digest}",
            "rootResourceId": "root",
            "invokeUrl": f"https://{digest}.execute-api.{self.region}.amazonaws.com/{inputs.get('stageName')}",
            "url": f"https://sqs.{self.region}.amazonaws.com/{ACCOUNT}/{name}",
        }
        id_ = digest if service == "apigateway" else str(name)
        return id_, {**computed, **inputs}

    def update(self, _urn: str, _id: str, _old: Struct, _new: Struct) -> State:
        return {}

    def read(self, _urn: str, _id: str, inputs: Struct) -> State | None:
        unchanged: State = MessageToDict(inputs)
        return unchanged

    def find(self, _type: str, _id: str) -> State:
        return {"cloudwatchRoleArn": f"arn:aws:iam::{ACCOUNT}:role/api-gateway-logs"}

    def delete(self, _urn: str, _id: str, _properties: Struct) -> None:
        pass

    def invoke(self, token: str, _args: Struct) -> State:
        answers: dict[str, State] = {
            "aws:index/getRegion:getRegion": {"region": self.region, "name": self.region},
            "aws:index/getPartition:getPartition": {"partition": "aws"},
            "aws:index/getCallerIdentity:getCallerIdentity": {"accountId": ACCOUNT},
        }
        return answers[token]
