"""What is checked of a request before its integration is called.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-method-request-validation.html
"""

from __future__ import annotations

import json
import logging
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from embedded_aws.aws.parsing import ParseError, read_json
from embedded_aws.gateway import response as answers
from embedded_aws.gateway.templates import request_value

if TYPE_CHECKING:
    from collections.abc import Mapping

    from embedded_aws.gateway.response import Response
    from embedded_aws.gateway.routing import Routed

_LOG = logging.getLogger(__name__)
_ADDRESS = "https://apigateway.amazonaws.com/restapis/{api}/models/{name}"


def refusal(routed: Routed) -> Response | None:
    """Return the error of a request that lacks a parameter, or whose body does not fit its model."""
    method = routed.route.method
    if method.validator.parameters:
        required = [name for name, needed in method.parameters.items() if needed]
        missing = [name.rpartition(".")[2] for name in required if not request_value(name, routed, {})]
        if missing:
            message = f"Missing required request parameters: [{', '.join(missing)}]"
            return answers.error(400, "BadRequestException", message, kind="BAD_REQUEST_PARAMETERS")
    if method.validator.body and not _fits(routed):
        return answers.error(400, "BadRequestException", "Invalid request body", kind="BAD_REQUEST_BODY")
    return None


def _fits(routed: Routed) -> bool:
    """Tell whether the body fits the model of its media type; without one there is nothing to fit."""
    media_type = (routed.request.header("Content-Type") or "application/json").split(";")[0].strip()
    name = routed.route.method.models.get(media_type)
    models = routed.stage.deployment.models
    if name is None or name not in models:
        return True
    try:
        body = read_json(routed.request.body)
    except ParseError:
        return False
    stage = routed.stage
    schemas = tuple(sorted(models.items()))
    return bool(_validator(stage.api_id, name, schemas).is_valid(body))


@lru_cache(maxsize=64)
def _validator(api_id: str, name: str, models: tuple[tuple[str, str], ...]) -> Any:
    """Make the validator of a model, which may refer to others by their addresses; draft 4, as on AWS."""
    import jsonschema  # noqa: PLC0415 - 0.1 s that APIs without models need not wait for
    from referencing import Registry, Resource  # noqa: PLC0415
    from referencing.jsonschema import DRAFT4  # noqa: PLC0415

    schemas: Mapping[str, Any] = {each: _schema(each, text) for each, text in models}
    registry: Any = Registry().with_resources(
        (_ADDRESS.format(api=api_id, name=each), Resource.from_contents(schema, default_specification=DRAFT4))
        for each, schema in schemas.items()
    )
    return jsonschema.Draft4Validator(schemas[name], registry=registry)


def _schema(name: str, text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        _LOG.warning("the model %s is no JSON schema: it lets every body through", name)
        return {}
