"""The types of a segment document's fields; X-Ray keeps a document and removes what does not fit.

https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

MAX_ANNOTATION_CHARACTERS = 1000

# Letters, digits and underscore; since 2024 the dot; the colon of AWS's own keys (`aws:api_id`).
_ANNOTATION_KEY = re.compile(r"[A-Za-z0-9_.:]{1,500}")
_NUMBER = (int, float)
_EXCEPTION = {"id": str, "message": str, "type": str, "remote": bool, "cause": str, "stack": list}
_SHAPE = {
    "type": str,
    "namespace": str,
    "user": str,
    "origin": str,
    "resource_arn": str,
    "in_progress": bool,
    "error": bool,
    "throttle": bool,
    "fault": bool,
    "traced": bool,
    "http": {
        "request": {
            "method": str,
            "url": str,
            "user_agent": str,
            "client_ip": str,
            "x_forwarded_for": bool,
            "traced": bool,
        },
        "response": {"status": _NUMBER, "content_length": _NUMBER},
    },
    "aws": {"resource_names": [str], "ec2": dict, "api_gateway": dict},
    "sql": dict,
    "service": dict,
    "metadata": dict,
    "annotations": dict,
    "precursor_ids": [str],
    "links": [{"trace_id": str, "id": str}],
}
_UNFIT = object()


def conforming(document: Mapping[str, Any]) -> dict[str, Any]:
    """Copy a segment or subsegment without the fields whose type is wrong."""
    fields: dict[str, Any] = _fit(document, _SHAPE)
    if "annotations" in fields:
        fields["annotations"] = _annotations(fields["annotations"])
    if "cause" in fields:
        cause = fields["cause"]
        shape: Any = str if isinstance(cause, str) else {"exceptions": [_EXCEPTION], "paths": list}
        _replace(fields, "cause", _fit(cause, shape))
    return {key: value for key, value in fields.items() if value is not None and value != {}}


def _fit(value: Any, shape: Any) -> Any:
    if isinstance(shape, dict):
        if not isinstance(value, Mapping):
            return _UNFIT
        result = dict(value)
        for key in shape.keys() & result.keys():
            _replace(result, key, _fit(result[key], shape[key]))
        return result
    if isinstance(shape, list):
        fitted = [_fit(item, shape[0]) for item in value] if isinstance(value, list) else []
        return [item for item in fitted if item is not _UNFIT] or _UNFIT
    if shape is _NUMBER and isinstance(value, bool):
        return _UNFIT
    return value if isinstance(value, shape) else _UNFIT


def _replace(fields: dict[str, Any], key: str, value: Any) -> None:
    if value is _UNFIT:
        del fields[key]
    else:
        fields[key] = value


def _annotations(annotations: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: value
        for key, value in annotations.items()
        if _ANNOTATION_KEY.fullmatch(key) and _is_annotation(value)
    }


def _is_annotation(value: Any) -> bool:
    if isinstance(value, str):
        return len(value) <= MAX_ANNOTATION_CHARACTERS
    return isinstance(value, bool | int | float)
