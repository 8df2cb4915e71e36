"""Which function creates which type of resource: one small function per type, grouped by service."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from embedded_aws.engine.registration import Client, Created, Registration, State, Update
from embedded_aws.engine.resources import (
    apigateway,
    apigatewayv2,
    archive,
    builtin,
    cloudwatch,
    cognito,
    command_,
    dynamodb,
    events,
    fis,
    iam,
    kinesis,
    kms,
    lambda_,
    random_,
    s3,
    scheduler,
    sfn,
    sns,
    sqs,
    storage,
    xray,
)

Create = Callable[[Registration], Created]

_MODULES = (
    apigateway, apigatewayv2, archive, builtin, cloudwatch, cognito, command_, dynamodb, events, fis,
    iam, kinesis, kms, lambda_, random_, s3, scheduler, sfn, sns, sqs, storage, xray,
)  # fmt: skip

RESOURCES: Mapping[str, Create] = {
    token: create for module in _MODULES for token, create in module.RESOURCES.items()
}

UPDATES: Mapping[str, Update] = {
    token: update for module in _MODULES for token, update in getattr(module, "UPDATES", {}).items()
}
"""How a type of resource is changed in place; others are taken away and made anew."""

READS: Mapping[str, Callable[[Client], State]] = apigateway.READS
"""Which function reads a type of resource that is there without being created."""
