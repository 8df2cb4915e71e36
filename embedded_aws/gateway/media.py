"""Which bodies are binary: an API's binary media types."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def is_binary(media_type: str | None, binary_media_types: Iterable[str]) -> bool:
    """Tell whether a `Content-Type`, or the first type of an `Accept` header, is listed as binary.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-payload-encodings-workflow.html
    """
    if not media_type:
        return False
    first = media_type.split(",")[0].split(";")[0].strip().lower()
    family = first.split("/")[0] + "/*"
    return any(listed.lower() in {first, family, "*/*"} for listed in binary_media_types)
