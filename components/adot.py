"""Where AWS publishes its managed OpenTelemetry (ADOT) layer for Python.

https://aws-otel.github.io/docs/getting-started/lambda/lambda-python
"""

from __future__ import annotations

import re
from types import MappingProxyType

from .kinds import SettingError
from .settings import LAYER_VERSION_ARN

_MAIN_ACCOUNT = "615299751070"

_RUNTIMES = ("python3.11", "python3.12", "python3.13", "python3.14")
_PUBLISHED = MappingProxyType(
    {
        "af-south-1": ("904233096616", 23),
        "ap-east-1": ("888577020596", 23),
        "ap-east-2": ("412664885777", 4),
        "ap-northeast-1": (_MAIN_ACCOUNT, 26),
        "ap-northeast-2": (_MAIN_ACCOUNT, 26),
        "ap-northeast-3": (_MAIN_ACCOUNT, 26),
        "ap-south-1": (_MAIN_ACCOUNT, 26),
        "ap-south-2": ("796973505492", 23),
        "ap-southeast-1": (_MAIN_ACCOUNT, 25),
        "ap-southeast-2": (_MAIN_ACCOUNT, 26),
        "ap-southeast-3": ("039612877180", 23),
        "ap-southeast-4": ("713881805771", 23),
        "ap-southeast-5": ("152034782359", 14),
        "ap-southeast-6": ("313828097273", 3),
        "ap-southeast-7": ("980416031188", 14),
        "ca-central-1": (_MAIN_ACCOUNT, 26),
        "ca-west-1": ("595944127152", 14),
        "cn-north-1": ("440179912924", 14),
        "cn-northwest-1": ("440180067931", 14),
        "eu-central-1": (_MAIN_ACCOUNT, 26),
        "eu-central-2": ("156041407956", 23),
        "eu-north-1": (_MAIN_ACCOUNT, 26),
        "eu-south-1": ("257394471194", 23),
        "eu-south-2": ("490004653786", 23),
        "eu-west-1": (_MAIN_ACCOUNT, 26),
        "eu-west-2": (_MAIN_ACCOUNT, 26),
        "eu-west-3": (_MAIN_ACCOUNT, 26),
        "il-central-1": ("746669239226", 23),
        "me-central-1": ("739275441131", 22),
        "mx-central-1": ("610118373846", 14),
        "sa-east-1": (_MAIN_ACCOUNT, 26),
        "us-east-1": (_MAIN_ACCOUNT, 29),
        "us-east-2": (_MAIN_ACCOUNT, 26),
        "us-west-1": (_MAIN_ACCOUNT, 33),
        "us-west-2": (_MAIN_ACCOUNT, 33),
    }
)


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
    if region not in _PUBLISHED:
        raise SettingError(
            f"AWS publishes no ADOT layer for Python in {region}, only in {', '.join(_PUBLISHED)}; "
            "set otelLayer to slim, or adotLayerArn to a layer version of your own"
        )
    account, version = _PUBLISHED[region]
    partition = "aws-cn" if region.startswith("cn-") else "aws"
    return f"arn:{partition}:lambda:{region}:{account}:layer:AWSOpenTelemetryDistroPython:{version}"


def _in_region(arn: str, region: str) -> str:
    match = re.fullmatch(LAYER_VERSION_ARN, arn)
    if match is None or match["region"] != region:
        raise SettingError(
            f"adotLayerArn is {arn!r}, but must be the ARN of a layer version in {region}, "
            "since Lambda loads layers from its own region only"
        )
    return arn
