"""Property values as Pulumi's wire carries them, to plain Python and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pulumi import asset

from embedded_aws.engine.config import SECRET

# https://www.pulumi.com/docs/iac/concepts/secrets/: the wire marks special values with these keys.
_SIGNATURE = "4dabf18193072939515e22adb298388d"
_ASSET_SIGNATURE = "c44067f5952c0a294b673a41bacd8c17"
_ARCHIVE_SIGNATURE = "0def7320c3a5731c473e5ecbe6d01bc7"
_RESOURCE_SIGNATURE = "5cf8f73096256a8f31e491e813e4eb8e"
_SECRET_SIGNATURE = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - a marker of the protocol


def is_secret(value: Any) -> bool:
    """Tell whether a value is a secret's envelope."""
    return isinstance(value, Mapping) and value.get(_SIGNATURE) == _SECRET_SIGNATURE


def secret(value: Any) -> dict[str, Any]:
    """Return the envelope that makes a value a secret on the wire."""
    return {_SIGNATURE: _SECRET_SIGNATURE, "value": value}


def reference(urn: str, resource_id: str) -> dict[str, Any]:
    """Return the envelope that the program reads as a resource of its SDK."""
    return {_SIGNATURE: _RESOURCE_SIGNATURE, "urn": urn, "id": resource_id}


def wire(value: Any) -> Any:
    """Return a value as JSON has it, with assets and archives in their envelopes."""
    if isinstance(value, asset.Asset | asset.Archive):
        kind = _ASSET_SIGNATURE if isinstance(value, asset.Asset) else _ARCHIVE_SIGNATURE
        return {_SIGNATURE: kind, **{key: wire(part) for key, part in vars(value).items()}}
    if isinstance(value, Mapping):
        return {key: wire(item) for key, item in value.items()}
    return [wire(item) for item in value] if isinstance(value, list) else value


def plain(value: Any) -> Any:
    """Return a value without secret envelopes and with whole numbers as int: the wire knows floats only."""
    if is_secret(value):
        return plain(value["value"])
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def masked(value: Any) -> Any:
    """Return a value for display: as `plain`, with each secret replaced by `[secret]`."""
    if is_secret(value):
        return SECRET
    if isinstance(value, Mapping):
        return {key: masked(item) for key, item in value.items()}
    if isinstance(value, list):
        return [masked(item) for item in value]
    return plain(value)
