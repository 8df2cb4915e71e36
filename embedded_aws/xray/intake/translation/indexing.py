"""Which attributes become annotations, which metadata, which the user."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from embedded_aws.aws.parsing import ParseError, read_json
from embedded_aws.xray.intake.translation.spans import Attributes, plain, text

if TYPE_CHECKING:
    from collections.abc import Mapping

_RESOURCE_PREFIX = "otel.resource."
_METADATA_PREFIX = "aws.xray.metadata."
_ANNOTATION_KEYS = "aws.xray.annotations"
_NO_OBJECT: Any = object()
_MAYBE_LONE = re.compile(r"\\u[dD][89a-fA-F]")
"""Half a surrogate pair, which no text in UTF-8 can hold, and a whole one."""
_FORBIDDEN = re.compile(r"[^A-Za-z0-9.]")


@dataclass(frozen=True)
class Options:
    """Choices of the translation.

    `indexed_attributes` become annotations, resource attributes under `otel.resource.<key>`;
    `index_all_attributes` makes annotations of all. `flat_metadata` writes metadata as X-Ray's own
    OTLP conversion has been seen to: span and resource attributes side by side, without a namespace.
    """

    indexed_attributes: frozenset[str] = frozenset()
    index_all_attributes: bool = False
    flat_metadata: bool = False


@dataclass(frozen=True)
class Indexed:
    """What is left of a span's attributes, sorted into the places where X-Ray keeps them."""

    user: str
    annotations: dict[str, Any]
    metadata: dict[str, Any]


def sort(attributes: Attributes, consumed: frozenset[str], resource: Attributes, options: Options) -> Indexed:
    """Sort the attributes that no other rule has consumed; `resource` is empty for a subsegment.

    A configured key is indexed even when it is consumed; a key that the span itself names is not.
    """
    wanted = options.indexed_attributes | _own_keys(attributes)
    left = {
        key: value
        for key, value in attributes.items()
        if (key not in consumed or key in options.indexed_attributes)
        and key != "enduser.id"
        and not (key == _ANNOTATION_KEYS and isinstance(value, list))
    }
    resources = {_RESOURCE_PREFIX + key: value for key, value in resource.items()}
    everything = options.index_all_attributes
    indexed = {key: value for key, value in left.items() if everything or key in wanted}
    indexed_resources = {
        key: value for key, value in resources.items() if (everything or key in wanted) and _is_plain(value)
    }
    return Indexed(
        user=text(attributes.get("enduser.id")),
        annotations=_annotations({**indexed_resources, **indexed}),
        metadata=_metadata(
            {key: value for key, value in left.items() if key not in indexed},
            {key: value for key, value in resources.items() if key not in indexed_resources},
            flat=options.flat_metadata,
        ),
    )


def keep_resource_metadata(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Leave only what describes the service, not the call; the collector leaves the namespaces."""
    return {
        namespace: entries
        and {key: value for key, value in entries.items() if key.startswith(_RESOURCE_PREFIX)}
        for namespace, entries in metadata.items()
    }


def _own_keys(attributes: Attributes) -> frozenset[str]:
    keys = attributes.get(_ANNOTATION_KEYS)
    return frozenset(key for key in keys if isinstance(key, str)) if isinstance(keys, list) else frozenset()


def _is_plain(value: Any) -> bool:
    return isinstance(value, str | int | float)


def _annotations(attributes: Attributes) -> dict[str, Any]:
    """Fix the keys; a list or a map cannot be indexed and is gone."""
    return {_FORBIDDEN.sub("_", key): plain(value) for key, value in attributes.items() if _is_plain(value)}


def _metadata(attributes: Attributes, resources: Attributes, *, flat: bool) -> dict[str, Any]:
    default: dict[str, Any] = {key: plain(value) for key, value in resources.items() if value is not None}
    namespaces: dict[str, Any] = {}
    for key, value in attributes.items():
        namespace = key.removeprefix(_METADATA_PREFIX)
        entries = _entries(value) if namespace != key and isinstance(value, str) else _NO_OBJECT
        if entries is _NO_OBJECT:
            if value is not None:
                default[key] = plain(value)
        elif namespace.lower() == "default":
            default |= entries or {}
        else:
            namespaces[namespace] = entries
    if flat:
        return {**{key.removeprefix(_RESOURCE_PREFIX): value for key, value in default.items()}, **namespaces}
    return {**namespaces, "default": default} if default else namespaces


def _entries(text: str) -> Any:
    """Read a JSON object, or null, which the collector takes for one; `_NO_OBJECT` for anything else."""
    try:
        entries = read_json(text)
    except ParseError:
        return _NO_OBJECT
    if not isinstance(entries, dict | None):
        return _NO_OBJECT
    if not _MAYBE_LONE.search(text):
        return entries
    whole = (
        json.dumps(entries, ensure_ascii=False).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    )
    return json.loads(whole)
