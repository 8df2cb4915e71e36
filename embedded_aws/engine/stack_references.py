"""The outputs of other stacks, for `pulumi.StackReference`.

https://www.pulumi.com/docs/iac/concepts/stacks/#stackreferences
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from embedded_aws.engine.errors import EngineError

StackOutputs = Callable[[str], Mapping[str, Any]]
"""From a reference's name, such as `acme/network/dev`, to the stack's outputs; raises EngineError."""


def from_config(values: Mapping[str, Any]) -> StackOutputs:
    """Read outputs from configuration: `--config acme/network/dev:vpcId=vpc-1` gives one."""

    def outputs(name: str) -> Mapping[str, Any]:
        found = {
            key.rpartition(":")[2]: _read(value)
            for key, value in values.items()
            if key.rpartition(":")[0] == name
        }
        if not found:
            raise EngineError(
                f"the outputs of stack '{name}' are not at hand; give those that are used, each with "
                f"--config {name}:OUTPUT=VALUE"
            )
        return found

    return outputs


def _read(value: Any) -> Any:
    structured = isinstance(value, str) and value[:1] in {"[", "{"}
    try:
        return json.loads(value) if structured else value
    except ValueError:
        return value
