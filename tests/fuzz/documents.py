"""What a deployed API is made of and decides by: authorizers' answers, models, documents in YAML."""

from __future__ import annotations

import json
from typing import Any

from embedded_aws.aws.matching import PatternError
from embedded_aws.aws.parsing import ParseError
from embedded_aws.gateway import schemas
from embedded_aws.gateway.authorizers import MalformedVerdictError, read_verdict
from embedded_aws.gateway.openapi import Document
from tests.fuzz.mutation import Source, encoded
from tests.fuzz.target import Target, stateless

_STATEMENT = {"Effect": "Allow", "Action": ["execute-api:*"], "Resource": "arn:*:abc/*/GET/*"}
_VERDICT = {
    "principalId": "u",
    "policyDocument": {"Version": "2012-10-17", "Statement": [_STATEMENT]},
    "context": {"a": "b", "n": 1, "yes": True},
    "usageIdentifierKey": "k",
}
_SCHEMAS: tuple[Any, ...] = (
    {
        "type": "object",
        "properties": {"a": {"type": "integer", "minimum": 0, "multipleOf": 2}, "b": {"$ref": "#"}},
        "patternProperties": {"^(x+)+$": {"type": "string", "pattern": "^[a-z]*$"}},
        "additionalProperties": False,
        "required": ["a"],
    },
    {"type": "array", "items": [{"enum": [1, "a"]}], "uniqueItems": True, "maxItems": 3},
    {"anyOf": [{"$ref": "https://apigateway.amazonaws.com/restapis/abc/models/A"}, {"not": {}}]},
)
_BODIES: tuple[Any, ...] = ({"a": 2, "xx": "a"}, [1, 1.0, True, {"a": []}], "a", None, {"b": {"a": -1}})
_YAML = (
    'swagger: "2.0"\npaths:\n  /a: &a\n    get: {responses: {200: {}}}\n  /b: *a\n  /c:\n    <<: [*a, *a]\n'
)
_YAML_WORDS = (
    "&a ",
    "*a",
    "<<: ",
    "[",
    "{",
    "- ",
    ": ",
    "\n",
    "!!python/name:os.system",
    "!!binary ",
    "!!bool ",
    "!!float ",
    "!!int ",
    "!!timestamp ",
    "1:30",
    "1:30.5",
    "0x1f",
    "2026-01-01",
    ".nan",
    "? ",
    "|",
)


def _verdict(source: Source) -> str:
    return source.json(_VERDICT, 0.06)


def _take_verdict(text: str) -> None:
    try:
        verdict = read_verdict(encoded(text))
        verdict.allows("arn:aws:execute-api:us-east-1:1:abc/dev/GET/a")
        verdict.denies("arn:aws:execute-api:us-east-1:1:abc/dev/GET/a")
    except (MalformedVerdictError, PatternError):
        return


def _schema(source: Source) -> tuple[str, str]:
    return source.json(source.pick(_SCHEMAS), 0.06), source.json(source.pick(_BODIES), 0.02)


def _take_schema(case: tuple[str, str]) -> None:
    schema, body = case
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return
    schemas.fits("abc", "A", {"A": schema}, value)


def _yaml(source: Source) -> str:
    return source.text(_YAML, _YAML_WORDS)


def _take_yaml(text: str) -> None:
    try:
        Document(encoded(text), "us-east-1")
    except ParseError:
        return


TARGETS = (
    Target("verdicts", 30, _verdict, stateless(_take_verdict)),
    Target("schemas", 10, _schema, stateless(_take_schema)),
    Target("yaml", 10, _yaml, stateless(_take_yaml)),
)
