"""Documents in YAML, which are no larger than what they were sent as lets expect."""

from __future__ import annotations

import json
from typing import Any

import yaml

from embedded_aws.aws.parsing import ParseError

_MOST = 6 * 1024 * 1024
"""Characters and values of a document once its aliases are written out; AWS takes files of 6 MB.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html
"""


def read_yaml(body: bytes | str) -> Any:
    """Return a document as JSON would have it; raises `ParseError`."""
    try:
        # Keys of YAML may be numbers, such as statuses.
        return json.loads(json.dumps(yaml.load(body, Loader=_Yaml), default=str))  # noqa: S506 - a safe one
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as problem:
        raise ParseError(f"the body is neither JSON nor YAML: {problem}") from problem


class _Yaml(yaml.SafeLoader):
    """Refuses what a few aliases of aliases would make too large, before anything is made of it."""

    def __init__(self, body: bytes | str) -> None:
        super().__init__(body)
        self._size = 0
        self._sizes: dict[str, int] = {}

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """Compose a node as PyYAML does, and know how large it is."""
        event: Any = self.peek_event()  # type: ignore[no-untyped-call] # its stubs lack types
        before = self._size
        if isinstance(event, yaml.AliasEvent):
            self._size += self._sizes.get(str(event.anchor), _MOST)  # inside itself it is endless
        else:
            self._size += 1 + len(getattr(event, "value", ""))
        if self._size > _MOST:
            raise yaml.YAMLError(f"with its aliases it is larger than {_MOST} characters")
        node = super().compose_node(parent, index)
        if anchor := getattr(event, "anchor", None):
            self._sizes.setdefault(anchor, self._size - before)
        return node
