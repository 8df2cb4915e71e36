"""What experiments find of the functions that are really there."""

from __future__ import annotations

import base64
import time
from typing import TYPE_CHECKING

import pytest

from embedded_aws.aws import moto as moto_aws
from embedded_aws.awslambda.catalog import Catalog
from embedded_aws.cloudwatch.alarms import Alarms
from embedded_aws.cloudwatch.metrics import Metrics
from embedded_aws.fis.resources import MotoResources
from tests.embedded_aws.awslambda.harness import RUNTIME, zipped

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

REGION = "eu-south-2"
"""One that no other test uses: moto's state is the process's."""
ARN = f"arn:aws:lambda:{REGION}:123456789012:function"
ROLE = "of-tagged-functions"
TAGS = {"plain": {}, "gold": {"tier": "gold"}, "both": {"tier": "gold", "team": "a"}, "red": {"tier": "red"}}


@pytest.fixture
def resources() -> Iterator[MotoResources]:
    """Functions with the tags of TAGS, the last of them published once."""
    moto = moto_aws.MotoAws()
    backend, iam = moto.backend("lambda", REGION), moto.backend("iam", "aws")
    role = iam.create_role(ROLE, "{}", "/", None, "", [], "3600")
    code = {"ZipFile": base64.b64encode(zipped({"app.py": "def handler(event, context): ..."}))}
    for name, tags in TAGS.items():
        described = {
            "FunctionName": name,
            "Runtime": RUNTIME,
            "Handler": "app.handler",
            "Role": role.arn,
            "Code": code,
        }
        backend.create_function({**described, "Tags": tags})
    backend.publish_version("both", "")
    yield MotoResources(moto, Catalog(REGION), Alarms(moto, Metrics(time.time), time.time, REGION))
    for name in TAGS:
        backend.delete_function(name)
    iam.delete_role(ROLE)


@pytest.mark.parametrize(
    ("tags", "names"),
    [
        ({"tier": "gold"}, ["both", "gold"]),
        ({"tier": "gold", "team": "a"}, ["both"]),
        ({"team": "b"}, []),
        ({"TIER": "gold"}, []),
    ],
)
def test_functions_are_found_by_all_of_the_tags(
    resources: MotoResources, tags: Mapping[str, str], names: list[str]
) -> None:
    """Once each, whatever their versions, by ARNs without a qualifier."""
    assert resources.functions_tagged(tags) == [f"{ARN}:{name}" for name in names]
