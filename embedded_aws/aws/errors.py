"""The endpoint's own errors, in the form that the caller's protocol has for errors."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from starlette.responses import Response

if TYPE_CHECKING:
    from embedded_aws.aws.call import Call

_XML_SERVICES = {"s3", "s3control", "route53", "cloudfront"}


def error(call: Call, status: int, code: str, message: str) -> Response:
    """Build the answer: XML for the query and REST-XML protocols, JSON for all others.

    JSON clients read the code from `x-amzn-ErrorType` (REST) or from `__type`.
    """
    headers = {"x-amzn-ErrorType": code}
    is_query = call.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
    if not is_query and call.service not in _XML_SERVICES:
        body = json.dumps({"__type": code, "message": message})
        return Response(body, status, headers, media_type="application/json")
    inner = f"<Error><Code>{escape(code)}</Code><Message>{escape(message)}</Message></Error>"
    # S3's errors have no envelope.
    text = inner if not is_query else f"<ErrorResponse>{inner}</ErrorResponse>"
    return Response(f'<?xml version="1.0" encoding="UTF-8"?>{text}', status, headers, media_type="text/xml")
