"""API Gateway as a whole: REST APIs, HTTP APIs and function URLs, what describes them and what answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from embedded_aws.aws.ids import RandomIds
from embedded_aws.gateway.api import ApiGatewayApi
from embedded_aws.gateway.app import Gateway
from embedded_aws.gateway.app import Services as RestServices
from embedded_aws.gateway.http_api.app import HttpGateway
from embedded_aws.gateway.http_api.app import Services as HttpServices
from embedded_aws.gateway.http_api.control import HttpApisControl
from embedded_aws.gateway.http_api.model import DEFAULT
from embedded_aws.gateway.http_api.moto_stages import MotoStages
from embedded_aws.gateway.lambda_calls import LambdaCalls
from embedded_aws.gateway.moto_apis import MotoApis, MotoObjects
from embedded_aws.gateway.user_pools import MotoUserPools

if TYPE_CHECKING:
    from collections.abc import Callable

    from embedded_aws.aws.calls import AwsCall
    from embedded_aws.aws.ids import Clock, Ids
    from embedded_aws.aws.interfaces import Lambda, RequestMetrics, Sampler, SegmentSink
    from embedded_aws.aws.moto import MotoAws
    from embedded_aws.debugging.standstill import Standstill
    from embedded_aws.gateway.http_api.model import Stage
    from embedded_aws.gateway.model import AccessLogs
    from embedded_aws.journal.records import ApiRequest


@dataclass(frozen=True)
class Neighbours:
    """What API Gateway needs of the other parts; `record` takes what is to be known of each request."""

    functions: Lambda
    aws: AwsCall
    sampler: Sampler
    segments: SegmentSink
    access_logs: AccessLogs
    record: Callable[[ApiRequest], None]
    metrics: RequestMetrics
    standstill: Standstill


@dataclass
class ApiGateway:
    """What is deployed, and the two applications: `api` changes it, `front` answers requests to it."""

    moto: MotoAws
    neighbours: Neighbours
    clock: Clock
    ids: Ids = field(default_factory=RandomIds)

    def __post_init__(self) -> None:
        others = self.neighbours
        self._apis, self._stages = MotoApis(self.moto), MotoStages(self.moto)
        functions = LambdaCalls(others.functions, others.standstill)
        http = HttpServices(
            self._stages,
            functions,
            others.aws,
            others.sampler,
            others.segments,
            others.access_logs,
            others.record,
            MotoUserPools(self.moto),
        )
        rest = RestServices(
            self._apis,
            others.functions,
            others.sampler,
            others.segments,
            others.access_logs,
            others.record,
            others.metrics,
            MotoObjects(self.moto),
            HttpGateway(http, self.clock, self.ids),
            MotoUserPools(self.moto),
            others.standstill,
        )
        self.front = Gateway(rest, clock=self.clock, ids=self.ids)
        self.api = ApiGatewayApi(self.moto, HttpApisControl(self.moto, self._stages), self._apis.capture)

    def is_deployed(self, api_id: str) -> bool:
        """Tell whether an API, or a function URL, of that id serves anything."""
        return self._apis.is_deployed(api_id) or self._stages.is_deployed(api_id)

    def addresses(self, endpoint: str) -> dict[str, str]:
        """Return the base URLs of all that is deployed: REST, HTTP, function URLs.

        By `<API name>/<stage>`, by `<API name>` for a default stage, and by `<function> (function URL)`.
        """
        rest = {
            f"{stage.api_name}/{stage.name}": f"{endpoint}/execute-api/{stage.api_id}/{stage.name}"
            for stage in self._apis.stages()
        }
        return rest | dict(_address(endpoint, stage) for stage in self._stages.stages())


def _address(endpoint: str, stage: Stage) -> tuple[str, str]:
    if stage.kind == "URL":
        return f"{stage.api_name} (function URL)", f"{endpoint}/lambda-url/{stage.api_id}"
    below = "" if stage.name == DEFAULT else f"/{stage.name}"
    return stage.title, f"{endpoint}/execute-api/{stage.api_id}{below}"
