"""JSON schemas of models, draft 4 as on AWS, checked in a time that grows with the body alone.

jsonschema matches patterns with Python's `re`, which may never come to an end, and compares the elements of a
list pair by pair; both are done here.
https://docs.aws.amazon.com/apigateway/latest/developerguide/models-mappings-models.html
"""

from __future__ import annotations

import logging
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from embedded_aws.aws.matching import regex
from embedded_aws.aws.parsing import read_json

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Mapping

_LOG = logging.getLogger(__name__)
_ADDRESS = "https://apigateway.amazonaws.com/restapis/{api}/models/{name}"


def fits(api_id: str, name: str, models: Mapping[str, str], body: Any) -> bool:
    """Tell whether a body fits a model; a schema that cannot be checked lets every body through."""
    try:
        return bool(_validator(api_id, name, tuple(sorted(models.items()))).is_valid(body))
    except Exception as problem:  # noqa: BLE001 - references lead to what is no schema, or round and round
        _warn(api_id, name, type(problem).__name__, str(problem)[:200])
        return True


@lru_cache(maxsize=64)
def _validator(api_id: str, name: str, models: tuple[tuple[str, str], ...]) -> Any:
    """Make the validator of a model, which may refer to others by their addresses, and to nothing else."""
    from referencing import Registry, Resource  # noqa: PLC0415 - see `_rules`
    from referencing.jsonschema import DRAFT4  # noqa: PLC0415

    schemas: Mapping[str, Any] = {each: _schema(api_id, each, text) for each, text in models}
    registry: Any = Registry().with_resources(
        (_ADDRESS.format(api=api_id, name=each), Resource.from_contents(schema, default_specification=DRAFT4))
        for each, schema in schemas.items()
    )
    return _rules()(schemas[name], registry=registry)


def _schema(api_id: str, name: str, text: str) -> Any:
    from jsonschema import SchemaError  # noqa: PLC0415 - see `_rules`

    try:
        schema = read_json(text)
        _rules().check_schema(schema, format_checker=None)
    except (ValueError, SchemaError, RecursionError) as problem:
        _warn(api_id, name, "no JSON schema", str(problem).partition("\n")[0][:200])
        return {}
    return schema


@lru_cache(maxsize=1024)
def _warn(api_id: str, name: str, kind: str, told: str) -> None:
    """Warn once."""
    _LOG.warning("the model %s of %s lets every body through: %s: %s", name, api_id, kind, told)


@cache
def _rules() -> Any:
    """Return draft 4; it takes 0.1 s that APIs without models need not wait for."""
    import jsonschema  # noqa: PLC0415

    own = {
        "additionalProperties": _additional_properties,
        "pattern": _pattern,
        "patternProperties": _pattern_properties,
        "uniqueItems": _unique_items,
    }
    return jsonschema.validators.extend(jsonschema.Draft4Validator, own)


def _pattern(validator: Any, pattern: str, value: Any, _: Any) -> Iterator[Any]:
    if validator.is_type(value, "string") and not regex(pattern)(value):
        yield _error("pattern")


def _pattern_properties(validator: Any, patterns: Mapping[str, Any], value: Any, _: Any) -> Iterator[Any]:
    if validator.is_type(value, "object"):
        for pattern, schema in patterns.items():
            meant = regex(pattern)
            for name in filter(meant, value):
                yield from validator.descend(value[name], schema)


def _additional_properties(
    validator: Any, allowed: Any, value: Any, schema: Mapping[str, Any]
) -> Iterator[Any]:
    if not validator.is_type(value, "object"):
        return
    patterns = [regex(pattern) for pattern in schema.get("patternProperties", ())]
    named = schema.get("properties", {})
    for name in value:
        if name in named or any(meant(name) for meant in patterns):
            continue
        if validator.is_type(allowed, "object"):
            yield from validator.descend(value[name], allowed)
        elif not allowed:
            yield _error("additionalProperties")


def _unique_items(validator: Any, wanted: Any, value: Any, _: Any) -> Iterator[Any]:
    if wanted and validator.is_type(value, "array") and len(set(map(_identity, value))) < len(value):
        yield _error("uniqueItems")


def _identity(value: Any) -> Hashable:
    """Return what equal values have in common: 1 is 1.0, and true is no 1."""
    if isinstance(value, dict):
        return frozenset((name, _identity(inner)) for name, inner in value.items())
    if isinstance(value, list):
        return tuple(map(_identity, value))
    return (bool, value) if isinstance(value, bool) else value


def _error(keyword: str) -> Any:
    from jsonschema import ValidationError  # noqa: PLC0415 - see `_rules`

    return ValidationError(keyword)
