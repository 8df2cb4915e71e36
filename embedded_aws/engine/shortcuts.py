"""What Pulumi's SDK for Python does anew in each run, and needs not: half of what a save waits for.

All of it is the SDK's own and may be gone in another version: then it is left as it is.
"""

from __future__ import annotations

import contextlib
import functools
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from pulumi import _types
from pulumi.runtime import resource
from pulumi.runtime.proto import source_pb2

_Named = tuple[str, str]
"""A class, by its module and its name in it."""


def skip_stack_traces() -> None:
    """Have no stack recorded for each resource: the monitor asks for none, `places` knows the line."""
    if hasattr(resource, "_get_stack_trace"):
        resource._get_stack_trace = source_pb2.StackTrace  # noqa: SLF001


def remember_types() -> Callable[[], Sequence[_Named]]:
    """Return what tells of which classes the SDK has read the types of properties since."""
    read = getattr(_types, "_raw_return_hints", None)
    if read is None:
        return list
    found: dict[type, None] = {}

    @functools.wraps(read)
    def remembering(cls: type) -> Any:
        found[cls] = None
        return read(cls)

    setattr(_types, "_raw_return_hints", remembering)  # noqa: B010 - not of the type of the SDK's own
    return lambda: [(cls.__module__, cls.__qualname__) for cls in found]


def read_types(classes: Iterable[Sequence[str]]) -> None:
    """Have the SDK read the types of those that are imported; it keeps them."""
    for module, name in classes:
        cls = getattr(sys.modules.get(module), name, None)
        if isinstance(cls, type):
            with contextlib.suppress(Exception):  # it is asked again when the program uses it
                _types._types_from_py_properties(cls)  # noqa: SLF001
