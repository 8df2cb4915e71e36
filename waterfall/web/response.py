"""JSON answers of the console's API."""

from __future__ import annotations

import json
from typing import Any

from starlette.responses import Response


def json_response(shape: Any, status: int = 200) -> Response:
    # ASCII, because a lone surrogate in a name cannot be written as UTF-8
    body = json.dumps(shape, ensure_ascii=True, separators=(",", ":"))
    return Response(body, status, media_type="application/json")
