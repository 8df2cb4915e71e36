"""OpenAPI documents with API Gateway's extensions, Swagger 2.0 and OpenAPI 3, as plain values.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from embedded_aws.aws.http import run_in_thread
from embedded_aws.aws.interfaces import ACCOUNT_ID
from embedded_aws.aws.parsing import ParseError, read_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_VARIABLE = re.compile(r"\$\{AWS::(AccountId|Partition|Region)\}")
_EXTENSION = "x-amazon-apigateway-"
_ANY = f"{_EXTENSION}any-method"
_METHODS = {"get", "put", "post", "delete", "options", "head", "patch", "trace"}
_LOCATIONS = {"query": "querystring", "header": "header", "path": "path"}
_AUTHORIZATIONS = {"awsSigv4": "AWS_IAM"}


@dataclass(frozen=True)
class Operation:
    """A method of a path.

    `method` may be `ANY`, and is `$default` for the path of that name. `authorizer` is the name of a security
    scheme that has one; `authorization` is `AWS_IAM` where a scheme or the operation says so. `parameters`
    are named as in `method.request.querystring.page`, with whether they are required; `schemas` are those of
    the body by media type.
    """

    path: str
    method: str
    integration: Mapping[str, Any] | None
    name: str | None = None
    authorization: str | None = None
    authorizer: str | None = None
    scopes: tuple[str, ...] = ()
    needs_key: bool = False
    validator: str | None = None
    parameters: Mapping[str, bool] = field(default_factory=dict)
    schemas: Mapping[str, Any] = field(default_factory=dict)
    responses: Mapping[str, Any] = field(default_factory=dict)


class Document:
    """An OpenAPI document that is imported into a region; raises `ParseError` for one that is none."""

    def __init__(self, body: bytes | str, region: str) -> None:
        self.content = _with_variables(_read(body), region)

    @property
    def title(self) -> str | None:
        """The name that the document gives its API."""
        return self._mapping("info").get("title")

    @property
    def authorizers(self) -> dict[str, dict[str, Any]]:
        """The schemes that name an authorizer: its definition, with the scheme under `scheme`."""
        return {
            name: {**scheme[f"{_EXTENSION}authorizer"], "scheme": scheme}
            for name, scheme in self._schemes.items()
            if f"{_EXTENSION}authorizer" in scheme
        }

    @property
    def schemas(self) -> Mapping[str, Any]:
        """The schemas by name."""
        found: Mapping[str, Any] = self.content.get("definitions") or self._components("schemas")
        return found

    def extension(self, name: str) -> Any:
        """Return an extension of the whole document; `cors` is `x-amazon-apigateway-cors`."""
        return self.content.get(_EXTENSION + name)

    def operations(self) -> Iterator[Operation]:
        """Yield all operations, path by path; raises `ParseError`."""
        for path, item in sorted(self._mapping("paths").items()):
            shared = item.get("parameters", [])
            for key, operation in item.items():
                method = "ANY" if key == _ANY else key.upper()
                if key == _ANY or key in _METHODS:
                    yield self._operation(path, method, operation or {}, shared)

    def _operation(self, path: str, method: str, given: Mapping[str, Any], shared: list[Any]) -> Operation:
        parameters = [self._resolved(each) for each in (*shared, *given.get("parameters", []))]
        authorization, authorizer, scopes, needs_key = self._security(given)
        return Operation(
            path=path,
            method=method,
            integration=self._resolved(given.get(f"{_EXTENSION}integration")),
            name=given.get("operationId"),
            authorization=authorization,
            authorizer=authorizer,
            scopes=tuple(scopes),
            needs_key=needs_key,
            validator=given.get(f"{_EXTENSION}request-validator") or self.extension("request-validator"),
            parameters={
                f"method.request.{_LOCATIONS[each['in']]}.{each['name']}": bool(each.get("required"))
                for each in parameters
                if each.get("in") in _LOCATIONS
            },
            schemas=self._schemas_of(given, parameters),
            responses={str(status): self._resolved(each) for status, each in _items(given, "responses")},
        )

    def _security(self, given: Mapping[str, Any]) -> tuple[str | None, str | None, list[str], bool]:
        """Return authorization, authorizer, its scopes, and whether an API key is needed."""
        authorization = (given.get(f"{_EXTENSION}auth") or {}).get("type")
        authorizer, scopes, needs_key = None, list[str](), False
        for requirement in given.get("security", self.content.get("security")) or []:
            for name, wanted in requirement.items():
                scheme = self._schemes.get(name) or {}
                kind = scheme.get(f"{_EXTENSION}authtype")
                if f"{_EXTENSION}authorizer" in scheme:
                    authorizer, scopes = name, wanted or []
                elif kind:
                    authorization = _AUTHORIZATIONS.get(kind, kind)
                elif scheme.get("type") == "apiKey":
                    needs_key = True
        return authorization, authorizer, scopes, needs_key

    def _schemas_of(self, given: Mapping[str, Any], parameters: list[Any]) -> dict[str, Any]:
        types = given.get("consumes") or self.content.get("consumes") or ["application/json"]
        old = {
            media: each["schema"]
            for each in parameters
            for media in types
            if each.get("in") == "body" and "schema" in each
        }
        content = (self._resolved(given.get("requestBody")) or {}).get("content") or {}
        return old or {media: each["schema"] for media, each in content.items() if "schema" in (each or {})}

    @property
    def _schemes(self) -> Mapping[str, Any]:
        found: Mapping[str, Any]
        found = self.content.get("securityDefinitions") or self._components("securitySchemes")
        return found

    def _components(self, kind: str) -> Mapping[str, Any]:
        return self._mapping("components").get(kind) or {}

    def _mapping(self, key: str) -> Mapping[str, Any]:
        found = self.content.get(key) or {}
        if not isinstance(found, dict):
            raise ParseError(f"{key} must be an object")
        return found

    def _resolved(self, value: Any) -> Any:
        """Follow a reference into the document, `#/components/parameters/page`."""
        if not isinstance(value, dict) or "$ref" not in value:
            return value
        reference, found = str(value["$ref"]), self.content
        for part in reference.removeprefix("#/").split("/"):
            found = found.get(part, {}) if isinstance(found, dict) else {}
        if not found or not reference.startswith("#/"):
            raise ParseError(f"the reference {reference} leads to nothing in the document")
        return found


async def read_document(body: bytes | str, region: str) -> Document:
    """Read a document in a thread, since a large one in YAML takes long; raises `ParseError`."""
    return await run_in_thread(lambda: Document(body, region))


def _read(body: bytes | str) -> dict[str, Any]:
    try:
        content = read_json(body)
    except ParseError:
        from embedded_aws.gateway.yaml_document import read_yaml  # noqa: PLC0415 - a slow import

        content = read_yaml(body)
    marks = content if isinstance(content, dict) else {}
    version = str(marks.get("swagger") or marks.get("openapi") or "")
    if not version.startswith(("2.", "3.")):
        raise ParseError('the body is no OpenAPI document: it needs "swagger": "2.0" or "openapi": "3.…"')
    if not isinstance(content.get("paths"), dict):
        raise ParseError("the document has no paths")
    return dict(content)


def _with_variables(content: dict[str, Any], region: str) -> dict[str, Any]:
    """Return a document with what AWS's variables stand for.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/import-api-aws-variables.html
    """
    values = {"AccountId": ACCOUNT_ID, "Partition": "aws", "Region": region}

    def filled(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: filled(each) for key, each in value.items()}
        if isinstance(value, list):
            return [filled(each) for each in value]
        return _VARIABLE.sub(lambda found: values[found[1]], value) if isinstance(value, str) else value

    return {key: filled(value) for key, value in content.items()}


def _items(given: Mapping[str, Any], key: str) -> Iterator[tuple[str, Any]]:
    found = given.get(key)
    yield from found.items() if isinstance(found, dict) else ()
