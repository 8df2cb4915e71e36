"""The accounts in which AWS publishes its OpenTelemetry (ADOT) layers, by region.

https://aws-otel.github.io/docs/getting-started/lambda/lambda-python
"""

from __future__ import annotations

from types import MappingProxyType

_MAIN = "615299751070"
_OF_MAIN = (
    *("ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-southeast-1", "ap-southeast-2"),
    *("ca-central-1", "eu-central-1", "eu-north-1", "eu-west-1", "eu-west-2", "eu-west-3", "sa-east-1"),
    *("us-east-1", "us-east-2", "us-west-1", "us-west-2"),
)
ACCOUNTS = MappingProxyType(
    {
        **dict.fromkeys(_OF_MAIN, _MAIN),
        "af-south-1": "904233096616",
        "ap-east-1": "888577020596",
        "ap-east-2": "412664885777",
        "ap-south-2": "796973505492",
        "ap-southeast-3": "039612877180",
        "ap-southeast-4": "713881805771",
        "ap-southeast-5": "152034782359",
        "ap-southeast-6": "313828097273",
        "ap-southeast-7": "980416031188",
        "ca-west-1": "595944127152",
        "cn-north-1": "440179912924",
        "cn-northwest-1": "440180067931",
        "eu-central-2": "156041407956",
        "eu-south-1": "257394471194",
        "eu-south-2": "490004653786",
        "il-central-1": "746669239226",
        "me-central-1": "739275441131",
        "mx-central-1": "610118373846",
    }
)
