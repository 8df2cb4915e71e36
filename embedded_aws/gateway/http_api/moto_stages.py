"""HTTP APIs and function URLs as deployed, read from moto's state in process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from embedded_aws.aws.interfaces import ACCOUNT_ID
from embedded_aws.gateway.http_api.model import DEFAULT, Authorizer, Cors, Integration, Route, Stage
from embedded_aws.gateway.model import AccessLog, Throttle

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from embedded_aws.aws.moto import MotoAws

Routes = tuple[Route, ...]


class MotoStages:
    """Stages of HTTP APIs, and function URLs.

    moto has no deployments of HTTP APIs, so they are kept here: `deploy` takes the snapshot of one, and
    `serve` tells which one a stage shows that does not deploy by itself.
    """

    def __init__(self, moto: MotoAws) -> None:
        self._moto = moto
        self._deployments: dict[tuple[str, str], Routes] = {}
        self._served: dict[tuple[str, str], str] = {}

    def deploy(self, api_id: str, deployment_id: str) -> None:
        """Take the snapshot of an API's routes under an id."""
        for _, api in self._apis():
            if api.api_id == api_id:
                self._deployments[api_id, deployment_id] = _routes(api)

    def deployments(self, api_id: str) -> list[str]:
        """Return the ids of an API's deployments, oldest first."""
        return [deployment for api, deployment in self._deployments if api == api_id]

    def serve(self, api_id: str, stage: str, deployment_id: str) -> None:
        """Let a stage serve a deployment."""
        self._served[api_id, stage] = deployment_id

    def stage(self, api_id: str, name: str) -> Stage | None:
        """Return a stage, or a function URL by its id and `$default`; `None` when it serves nothing."""
        return next((each for each in self._of(api_id) if each.name == name), None)

    def knows(self, api_id: str) -> bool:
        """Tell whether there is an HTTP API, or a function URL, of that id."""
        return any(api.api_id == api_id for _, api in self._apis()) or self.is_deployed(api_id)

    def is_deployed(self, api_id: str) -> bool:
        """Tell whether it serves anything."""
        return any(True for _ in self._of(api_id))

    def stages(self) -> list[Stage]:
        """Return every stage of HTTP APIs that serves something, then every function URL."""
        stages = (stage for region, api in self._apis() for stage in self._stages(region, api))
        return [*stages, *self._function_urls()]

    def _of(self, api_id: str) -> Iterator[Stage]:
        for region, api in self._apis():
            if api.api_id == api_id:
                yield from self._stages(region, api)
        yield from (each for each in self._function_urls() if each.api_id == api_id)

    def _apis(self) -> Iterator[tuple[str, Any]]:
        for region, backend in self._moto.used_backends("apigatewayv2").items():
            for api in list(backend.apis.values()):
                if api.protocol_type == "HTTP":
                    yield region, api

    def _stages(self, region: str, api: Any) -> Iterator[Stage]:
        for stage in list(api.stages.values()):
            served = self._served.get((api.api_id, stage.name), "")
            routes = _routes(api) if stage.auto_deploy else self._deployments.get((api.api_id, served))
            if routes is not None:
                yield _stage(region, api, stage, routes)

    def _function_urls(self) -> Iterator[Stage]:
        for region, backend in self._moto.used_backends("lambda").items():
            for function in backend.list_functions():
                if config := function.url_config:
                    yield _function_url(region, function, config)


def _stage(region: str, api: Any, stage: Any, routes: Routes) -> Stage:
    log = stage.access_log_settings or {}
    return Stage(
        api_id=api.api_id,
        api_name=api.name,
        name=stage.name,
        region=region,
        account_id=ACCOUNT_ID,
        routes=routes,
        cors=_api_cors(api.cors_configuration),
        variables=dict(stage.stage_variables or {}),
        throttles=dict(_throttles({"*": stage.default_route_settings or {}, **(stage.route_settings or {})})),
        access_log=AccessLog(log["destinationArn"], log["format"])
        if log.get("destinationArn") and log.get("format")
        else None,
    )


def _function_url(region: str, function: Any, config: Any) -> Stage:
    """A function URL: https://docs.aws.amazon.com/lambda/latest/dg/urls-configuration.html."""
    given = config.config
    authorization = given.get("AuthType", "NONE")
    qualifier = given.get("Qualifier")
    arn = f"{function.function_arn}:{qualifier}" if qualifier else function.function_arn
    return Stage(
        api_id=(urlsplit(config.url).hostname or "").partition(".")[0],
        api_name=function.function_name,
        name=DEFAULT,
        region=region,
        account_id=ACCOUNT_ID,
        routes=(Route(DEFAULT, Integration("AWS_PROXY", arn, timeout=900.0), authorization),),
        cors=_url_cors(given.get("Cors")),
        kind="URL",
    )


def _routes(api: Any) -> Routes:
    return tuple(
        Route(
            key=route.route_key,
            integration=_integration(api, route.target),
            authorization=route.authorization_type or "NONE",
            authorizer=_authorizer(api.authorizers.get(route.authorizer_id or "")),
            scopes=tuple(route.authorization_scopes or ()),
        )
        for route in list(api.routes.values())
    )


def _integration(api: Any, target: str | None) -> Integration | None:
    made = api.integrations.get((target or "").rpartition("/")[2])
    if made is None:
        return None
    return Integration(
        type=made.integration_type,
        uri=made.integration_uri or "",
        subtype=made.integration_subtype or None,
        method=made.integration_method,
        payload=made.payload_format_version or "1.0",
        parameters=dict(made.request_parameters or {}),
        responses={str(status): dict(each) for status, each in (made.response_parameters or {}).items()},
        timeout=int(made.timeout_in_millis or 30_000) / 1000,
    )


def _authorizer(made: Any) -> Authorizer | None:
    if made is None:
        return None
    sources = made.identity_source or ()
    tokens = made.jwt_config or {}
    return Authorizer(
        id=made.id,
        type=made.authorizer_type or "",
        uri=made.authorizer_uri or "",
        sources=(sources,) if isinstance(sources, str) else tuple(sources),
        payload=made.auth_payload_format_version or "1.0",
        simple=bool(made.enable_simple_response),
        ttl=float(made.auth_result_ttl or 0),
        issuer=tokens.get("issuer") or "",
        audiences=tuple(tokens.get("audience") or ()),
    )


def _api_cors(given: Mapping[str, Any] | None) -> Cors | None:
    if not given:
        return None
    return Cors(
        origins=tuple(given.get("allowOrigins") or ()),
        methods=tuple(given.get("allowMethods") or ()),
        headers=tuple(given.get("allowHeaders") or ()),
        exposed=tuple(given.get("exposeHeaders") or ()),
        credentials=bool(given.get("allowCredentials")),
        max_age=given.get("maxAge"),
    )


def _url_cors(given: Mapping[str, Any] | None) -> Cors | None:
    """Lambda spells the members of API Gateway with a capital letter."""
    return _api_cors({name[0].lower() + name[1:]: value for name, value in (given or {}).items()})


def _throttles(settings: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, Throttle]]:
    for key, values in settings.items():
        rate, burst = values.get("throttlingRateLimit"), values.get("throttlingBurstLimit")
        if rate is not None and burst is not None:
            yield key, Throttle(float(rate), int(burst))
