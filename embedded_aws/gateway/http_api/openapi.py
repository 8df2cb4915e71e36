"""An OpenAPI document becomes the routes of an HTTP API: what ImportApi and ReimportApi do.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-open-api.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from embedded_aws.aws.parsing import ParseError
from embedded_aws.gateway.http_api.model import DEFAULT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from embedded_aws.gateway.openapi import Document, Operation


@dataclass(frozen=True)
class HttpImport:
    """Writes a document into one of moto's APIs, in place of what it has; raises `ParseError`."""

    api: Any
    document: Document

    def run(self) -> None:
        """Write everything; stages stay."""
        if "openapi" not in self.document.content:
            raise ParseError("HTTP APIs take OpenAPI 3 alone, not Swagger 2.0")
        for kept in (self.api.routes, self.api.integrations, self.api.authorizers):
            kept.clear()
        if cors := self.document.extension("cors"):
            self.api.cors_configuration = cors
        authorizers = {name: self._authorizer(name, it) for name, it in self.document.authorizers.items()}
        for operation in self.document.operations():
            self._route(operation, authorizers)

    def _authorizer(self, name: str, given: Mapping[str, Any]) -> Any:
        kind = str(given.get("type", "")).upper()
        source = given.get("identitySource") or ()
        return self.api.create_authorizer(
            auth_creds_arn=given.get("authorizerCredentials"),
            auth_payload_format_version=given.get("authorizerPayloadFormatVersion", "2.0"),
            auth_result_ttl=given.get("authorizerResultTtlInSeconds", 0),
            authorizer_type=kind,
            authorizer_uri=given.get("authorizerUri"),
            enable_simple_response=given.get("enableSimpleResponses", False),
            identity_source=[source] if isinstance(source, str) else list(source),
            identity_validation_expr=given.get("identityValidationExpression"),
            jwt_config=given.get("jwtConfiguration"),
            name=name,
        )

    def _route(self, operation: Operation, authorizers: Mapping[str, Any]) -> None:
        integration = operation.integration and self._integration(operation.integration)
        authorizer = authorizers.get(operation.authorizer or "")
        kind = "NONE"
        if authorizer:
            kind = "JWT" if authorizer.authorizer_type == "JWT" else "CUSTOM"
        is_default = operation.path == f"/{DEFAULT}"
        self.api.create_route(
            api_key_required=False,
            authorization_scopes=list(operation.scopes),
            authorization_type=kind if authorizer else operation.authorization or "NONE",
            authorizer_id=authorizer.id if authorizer else None,
            operation_name=operation.name,
            route_key=DEFAULT if is_default else f"{operation.method} {operation.path}",
            target=f"integrations/{integration.id}" if integration else "",
        )

    def _integration(self, given: Mapping[str, Any]) -> Any:
        return self.api.create_integration(
            connection_type=given.get("connectionType", "INTERNET"),
            description="",
            integration_method=given.get("httpMethod"),
            integration_type=str(given.get("type", "")).upper(),
            integration_subtype=given.get("subtype"),
            integration_uri=given.get("uri"),
            credentials_arn=given.get("credentials"),
            payload_format_version=str(given.get("payloadFormatVersion", "1.0")),
            request_parameters=given.get("requestParameters"),
            response_parameters=given.get("responseParameters"),
            timeout_in_millis=given.get("timeoutInMillis"),
        )
