"""The outputs of other stacks, for `pulumi.StackReference`.

https://www.pulumi.com/docs/iac/concepts/stacks/#stackreferences
"""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from embedded_aws.engine.errors import EngineError

StackOutputs = Callable[[str], Mapping[str, Any]]
"""From a reference's name, such as `acme/network/dev`, to the stack's outputs; raises EngineError."""

_SECONDS = 5.0


def stack_outputs(project: str, config: Mapping[str, Any], endpoints: Sequence[str] = ()) -> StackOutputs:
    """Look outputs up in the embedded AWS of another running stack, and in the configuration.

    `project` is the referring one: a name without a project means another stack of it. A setting such as
    `acme/network/dev:vpcId` gives one output, and wins over the running stack's.
    """

    def outputs(name: str) -> Mapping[str, Any]:
        given = {
            key.rpartition(":")[2]: _read(value)
            for key, value in config.items()
            if key.rpartition(":")[0] == name
        }
        running = list(_running(endpoints))
        found = next((status["outputs"] for status in running if _is(status, name, project)), None)
        if found is None and not given:
            known = (
                ", ".join(f"{status.get('project')}/{status.get('stack')}" for status in running) or "none"
            )
            raise EngineError(
                f"no stack '{name}' runs here (running: {known}); start it with `waterfall up`, or give the "
                f"outputs that are used, each with --config {name}:OUTPUT=VALUE"
            )
        return {**(found or {}), **given}

    return outputs


def _running(endpoints: Sequence[str]) -> Iterator[Mapping[str, Any]]:
    """Yield what running stacks tell of themselves; one that ended meanwhile tells nothing."""
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    for endpoint in endpoints:
        try:
            with direct.open(f"{endpoint}/_local/status", timeout=_SECONDS) as answer:
                yield json.load(answer)
        except (OSError, ValueError):
            continue


def _is(status: Mapping[str, Any], name: str, own_project: str) -> bool:
    """Tell whether a name means a stack: `org/project/stack`, `project/stack`, `org/stack` or `stack`."""
    *before, stack = name.split("/")
    projects = before[-1:] if len(before) > 1 else [*before, own_project]
    return status.get("stack") == stack and status.get("project") in projects


def _read(value: Any) -> Any:
    structured = isinstance(value, str) and value[:1] in {"[", "{"}
    try:
        return json.loads(value) if structured else value
    except ValueError:
        return value
