"""The default provider's settings in a stack's configuration: region and default tags."""

from __future__ import annotations

import difflib
import json
from typing import TYPE_CHECKING, Any

from botocore.loaders import create_loader

from embedded_aws.engine.errors import EngineError

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
    known = _known_regions()
    if region not in known:
        close = difflib.get_close_matches(region, known, n=3)
        hint = f"did you mean {' or '.join(close)}?" if close else "set aws:region to one such as us-east-1"
        raise EngineError(f"there is no AWS region '{region}'; {hint}")
    return region


def _known_regions() -> list[str]:
    # Straight from botocore's data: a session would first look for the caller's profile.
    partitions = create_loader().load_data("endpoints")["partitions"]
    return [region for part in partitions if part["partition"] in _PARTITIONS for region in part["regions"]]


def default_tags(config: Mapping[str, Any]) -> dict[str, str]:
    """Return the tags of `aws:defaultTags: {tags: {...}}`."""
    value = config.get("aws:defaultTags") or {}
    content = json.loads(value) if isinstance(value, str) else value
    return {str(key): str(text) for key, text in (content.get("tags") or {}).items()}
