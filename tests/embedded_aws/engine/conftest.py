from __future__ import annotations

import json
import re
import warnings
from typing import TYPE_CHECKING, Any, Protocol

import pulumi_aws
import pytest

from embedded_aws.engine.standing import Standing
from embedded_aws.engine.tracing import Tracing
from tests.embedded_aws.engine import harness

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


with warnings.catch_warnings():
    # pulumi_aws warns of its own deprecated names when a lazy module is first used.
    warnings.simplefilter("ignore", DeprecationWarning)
    LOADED = (
        pulumi_aws.lambda_.Function,
        pulumi_aws.s3.Bucket,
        pulumi_aws.cloudwatch.LogGroup,
        pulumi_aws.ec2.Vpc,
    )


class Deploy(Protocol):
    def __call__(self, program: Callable[[], Any], **config: Any) -> harness.Deployed: ...


class Again(Protocol):
    def __call__(
        self, program: Callable[[], Any], before: harness.Deployed | None = None
    ) -> harness.Deployed: ...


@pytest.fixture(scope="session")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[harness.Aws]:
    """An embedded AWS that the tests of this folder share; each test deploys resources of its own."""
    running = harness.Aws(tmp_path_factory.mktemp("aws"))
    yield running
    running.close()


@pytest.fixture
def deploy(aws: harness.Aws, request: pytest.FixtureRequest) -> Deploy:
    """Deploys a program given as a function; automatic names differ between tests."""

    def deployed(program: Callable[[], Any], **config: Any) -> harness.Deployed:
        return harness.deploy(aws.url, program, re.sub(r"\W+", "-", request.node.name), config)

    return deployed


@pytest.fixture
def again(aws: harness.Aws, request: pytest.FixtureRequest) -> Again:
    """Deploys a program over what its run `before` left, which goes through JSON as between processes."""

    def deployed(program: Callable[[], Any], before: harness.Deployed | None = None) -> harness.Deployed:
        shapes = json.loads(json.dumps([one.shape() for one in before.standing])) if before else []
        standing = [Standing.of(shape) for shape in shapes]
        return harness.deploy(
            aws.url, program, re.sub(r"\W+", "-", request.node.name), tracing=Tracing(), standing=standing
        )

    return deployed
