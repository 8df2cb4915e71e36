"""Physical names, as Pulumi chooses them when a program gives none.

https://www.pulumi.com/docs/iac/concepts/resources/names/#autonaming
Pulumi's suffix is random; here it comes from the URN, so that names and URLs stay the same between runs.
"""

from __future__ import annotations

import hashlib

from embedded_aws.engine.errors import EngineError

_SUFFIX_DIGITS = 7
_ID_ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"


def auto_name(urn: str, logical_name: str, max_length: int, ending: str = "") -> str:
    """Return `<logical name>-<7 hex digits><ending>`; raises EngineError for a name too long for AWS."""
    name = f"{logical_name}-{name_suffix(urn)}{ending}"
    if len(name) > max_length:
        raise EngineError(
            f"its automatic name '{name}' has {len(name)} characters, but AWS allows {max_length}; "
            "use a shorter resource name or set the name yourself"
        )
    return name


def name_suffix(urn: str, digits: int = _SUFFIX_DIGITS) -> str:
    """Return hex digits that depend on the URN only."""
    return hashlib.sha256(urn.encode()).hexdigest()[:digits]


def api_id(urn: str) -> str:
    """Return a REST API id as AWS forms them: 10 lower-case letters and digits."""
    number = int.from_bytes(hashlib.sha256(urn.encode()).digest())
    digits = []
    for _ in range(10):
        number, digit = divmod(number, len(_ID_ALPHABET))
        digits.append(_ID_ALPHABET[digit])
    return "".join(digits)
