"""API Gateway's own API in process, as programs call it."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx

from embedded_aws.aws import moto as moto_aws
from embedded_aws.gateway.api import ApiGatewayApi
from embedded_aws.gateway.http_api.control import HttpApisControl
from embedded_aws.gateway.http_api.moto_stages import MotoStages
from embedded_aws.gateway.moto_apis import MotoApis

if TYPE_CHECKING:
    from embedded_aws.aws.moto import MotoAws
    from embedded_aws.gateway.model import Stage

REGION = "us-east-1"
_SIGNED = f"AWS4-HMAC-SHA256 Credential=test/20260101/{REGION}/apigateway/aws4_request"


@dataclass
class Control:
    """API Gateway's API, and what it says is deployed."""

    moto: MotoAws = field(default_factory=moto_aws.MotoAws)

    def __post_init__(self) -> None:
        self.apis = MotoApis(self.moto)
        self.stages = MotoStages(self.moto)
        control = HttpApisControl(self.moto, self.stages)
        self._app = ApiGatewayApi(self.moto, control, self.apis.capture)

    def call(self, method: str, path: str, body: Any = None, **query: str) -> Any:
        """Send one request; returns the JSON of the answer, which must not be an error."""
        response = self.answer(method, path, body, **query)
        assert response.status_code < 300, response.text
        return response.json()

    def answer(self, method: str, path: str, body: Any = None, **query: str) -> httpx.Response:
        content = body if isinstance(body, str | bytes) else json.dumps(body) if body is not None else ""
        transport = httpx.ASGITransport(self._app)

        async def send() -> httpx.Response:
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
                return await client.request(
                    method, path, params=query, content=content, headers={"Authorization": _SIGNED}
                )

        return asyncio.run(send())

    def imported(self, document: Any, mode: str = "overwrite", api: str | None = None) -> str:
        """Put a document into a new REST API, or into the one that is given; returns its id."""
        id_ = api or self.call("POST", "/restapis", {"name": "shop"})["id"]
        self.call("PUT", f"/restapis/{id_}", document, mode=mode)
        return str(id_)

    def deployed(self, api: str) -> Stage:
        """Deploy a REST API; returns its stage `dev`."""
        self.call("POST", f"/restapis/{api}/deployments", {"stageName": "dev"})
        stage = self.apis.stage(api, "dev")
        assert stage
        return stage
