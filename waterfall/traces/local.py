"""What an embedded AWS tells beyond AWS's APIs: JSON over HTTP, below a path that no AWS service has."""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from waterfall.shell import typed
from waterfall.traces.client import ReadError, RefusedError
from waterfall.traces.documents import mapping_of

TIMEOUT = 30.0
_BAD_REQUEST = 400


def tell(endpoint: str, path: str, query: Mapping[str, Any] | None = None) -> dict[str, Any] | None:
    """Return what is told at a path below `/_local/`; `None` when something else answers there.

    Raises ReadError when nothing answers, and RefusedError for what was asked of X-Ray and is wrong.
    """
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    asked = f"?{urlencode(query)}" if query else ""
    try:
        with direct.open(f"{endpoint.rstrip('/')}/_local/{path}{asked}", timeout=TIMEOUT) as answer:
            told = json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            if error.code == _BAD_REQUEST:
                _refuse(error.read())
        return None
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise ReadError(
            f"nothing answers at {endpoint}: start a local stack with `{typed('up')}`, "
            f"name its endpoint with --endpoint URL, or read a real account with --aws"
        ) from error
    return told if isinstance(told, dict) else None


def _refuse(body: bytes) -> None:
    try:
        told = mapping_of(json.loads(body))
    except ValueError:
        return
    if "code" in told:
        raise RefusedError("GetTraceSummaries", str(told["code"]), str(told.get("error")))
