"""A service's API without a socket."""

from __future__ import annotations

from typing import TYPE_CHECKING

from embedded_aws.aws.http import Request

if TYPE_CHECKING:
    from embedded_aws.aws.http import Response
    from embedded_aws.aws.service import Service


def post(service: Service, path: str, body: bytes) -> Response:
    return service.answer(Request({}, "POST", path, "", {}, body))
