"""The default provider's settings in a stack's configuration: region and default tags."""

from __future__ import annotations

import difflib
import json
from typing import TYPE_CHECKING, Any

import boto3

from local.engine.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Mapping

_DEFAULT = "us-east-1"
_PARTITIONS = ("aws", "aws-cn", "aws-us-gov")


def choose_region(config: Mapping[str, Any], environment: Mapping[str, str]) -> str:
    """Return `aws:region`, else the environment's region as AWS SDKs find it, else us-east-1.

    Raises EngineError for a region that does not exist.
    """
    named = (config.get("aws:region"), environment.get("AWS_REGION"), environment.get("AWS_DEFAULT_REGION"))
    region = str(next((name for name in named if name), _DEFAULT))
    session = boto3.Session()
    known = [
        name for part in _PARTITIONS for name in session.get_available_regions("lambda", partition_name=part)
    ]
    if region not in known:
        close = difflib.get_close_matches(region, known, n=3)
        hint = f"did you mean {' or '.join(close)}?" if close else "set aws:region to one such as us-east-1"
        raise EngineError(f"there is no AWS region '{region}'; {hint}")
    return region


def default_tags(config: Mapping[str, Any]) -> dict[str, str]:
    """Return the tags of `aws:defaultTags: {tags: {...}}`."""
    value = config.get("aws:defaultTags") or {}
    content = json.loads(value) if isinstance(value, str) else value
    return {str(key): str(text) for key, text in (content.get("tags") or {}).items()}
