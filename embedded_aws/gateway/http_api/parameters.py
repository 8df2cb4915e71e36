"""Values that an integration takes from the request: `$request.body.id`, `${context.requestId}`.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-parameter-mapping.html
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from embedded_aws.aws.parsing import ParseError, read_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from embedded_aws.gateway.method_request import MethodRequest

_NAME = r"(?:request|context|stageVariables)(?:\.[\w\-\[\]]+)*"
_WHOLE = re.compile(rf"\$({_NAME})")
_INSIDE = re.compile(rf"\$\{{({_NAME})\}}")


class Parameters:
    """Fills in parameters from one request."""

    def __init__(
        self,
        request: MethodRequest,
        path_parameters: Mapping[str, str],
        context: Mapping[str, Any],
        variables: Mapping[str, str],
    ) -> None:
        self._request = request
        self._path_parameters = path_parameters
        self._context = context
        self._variables = variables

    def fill(self, text: str) -> str:
        """Return a parameter's value; what the request does not have is empty."""
        whole = _WHOLE.fullmatch(text.strip())
        if whole:
            return self._value(whole[1])
        return _INSIDE.sub(lambda found: self._value(found[1]), text)

    def _value(self, name: str) -> str:
        source, _, rest = name.partition(".")
        if source == "stageVariables":
            return self._variables.get(rest, "")
        if source == "context":
            return _written(_at(self._context, rest))
        return self._of_request(*rest.partition(".")[::2])

    def _of_request(self, place: str, key: str) -> str:
        match place:
            case "body":
                return self._body(key)
            case "header":
                return self._request.header(key) or ""
            case "querystring":
                return ",".join(parse_qs(self._request.query, keep_blank_values=True).get(key, []))
            case "path":
                return self._path_parameters.get(key, "") if key else self._request.path
        return ""

    def _body(self, key: str) -> str:
        text = self._request.body.decode("utf-8", "replace")
        if not key:
            return text
        try:
            return _written(_at(read_json(text or "null"), key))
        except ParseError:
            return ""


def _at(value: Any, path: str) -> Any:
    """Follow `a.b[0].c`, as far as it goes."""
    for part in filter(None, re.split(r"[.\[\]]", path)):
        if isinstance(value, dict):
            value = value.get(part)
        elif isinstance(value, list) and part.isdecimal() and int(part) < len(value):
            value = value[int(part)]
        else:
            return None
    return value


def _written(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value)
