"""The deployed APIs, read from moto's API Gateway state in process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from embedded_aws.aws.interfaces import ACCOUNT_ID
from embedded_aws.gateway.model import AccessLog, Stage, Throttle
from embedded_aws.gateway.moto_deployment import read_deployment

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from embedded_aws.aws.moto import MotoAws
    from embedded_aws.gateway.model import Deployment


class MotoApis:
    """APIs and stages as deployed.

    moto's deployments are names only, so their snapshots are kept here: `capture` must be called after
    every change of an API, before the next one.
    """

    def __init__(self, moto: MotoAws) -> None:
        self._moto = moto
        self._deployments: dict[tuple[str, str, str], Deployment] = {}

    def capture(self) -> None:
        """Take the snapshot of every deployment that has none yet."""
        for region, backend in self._moto.used_backends("apigateway").items():
            for api in list(backend.apis.values()):
                for deployment_id in list(api.deployments):
                    key = (region, api.id, deployment_id)
                    if key not in self._deployments:
                        self._deployments[key] = read_deployment(deployment_id, api)

    def stage(self, api_id: str, name: str) -> Stage | None:
        """Return the stage, or `None` when the API or the stage does not exist or was never deployed."""
        for region, backend in self._moto.used_backends("apigateway").items():
            api = backend.apis.get(api_id)
            stage = api and api.stages.get(name)
            if stage:
                return self._stage(region, api, stage)
        return None

    def is_deployed(self, api_id: str) -> bool:
        """Tell whether an API exists that has a deployed stage."""
        return any(
            (region, api_id, stage.deployment_id) in self._deployments
            for region, backend in self._moto.used_backends("apigateway").items()
            for api in [backend.apis.get(api_id)]
            if api
            for stage in list(api.stages.values())
        )

    def stages(self) -> list[Stage]:
        """Return every deployed stage, in the order of creation."""
        found = [
            self._stage(region, api, stage)
            for region, backend in self._moto.used_backends("apigateway").items()
            for api in list(backend.apis.values())
            for stage in list(api.stages.values())
        ]
        return [stage for stage in found if stage]

    def accepts_key(self, stage: Stage, key: str) -> bool:
        """Tell whether an enabled API key of that value is in a usage plan of the stage."""
        backend = self._moto.backend("apigateway", stage.region)
        ids = {known.id for known in list(backend.keys.values()) if known.value == key and known.enabled}
        here = (stage.api_id, stage.name)
        return any(
            ids & set(backend.usage_plan_keys.get(plan.id, {}))
            for plan in list(backend.usage_plans.values())
            if here in [(covered.get("apiId"), covered.get("stage")) for covered in plan.api_stages or []]
        )

    def _stage(self, region: str, api: Any, stage: Any) -> Stage | None:
        deployment = self._deployments.get((region, api.id, stage.deployment_id))
        if deployment is None:
            return None
        log = stage.access_log_settings or {}
        return Stage(
            api_id=api.id,
            api_name=api.name,
            name=stage.name,
            region=region,
            account_id=ACCOUNT_ID,
            deployment=deployment,
            tracing=bool(stage.tracing_enabled),
            variables=dict(stage.variables or {}),
            throttles=dict(_throttles(stage.method_settings)),
            access_log=AccessLog(log["destinationArn"], log["format"])
            if log.get("destinationArn") and log.get("format")
            else None,
        )


def _throttles(settings: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, Throttle]]:
    for key, values in settings.items():
        rate = float(values.get("throttlingRateLimit", -1))
        burst = int(values.get("throttlingBurstLimit", -1))
        # -1 is how both the API and the provider say "no limit of its own".
        if rate >= 0 and burst >= 0:
            yield key, Throttle(rate, burst)


class MotoObjects:
    """The objects of S3, read from moto's state in process."""

    def __init__(self, moto: MotoAws) -> None:
        self._moto = moto

    def get(self, bucket: str, key: str) -> tuple[str, bytes] | None:
        """Return an object's media type and content, `None` when there is no such one."""
        found = self._moto.backend("s3", "aws").buckets.get(bucket)
        content = found and found.keys.get(key)
        if content is None:
            return None
        metadata = content.metadata or {}
        return str(metadata.get("Content-Type", "binary/octet-stream")), bytes(content.value)
