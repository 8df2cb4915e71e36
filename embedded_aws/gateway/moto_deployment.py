"""The snapshot of a REST API, read from moto's objects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from embedded_aws.gateway.model import (
    Authorizer,
    Deployment,
    GatewayResponse,
    Integration,
    IntegrationResponse,
    Method,
    Resource,
    Validator,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

_DEFAULT_TIMEOUT_MS = 29_000
_DEFAULT_TTL = 300


def read_deployment(deployment_id: str, api: Any) -> Deployment:
    """Read everything that a stage of the API serves as it is now."""
    resources = tuple(
        Resource(
            id=resource.id,
            path=resource.get_path(),
            methods={name: _method(method, api) for name, method in resource.resource_methods.items()},
        )
        for resource in list(api.resources.values())
    )
    return Deployment(
        deployment_id,
        resources,
        tuple(api.binaryMediaTypes or ()),
        models={model.name: model.schema for model in list(api.models.values()) if model.schema},
        responses={
            kind: GatewayResponse(
                status=None if made.status_code is None else int(made.status_code),
                parameters=dict(made.response_parameters or {}),
                templates=_templates(made.response_templates),
            )
            for kind, made in list(api.gateway_responses.items())
        },
        key_from_authorizer=api.api_key_source == "AUTHORIZER",
    )


def _method(method: Any, api: Any) -> Method:
    validator = api.request_validators.get(method.request_validator_id or "")
    return Method(
        http_method=method.http_method,
        integration=method.method_integration and _integration(method.method_integration),
        authorization=method.authorization_type or "NONE",
        api_key_required=bool(method.api_key_required),
        operation_name=method.operation_name,
        authorizer=_authorizer(api.authorizers.get(method.authorizer_id or "")),
        scopes=tuple(method.authorization_scopes or ()),
        validator=Validator(
            bool(validator and validator.validate_request_body),
            bool(validator and validator.validate_request_parameters),
        ),
        parameters=dict(method.request_parameters or {}),
        models=dict(method.request_models or {}),
    )


def _integration(made: Any) -> Integration:
    answers = (made.integration_responses or {}).values()
    return Integration(
        type=made.integration_type,
        uri=made.uri or "",
        timeout=int(made.timeout_in_millis or _DEFAULT_TIMEOUT_MS) / 1000,
        http_method=made.http_method,
        parameters=dict(made.request_parameters or {}),
        templates=_templates(made.request_templates),
        responses=tuple(
            IntegrationResponse(
                status=int(answer.status_code),
                pattern=answer.selection_pattern or None,
                parameters=dict(answer.response_parameters or {}),
                templates=_templates(answer.response_templates),
            )
            for answer in answers
        ),
    )


def _authorizer(made: Any) -> Authorizer | None:
    if made is None:
        return None
    sources = (made.identity_source or "").split(",")
    ttl = made.authorizer_result_ttl
    return Authorizer(
        id=made.id,
        name=made.name or "",
        type=made.type or "",
        uri=made.authorizer_uri or "",
        sources=tuple(filter(None, map(str.strip, sources))),
        expression=made.identity_validation_expression or None,
        ttl=float(_DEFAULT_TTL if ttl is None else ttl),
        pools=tuple(made.provider_arns or ()),
    )


def _templates(given: Mapping[str, str | None] | None) -> dict[str, str]:
    """Read templates, which moto has `None` for when they are empty."""
    return {media_type: text or "" for media_type, text in (given or {}).items()}
