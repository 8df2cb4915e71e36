"""What recordings must not hold: `traces/redact.yaml` names the keys of headers, queries and bodies."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

REDACTED = "<redacted>"
SECTIONS = ("headers", "query", "body")
DEFAULTS: Mapping[str, tuple[str, ...]] = {
    "headers": (
        "Authorization", "Cookie", "Proxy-Authorization", "Set-Cookie", "X-Amz-Security-Token", "X-Api-Key",
        "X-Auth-Token", "X-CSRF-Token",
    ),
    "query": (
        "access_token", "api_key", "apikey", "auth", "code", "id_token", "key", "refresh_token", "sig",
        "signature", "token", "X-Amz-Credential", "X-Amz-Security-Token", "X-Amz-Signature",
    ),
    "body": (
        "access_token", "api_key", "apikey", "card_number", "client_secret", "credentials", "cvv", "email",
        "iban", "id_token", "pass", "passwd", "password", "phone", "pin", "private_key", "refresh_token",
        "secret", "secret_key", "session_token", "ssn", "token",
    ),
}  # fmt: skip
"""Redacted always; what the file names is added."""

_SECRETS = (
    re.compile(r"\b(Bearer|Basic)\s+[A-Za-z0-9._~+/-]{8,}=*"),
    re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*"),
    re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"),
)
"""An Authorization header's value, a JSON web token, an access key."""
_QUERY = re.compile(r"([?&])([^=&#\s]+)=([^&#\s]*)")
_LONGEST_JSON = 100_000


def _plain(key: str) -> str:
    return re.sub(r"[-_ ]", "", key).casefold()


@dataclass(frozen=True, slots=True)
class Redaction:
    """Redacts the values of `keys` in objects and in texts with JSON, those of `query` in URLs."""

    keys: frozenset[str]
    query: frozenset[str]

    def __call__(self, value: Any) -> Any:
        """Return a JSON value without its secrets; `value` must not nest deeper than can be written."""
        if isinstance(value, Mapping):
            return {key: REDACTED if _plain(key) in self.keys else self(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self(item) for item in value]
        return self._text(value) if isinstance(value, str) else value

    def _text(self, text: str) -> str:
        if text[:1] in {"{", "["} and len(text) < _LONGEST_JSON:
            try:
                content = json.loads(text)
            except (ValueError, RecursionError):
                content = None
            if isinstance(content, dict | list) and (cleaned := self(content)) != content:
                return json.dumps(cleaned, ensure_ascii=False)
        for secret in _SECRETS:
            text = secret.sub(REDACTED, text)
        return _QUERY.sub(self._parameter, text)

    def _parameter(self, found: re.Match[str]) -> str:
        mark, key, value = found.groups()
        return f"{mark}{key}={REDACTED if _plain(key) in self.query else value}"


def redaction(named: Mapping[str, Iterable[str]] | None = None) -> Redaction:
    """Return what redacts the defaults and the keys named under `headers`, `query` and `body`."""
    given = named or {}
    keys = {
        section: frozenset(_plain(key) for key in (*DEFAULTS[section], *given.get(section, ())))
        for section in SECTIONS
    }
    queries = frozenset(_plain(key) for key in given.get("query", ()))
    return Redaction(keys["headers"] | keys["body"] | queries, keys["query"] | keys["body"])
