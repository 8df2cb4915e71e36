"""Texts that API Gateway fills in: static ones with `$context` and `$stageVariables`, and mapped parameters.

Templates that compute something, in the Velocity language, are not emulated.
https://docs.aws.amazon.com/apigateway/latest/developerguide/request-response-data-mappings.html
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

if TYPE_CHECKING:
    from collections.abc import Mapping

    from embedded_aws.gateway.routing import Routed

_NAME = r"(context|stageVariables)((?:\.\w+)+)"
_VARIABLE = re.compile(rf"\$\{{{_NAME}\}}|\${_NAME}")
_COMPUTED = re.compile(r"\$\{?\w|\$!|#(?:set|if|foreach|else|end|macro|define|include)\b")
"""What is left of a template that computes something, once the variables are gone."""


class ComputedTemplateError(Exception):
    """The template is not static."""


def fill(template: str, context: Mapping[str, Any], variables: Mapping[str, str]) -> str:
    """Fill in a static template; raises `ComputedTemplateError` for another."""
    if _COMPUTED.search(_VARIABLE.sub("", template)):
        raise ComputedTemplateError

    def value(found: re.Match[str]) -> str:
        source, path = found[1] or found[3], (found[2] or found[4]).removeprefix(".")
        return variables.get(path, "") if source == "stageVariables" else text_at(context, path)

    return _VARIABLE.sub(value, template)


def request_value(expression: str, routed: Routed, context: Mapping[str, Any]) -> str:
    """Return what `method.request.header.X`, `context.x`, `stageVariables.x` or `'static'` stands for."""
    if len(expression) > 1 and expression[0] == expression[-1] == "'":
        return expression[1:-1]
    if expression.startswith("stageVariables."):
        return routed.stage.variables.get(expression.partition(".")[2], "")
    if expression.startswith("context."):
        return text_at(context, expression.partition(".")[2])
    return _of_request(*expression.removeprefix("method.request.").partition(".")[::2], routed)


def _of_request(place: str, name: str, routed: Routed) -> str:
    match place:
        case "header":
            return routed.request.header(name) or ""
        case "querystring":
            return dict(parse_qsl(routed.request.query, keep_blank_values=True)).get(name, "")
        case "path":
            return routed.route.path_parameters.get(name, "")
        case "body":
            return routed.request.body.decode("utf-8", "replace")
    return ""


def text_at(value: Any, path: str) -> str:
    """Follow `a.b`, as far as it goes."""
    for part in path.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value)
