"""Where AWS publishes its managed OpenTelemetry (ADOT) layer for Python.

`adot.json` has it, of one release; `make adot` writes it and the lock of what is in that layer.

https://aws-otel.github.io/docs/getting-started/lambda has the ARNs of the newest release that is announced.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from .kinds import SettingError
from .settings import LAYER_VERSION_ARN

_RUNTIMES = ("python3.11", "python3.12", "python3.13", "python3.14")
_RELEASE = json.loads(Path(__file__).with_name("adot.json").read_text(encoding="utf-8"))
RELEASE: str = _RELEASE["release"]
"""The release of ADOT for Python whose layers these are; the embedded AWS builds the same."""
PUBLISHED: Mapping[str, str] = MappingProxyType(_RELEASE["layers"])
"""The ARN of the layer version for each region."""


def adot_layer_arn(region: str, override: str = "", runtime: str = "python3.13") -> str:
    """Return the ARN of the ADOT layer version for a region; one ARN serves both architectures.

    Raises SettingError when AWS publishes none there or for the runtime, or when `override` is in another
    region, from which Lambda cannot load a layer.
    """
    if override:
        return _in_region(override, region)
    if runtime not in _RUNTIMES:
        raise SettingError(
            f"AWS publishes no ADOT layer for {runtime}, only for {', '.join(_RUNTIMES)}; "
            "set otelLayer to slim, or adotLayerArn to a layer version of your own"
        )
    if region not in PUBLISHED:
        raise SettingError(
            f"AWS publishes no ADOT layer for Python in {region}, only in {', '.join(PUBLISHED)}; "
            "set otelLayer to slim, or adotLayerArn to a layer version of your own"
        )
    return PUBLISHED[region]


def _in_region(arn: str, region: str) -> str:
    match = re.fullmatch(LAYER_VERSION_ARN, arn)
    if match is None or match["region"] != region:
        raise SettingError(
            f"adotLayerArn is {arn!r}, but must be the ARN of a layer version in {region}, "
            "since Lambda loads layers from its own region only"
        )
    return arn
