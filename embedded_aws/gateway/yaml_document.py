"""Documents in YAML, which are no larger than what they were sent as lets expect."""

from __future__ import annotations

import json
from typing import Any

import yaml

try:
    from yaml import CSafeLoader as _Safe
except ImportError:  # PyYAML was built without its parser in C: it takes ten times as long
    from yaml import SafeLoader as _Safe  # type: ignore[assignment]

from embedded_aws.aws.parsing import MAX_DEPTH, ParseError

_MOST = 6 * 1024 * 1024
"""Characters and values of a document once its aliases are written out; AWS takes files of 6 MB.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html
"""
_LONGEST_NUMBER = 100
_TYPES = {f"tag:yaml.org,2002:{name}" for name in ("bool", "float", "int", "merge", "null")}
# PyYAML's constructors raise these for a value that is none of the type that a tag says.
_MALFORMED = (
    yaml.YAMLError,
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)


def read_yaml(body: bytes | str) -> Any:
    """Return a document as JSON would have it; raises `ParseError`."""
    try:
        _check_size(body)
        # Keys of YAML may be numbers, such as statuses.
        content = json.dumps(yaml.load(body, Loader=_Yaml), allow_nan=False, default=str)  # noqa: S506 - a safe one
        return json.loads(content)
    except _MALFORMED as problem:
        raise ParseError(f"the body is neither JSON nor YAML: {problem}") from problem


class _Yaml(_Safe):
    """Takes values for what JSON has: a date, which is no type there, stays a text."""

    def construct_number(self, node: yaml.ScalarNode) -> Any:
        """Make a number, unless it is so long that this would take seconds (in base 60, for example)."""
        if len(node.value) > _LONGEST_NUMBER:
            raise yaml.YAMLError(f"a number has more than {_LONGEST_NUMBER} characters")
        is_int = node.tag.endswith(":int")
        return self.construct_yaml_int(node) if is_int else self.construct_yaml_float(node)


_Yaml.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag in _TYPES]
    for first, resolvers in _Safe.yaml_implicit_resolvers.items()
}
for _type in ("int", "float"):
    _Yaml.add_constructor(f"tag:yaml.org,2002:{_type}", _Yaml.construct_number)


def _check_size(body: bytes | str) -> None:
    """Refuse what is too deep, and what aliases of aliases make too large, before anything is made of it."""
    size, opened = 0, list[tuple[str | None, int]]()
    sizes: dict[str | None, int] = {}
    for event in yaml.parse(body, Loader=_Yaml):
        if isinstance(event, yaml.AliasEvent):
            if any(event.anchor == anchor for anchor, _ in opened):
                raise yaml.YAMLError(f"*{event.anchor} stands inside of what it stands for")
            size += sizes.get(event.anchor, 0)
        elif isinstance(event, yaml.ScalarEvent):
            size += 1 + len(event.value)
            sizes[event.anchor] = 1 + len(event.value)
        elif isinstance(event, yaml.CollectionStartEvent):
            opened.append((event.anchor, size))
            size += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, before = opened.pop()
            sizes[anchor] = size - before
        if size > _MOST:
            raise yaml.YAMLError(f"with its aliases it is larger than {_MOST} characters")
        if len(opened) > MAX_DEPTH:
            raise yaml.YAMLError(f"it has more than {MAX_DEPTH} levels")
