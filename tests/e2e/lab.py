"""An embedded AWS in this process, with the time and the dice of its experiments in the test's hand."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from embedded_aws.aws.ids import RandomIds
from embedded_aws.embedded_aws import FaultSources
from tests.e2e.functions import deploy, layers
from tests.e2e.stack import Answer, Stack
from tests.embedded_aws.engine.harness import Aws

REGION = "us-east-1"
ROLE = "arn:aws:iam::123456789012:role/experiments"
HANDLER = Path(__file__).with_name("handlers") / "echo.py"


@dataclass
class Dice:
    """Even numbers instead of random ones: of ten in a row, each tenth of the range gets one."""

    numbers: Iterator[float] = field(
        default_factory=lambda: itertools.cycle([(3 * n % 10) / 10 + 0.05 for n in range(10)])
    )

    def __call__(self) -> float:
        return next(self.numbers)


@dataclass
class Time:
    """The real time, plus what a test has let pass."""

    passed: float = 0.0

    def __call__(self) -> float:
        return time.time() + self.passed

    def to_next(self, seconds: float) -> None:
        """Go on to the beginning of the next minute, say."""
        self.passed += seconds - self() % seconds


@dataclass
class Lab:
    """The running AWS: `stack` reaches it as every end-to-end test does."""

    stack: Stack
    time: Time
    layers: dict[str, list[str]] = field(default_factory=dict)
    aws: Aws | None = None

    @property
    def fis(self) -> Any:
        return self.stack.client("fis")

    def function(
        self,
        mode: str,
        name: str,
        module: Path = HANDLER,
        settings: Mapping[str, Any] | None = None,
        /,
        **variables: str,
    ) -> str:
        """Deploy the echo handler, or another one, in a tracing mode under a name of its own; return its ARN.

        `settings` are Lambda's, `variables` the function's environment.
        """
        if mode not in self.layers:
            self.layers[mode] = layers(self.stack, mode)
        environment = {"TRACING_MODE": mode, "TRACING_EXPORT": "xray", **variables}
        given = {"Layers": self.layers[mode], "Timeout": 5, "MemorySize": 512, **(settings or {})}
        deploy(self.stack, name, module, environment, **given)
        found = self.stack.client("lambda").get_function(FunctionName=name)
        return str(found["Configuration"]["FunctionArn"])

    def api(self, arn: str) -> str:
        """Put a traced REST API before a function; return the URL of its one route."""
        client = self.stack.client("apigateway")
        api = client.create_rest_api(name=f"api-{arn.rpartition(':')[2]}")["id"]
        root = client.get_resources(restApiId=api)["items"][0]["id"]
        place = {"restApiId": api, "resourceId": root, "httpMethod": "GET"}
        client.put_method(**place, authorizationType="NONE")
        client.put_integration(
            **place,
            type="AWS_PROXY",
            integrationHttpMethod="POST",
            uri=f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{arn}/invocations",
        )
        deployment = client.create_deployment(restApiId=api)["id"]
        client.create_stage(restApiId=api, stageName="dev", deploymentId=deployment, tracingEnabled=True)
        return f"{self.stack.status['endpoint']}/execute-api/{api}/dev/"

    def get(self, url: str, *, sampled: bool = True) -> Answer:
        """Send one request that is part of a sampled, or of an unsampled, trace."""
        root = RandomIds().trace_id(time.time())
        return self.stack.request(url, headers={"X-Amzn-Trace-Id": f"Root={root};Sampled={sampled:d}"})


def template(arn: str, action: str, parameters: dict[str, str], **more: Any) -> dict[str, Any]:
    """Return the request of a template with one action on one function."""
    return {
        "clientToken": f"{time.time_ns()}",
        "description": "A test's experiment",
        "roleArn": ROLE,
        "stopConditions": [{"source": "none"}],
        "targets": {
            "fn": {
                "resourceType": "aws:lambda:function",
                "resourceArns": [arn],
                "selectionMode": "ALL",
            }
        },
        "actions": {
            "fault": {
                "actionId": action,
                "parameters": {"duration": "PT5M", **parameters},
                "targets": {"Functions": "fn"},
            }
        },
        "tags": {"Name": "on-purpose"},
        **more,
    }


@contextmanager
def running(data: Path, debug_sources: Path | None = None) -> Iterator[Lab]:
    """Run an embedded AWS until the block ends."""
    moment = Time()
    aws = Aws(data, REGION, FaultSources(moment, Dice()), debug_sources)
    try:
        with closing(Stack({"endpoint": aws.url, "daemon": aws.daemon})) as stack:
            yield Lab(stack, moment, aws=aws)
    finally:
        aws.close()
