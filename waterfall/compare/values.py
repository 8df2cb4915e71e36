"""Where two JSON values differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Path = tuple[str | int, ...]


def differing(left: Any, right: Any, path: Path = ()) -> Iterator[tuple[Path, Any, Any]]:
    """Yield the path of each difference, and both values; what is not there is `None`."""
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        for key in sorted(left.keys() | right.keys()):
            yield from differing(left.get(key), right.get(key), (*path, key))
    elif isinstance(left, list) and isinstance(right, list) and len(left) == len(right):
        for number, (one, other) in enumerate(zip(left, right, strict=True)):
            yield from differing(one, other, (*path, number))
    elif left != right or isinstance(left, bool) != isinstance(right, bool):
        yield path, left, right


def dotted(path: Sequence[str | int]) -> str:
    """Return a path as people write it: `aws.table_names[0]`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text
