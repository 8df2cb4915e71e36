"""An OpenAPI document becomes a REST API: what PutRestApi and ImportRestApi do.

https://docs.aws.amazon.com/apigateway/latest/api/API_PutRestApi.html
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from embedded_aws.aws.parsing import ParseError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from embedded_aws.gateway.openapi import Document, Operation

_KINDS = {"TOKEN": "CUSTOM", "REQUEST": "CUSTOM", "COGNITO_USER_POOLS": "COGNITO_USER_POOLS"}


@dataclass(frozen=True)
class RestImport:
    """Writes a document into an API of moto's backend; `overwrite` removes first what the API has.

    Raises `ParseError` for a document that describes no API, and moto's errors for what it does not take.
    """

    backend: Any
    api: Any
    document: Document
    overwrite: bool

    def run(self) -> None:
        """Write everything."""
        if self.overwrite:
            self._clear()
        if media_types := self.document.extension("binary-media-types"):
            self.api.binaryMediaTypes = list(media_types)
        if source := self.document.extension("api-key-source"):
            self.api.api_key_source = source
        for name, schema in self.document.schemas.items():
            self._model(name, schema)
        authorizers = {name: self._authorizer(name, it) for name, it in self.document.authorizers.items()}
        validators = self._validators()
        for operation in self.document.operations():
            self._method(operation, authorizers, validators)
        for kind, answer in (self.document.extension("gateway-responses") or {}).items():
            self._gateway_response(kind, answer)

    def _clear(self) -> None:
        """Remove all but the root, whose id others may know already."""
        root = self.api.resources[self.api.root_resource_id]
        root.resource_methods.clear()
        self.api.resources = {root.id: root}
        for kept in (self.api.authorizers, self.api.models, self.api.request_validators):
            kept.clear()
        self.api.gateway_responses.clear()

    def _model(self, name: str, schema: Any) -> None:
        text = json.dumps(self._with_model_addresses(schema))
        self.backend.create_model(
            rest_api_id=self.api.id, name=name, content_type="application/json", description="", schema=text
        )

    def _with_model_addresses(self, schema: Any) -> Any:
        """Return a schema whose references are the addresses of models, as API Gateway writes them.

        https://docs.aws.amazon.com/apigateway/latest/developerguide/models-mappings-models.html
        """
        if isinstance(schema, list):
            return [self._with_model_addresses(each) for each in schema]
        if not isinstance(schema, dict):
            return schema
        written = {key: self._with_model_addresses(each) for key, each in schema.items()}
        if isinstance(reference := schema.get("$ref"), str) and reference.startswith("#/"):
            name = reference.rpartition("/")[2]
            written["$ref"] = f"https://apigateway.amazonaws.com/restapis/{self.api.id}/models/{name}"
        return written

    def _authorizer(self, name: str, given: Mapping[str, Any]) -> Any:
        kind = str(given.get("type", "")).upper()
        if kind not in _KINDS:
            raise ParseError(
                f"authorizer {name} has type {given.get('type')!r}; allowed: {', '.join(_KINDS)}"
            )
        header = given["scheme"].get("name", "Authorization")
        made = self.backend.create_authorizer(
            self.api.id,
            name,
            kind,
            provider_arns=given.get("providerARNs"),
            auth_type=given["scheme"].get("x-amazon-apigateway-authtype"),
            authorizer_uri=given.get("authorizerUri"),
            authorizer_credentials=given.get("authorizerCredentials"),
            identity_source=given.get("identitySource") or f"method.request.header.{header}",
            authorizer_result_ttl=given.get("authorizerResultTtlInSeconds", 300),
        )
        made.identity_validation_expression = given.get("identityValidationExpression")
        return made

    def _validators(self) -> dict[str, str]:
        """Make the validators; return their ids by name."""
        return {
            name: self.api.create_request_validator(
                name, bool(it.get("validateRequestBody")), bool(it.get("validateRequestParameters"))
            ).id
            for name, it in (self.document.extension("request-validators") or {}).items()
        }

    def _method(
        self, operation: Operation, authorizers: Mapping[str, Any], validators: Mapping[str, str]
    ) -> None:
        resource = self._resource(operation.path)
        authorizer = authorizers.get(operation.authorizer or "")
        kind = _KINDS[authorizer.type] if authorizer else operation.authorization or "NONE"
        place = (self.api.id, resource.id, operation.method)
        self.backend.put_method(
            *place,
            kind,
            api_key_required=operation.needs_key,
            request_parameters=dict(operation.parameters),
            request_models=dict(self._models_of(operation)),
            operation_name=operation.name,
            authorizer_id=authorizer.id if authorizer else None,
            authorization_scopes=list(operation.scopes) or None,
            request_validator_id=validators.get(operation.validator or ""),
        )
        for status, response in operation.responses.items():
            headers = {f"method.response.header.{name}": False for name in response.get("headers") or {}}
            self.backend.put_method_response(
                *place, status, response_models=None, response_parameters=headers
            )
        if operation.integration:
            self._integration(place, operation.integration)

    def _models_of(self, operation: Operation) -> Iterator[tuple[str, str]]:
        """Yield the models of the body by media type; a schema without a name gets one."""
        for media_type, schema in operation.schemas.items():
            if "$ref" in schema:
                yield media_type, schema["$ref"].rpartition("/")[2]
            else:
                path = "".join(part for part in operation.path if part.isalnum())
                name = f"{operation.method}{path}{len(self.api.models)}"
                self._model(name, schema)
                yield media_type, name

    def _resource(self, path: str) -> Any:
        found = self.api.resources[self.api.root_resource_id]
        at = ""
        for part in filter(None, path.split("/")):
            at = f"{at}/{part}"
            known = next((each for each in self.api.resources.values() if each.get_path() == at), None)
            found = known or self.backend.create_resource(self.api.id, found.id, part)
        return found

    def _integration(self, place: tuple[str, str, str], given: Mapping[str, Any]) -> None:
        self.backend.put_integration(
            *place,
            str(given.get("type", "")).upper(),
            given.get("uri", ""),
            given.get("httpMethod"),
            credentials=given.get("credentials"),
            request_templates=given.get("requestTemplates"),
            passthrough_behavior=str(given.get("passthroughBehavior", "WHEN_NO_MATCH")).upper(),
            timeout_in_millis=given.get("timeoutInMillis"),
            request_parameters=given.get("requestParameters"),
            content_handling=given.get("contentHandling"),
            connection_type=given.get("connectionType"),
        )
        for pattern, answer in (given.get("responses") or {}).items():
            self.backend.put_integration_response(
                *place,
                str(answer.get("statusCode", "200")),
                None if pattern == "default" else pattern,
                answer.get("responseTemplates"),
                answer.get("responseParameters"),
                answer.get("contentHandling"),
            )

    def _gateway_response(self, kind: str, answer: Mapping[str, Any]) -> None:
        status = answer.get("statusCode")
        self.api.put_gateway_response(
            kind,
            None if status is None else int(status),
            answer.get("responseParameters"),
            answer.get("responseTemplates"),
        )
