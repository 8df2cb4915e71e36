"""Property values as Pulumi's wire carries them, to plain Python and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

SECRET = "[secret]"  # noqa: S105 - what is shown in a secret's place

# https://www.pulumi.com/docs/iac/concepts/secrets/: the wire marks special values with these keys.
_SIGNATURE = "4dabf18193072939515e22adb298388d"
_SECRET_SIGNATURE = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - a marker of the protocol


def is_secret(value: Any) -> bool:
    """Tell whether a value is a secret's envelope."""
    return isinstance(value, Mapping) and value.get(_SIGNATURE) == _SECRET_SIGNATURE


def secret(value: Any) -> dict[str, Any]:
    """Return the envelope that makes a value a secret on the wire."""
    return {_SIGNATURE: _SECRET_SIGNATURE, "value": value}


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
