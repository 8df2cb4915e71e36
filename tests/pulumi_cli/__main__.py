"""`pulumi-resource-aws` of these tests: accepts everything, or deploys onto an embedded AWS.

It is the second when the configuration has an endpoint, which the AWS provider takes in the same form:
`aws:endpoints: [{lambda: http://127.0.0.1:4566, …}]`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from tests.pulumi_cli.accepting import Accepting
from tests.pulumi_cli.provider import Cloud, Provider, serve


def choose(config: Mapping[str, str]) -> Cloud:
    """Return the cloud that a stack's configuration means."""
    endpoints = [url for each in json.loads(config.get("endpoints") or "[]") for url in each.values()]
    if not endpoints:
        return Accepting(config["region"])
    from tests.pulumi_cli.embedded import Embedded  # noqa: PLC0415 - half a second that the other needs not

    return Embedded(endpoints[0], config["region"])


def main() -> None:
    serve(Provider(choose))
