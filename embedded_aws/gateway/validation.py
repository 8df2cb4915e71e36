"""What is checked of a request before its integration is called.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-method-request-validation.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from embedded_aws.aws.http import run_in_thread
from embedded_aws.aws.parsing import ParseError, read_json
from embedded_aws.gateway import response as answers
from embedded_aws.gateway import schemas
from embedded_aws.gateway.templates import request_value

if TYPE_CHECKING:
    from embedded_aws.gateway.response import Response
    from embedded_aws.gateway.routing import Routed


async def refusal(routed: Routed) -> Response | None:
    """Return the error of a request that lacks a parameter, or whose body does not fit its model."""
    method = routed.route.method
    if method.validator.parameters:
        required = [name for name, needed in method.parameters.items() if needed]
        missing = [name.rpartition(".")[2] for name in required if not request_value(name, routed, {})]
        if missing:
            message = f"Missing required request parameters: [{', '.join(missing)}]"
            return answers.error(400, "BadRequestException", message, kind="BAD_REQUEST_PARAMETERS")
    if method.validator.body and not await _fits(routed):
        return answers.error(400, "BadRequestException", "Invalid request body", kind="BAD_REQUEST_BODY")
    return None


async def _fits(routed: Routed) -> bool:
    """Tell whether the body fits the model of its media type; without one there is nothing to fit."""
    media_type = (routed.request.header("Content-Type") or "application/json").split(";")[0].strip()
    name = routed.route.method.models.get(media_type)
    models = routed.stage.deployment.models
    if name is None or name not in models:
        return True

    def checked() -> bool:
        try:
            body = read_json(routed.request.body)
        except ParseError:
            return False
        return schemas.fits(routed.stage.api_id, name, models, body)

    # A body of 10 MB takes many seconds, in which others want to be served.
    return await run_in_thread(checked)
