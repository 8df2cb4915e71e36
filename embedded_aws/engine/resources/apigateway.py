"""API Gateway REST APIs: https://docs.aws.amazon.com/apigateway/latest/api/API_Operations.html."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from embedded_aws.engine import naming
from embedded_aws.engine.operation_input import as_text
from embedded_aws.engine.registration import Update

if TYPE_CHECKING:
    from embedded_aws.engine.registration import Client, Created, Registration, State
    from embedded_aws.engine.standing import Before

_IDS = {"restApi": "restApiId", "deployment": "deploymentId", "authorizer": "authorizerId"}

_METHOD_SETTINGS = {
    "metricsEnabled": "metrics/enabled",
    "loggingLevel": "logging/loglevel",
    "dataTraceEnabled": "logging/dataTrace",
    "throttlingBurstLimit": "throttling/burstLimit",
    "throttlingRateLimit": "throttling/rateLimit",
    "cachingEnabled": "caching/enabled",
    "cacheTtlInSeconds": "caching/ttlInSeconds",
    "cacheDataEncrypted": "caching/dataEncrypted",
    "requireAuthorizationForCacheControl": "caching/requireAuthorizationForCacheControl",
    "unauthorizedCacheControlHeaderStrategy": "caching/unauthorizedCacheControlHeaderStrategy",
}


def rest_api(r: Registration) -> Created:
    """Serve the API at the endpoint, built from its resources or from an OpenAPI `body`."""
    name = r.physical_name()
    # moto takes the id from this tag, so that the API's URL is the same in every run.
    tags = {**r.tags, "_custom_id_": naming.api_id(r.urn)}
    answer = r.call("apigateway", "create_rest_api", name=name, tags=tags)
    api = answer["id"]
    if "body" in r.inputs:
        mode = r.inputs.get("putRestApiMode", "overwrite")
        body = r.inputs.text("body").encode()
        r.call("apigateway", "put_rest_api", restApiId=api, mode=mode, body=body)
    return api, {
        "name": name,
        "arn": r.arn("apigateway", f"/restapis/{api}", account=""),
        "executionArn": _execution_arn(r, api),
        "rootResourceId": answer["rootResourceId"],
        "createdDate": answer["createdDate"].isoformat(),
    }


def update_rest_api(r: Registration, before: Before) -> State:
    """Read its new `body`, or change its name and description; its address stays."""
    api = before.standing.id
    if before.has("body") and "body" in r.inputs:
        mode, body = r.inputs.get("putRestApiMode", "overwrite"), r.inputs.text("body").encode()
        r.call("apigateway", "put_rest_api", restApiId=api, mode=mode, body=body)
    named = {f"/{key}": r.inputs.get(key, "") for key in ("name", "description") if before.has(key)}
    patch = [{"op": "replace", "path": path, "value": str(value)} for path, value in named.items()]
    if patch:
        r.client("apigateway").update_rest_api(restApiId=api, patchOperations=patch)
    return {}


def resource(r: Registration) -> Created:
    """Add a path to the API."""
    answer = r.call("apigateway", "create_resource", _IDS)
    return answer["id"], {"path": answer["path"]}


def method(r: Registration) -> Created:
    """Add a method to a path."""
    r.call("apigateway", "put_method", {**_IDS, "authorization": "authorizationType"})
    return _id(r, "agm", "httpMethod"), {}


def method_response(r: Registration) -> Created:
    """Keep the response; what is answered says the integration's."""
    r.call("apigateway", "put_method_response", _IDS)
    return _id(r, "agmr", "httpMethod", "statusCode"), {}


def integration(r: Registration) -> Created:
    """Connect a method with a function, a server, an object of S3, or a static answer (`MOCK`)."""
    # `httpMethod` is the route's method; PutIntegration calls the back-end's `integrationHttpMethod`.
    names = {**_IDS, "timeoutMilliseconds": "timeoutInMillis"}
    answer = r.call("apigateway", "put_integration", names)
    return _id(r, "agi", "httpMethod"), {
        "cacheNamespace": answer.get("cacheNamespace"),
        "passthroughBehavior": answer.get("passthroughBehavior"),
        "timeoutMilliseconds": answer.get("timeoutInMillis"),
    }


def integration_response(r: Registration) -> Created:
    """Answer with its status, headers and static template, for integrations that are no proxies."""
    r.call("apigateway", "put_integration_response", _IDS)
    return _id(r, "agir", "httpMethod", "statusCode"), {}


def deployment(r: Registration) -> Created:
    """Take the snapshot of the API that stages serve; before `pulumi_aws` 7 also a stage (`stage_name`)."""
    answer = r.call("apigateway", "create_deployment", _IDS)
    api, stage_name = r.inputs["restApi"], r.inputs.get("stageName", "")
    return answer["id"], {
        "createdDate": answer["createdDate"].isoformat(),
        # Outputs until `pulumi_aws` 6, to which programs add the stage's name where they gave none.
        "executionArn": f"{_execution_arn(r, api)}/{stage_name}",
        "invokeUrl": f"{r.clients.endpoint}/execute-api/{api}/{stage_name}",
    }


def stage(r: Registration) -> Created:
    """Serve the API under the stage's name, traced with `xray_tracing_enabled`."""
    api, name = r.inputs["restApi"], r.inputs["stageName"]
    names = {**_IDS, "xrayTracingEnabled": "tracingEnabled"}
    r.call("apigateway", "create_stage", names, tags=r.tags or None)
    logs = r.inputs.get("accessLogSettings", {})
    _patch_stage(r, api, name, {f"/accessLogSettings/{key}": value for key, value in logs.items()})
    return f"ags-{api}-{name}", {
        "arn": r.arn("apigateway", f"/restapis/{api}/stages/{name}", account=""),
        "executionArn": f"{_execution_arn(r, api)}/{name}",
        # AWS answers https://<api>.execute-api.<region>.amazonaws.com/<stage>; this one can be reached.
        "invokeUrl": f"{r.clients.endpoint}/execute-api/{api}/{name}",
    }


def update_stage(r: Registration, before: Before) -> State:
    """Serve another deployment, with other variables or tracing; requests go on meanwhile."""
    api, name = r.inputs["restApi"], r.inputs["stageName"]
    paths = {
        "deployment": "/deploymentId",
        "xrayTracingEnabled": "/tracingEnabled",
        "description": "/description",
    }
    values = {path: r.inputs.get(key) or False for key, path in paths.items() if before.has(key)}
    old, new = before.standing.inputs.get("variables") or {}, r.inputs.get("variables") or {}
    values |= {f"/variables/{key}": value for key, value in new.items() if old.get(key) != value}
    if before.has("accessLogSettings"):
        logs = r.inputs.get("accessLogSettings") or {}
        values |= {f"/accessLogSettings/{key}": value for key, value in logs.items()}
    _patch_stage(r, api, name, values)
    gone = [{"op": "remove", "path": f"/variables/{key}"} for key in old.keys() - new.keys()]
    if gone:
        r.client("apigateway").update_stage(restApiId=api, stageName=name, patchOperations=gone)
    return {}


def method_settings(r: Registration) -> Created:
    """Throttle; keep the other settings."""
    api, name, path = r.inputs["restApi"], r.inputs["stageName"], r.inputs["methodPath"]
    settings = r.inputs["settings"]
    escaped = _escaped_path(path)
    known = {key: value for key, value in settings.items() if key in _METHOD_SETTINGS and value is not None}
    _patch_stage(r, api, name, {f"/{escaped}/{_METHOD_SETTINGS[key]}": value for key, value in known.items()})
    for key in settings.keys() - known.keys():
        r.warn(f"input 'settings.{key}' has no effect")
    return f"{api}-{name}-{path}", {}


def account(r: Registration) -> Created:
    """Keep the role."""
    role = r.inputs.get("cloudwatchRoleArn", "")
    patch = [{"op": "replace", "path": "/cloudwatchRoleArn", "value": role}]
    r.client("apigateway").update_account(patchOperations=patch)
    return "api-gateway-account", {"throttleSettings": [{"burstLimit": 5000, "rateLimit": 10000}]}


def read_account(client: Client) -> State:
    """Return the region's settings as they are."""
    found = client("apigateway").get_account()
    return {"cloudwatchRoleArn": found.get("cloudwatchRoleArn", ""), "features": found.get("features", [])}


def response(r: Registration) -> Created:
    """Change how the gateway's own errors look: status, headers, static template."""
    r.call("apigateway", "put_gateway_response")
    return f"aggr-{r.inputs['restApiId']}-{r.inputs['responseType']}", {}


def authorizer(r: Registration) -> Created:
    """Ask a function about requests, or a user pool about tokens."""
    kind = r.inputs.get("type", "TOKEN")
    source = r.inputs.get("identitySource", "method.request.header.Authorization")
    given = {"name": r.physical_name(), "type": kind, "identitySource": source}
    answer = r.call("apigateway", "create_authorizer", _IDS, **given)
    return answer["id"], {
        "arn": r.arn("apigateway", f"/restapis/{r.inputs['restApi']}/authorizers/{answer['id']}", account="")
    }


def request_validator(r: Registration) -> Created:
    """Check parameters and bodies of the methods that name it."""
    answer = r.call("apigateway", "create_request_validator", _IDS, name=r.physical_name())
    return answer["id"], {"name": answer["name"]}


def model(r: Registration) -> Created:
    """Keep the JSON schema, by which request validators check bodies."""
    # API Gateway's own limit is letters and digits, without the dash of automatic names.
    name = r.inputs.get("name") or r.physical_name().replace("-", "")
    answer = r.call("apigateway", "create_model", _IDS, name=name)
    return answer["id"], {"name": name}


def api_key(r: Registration) -> Created:
    """Let in who sends the key, where a usage plan has it."""
    name = r.physical_name()
    # 40 letters and digits, the same in every run.
    value = r.inputs.get("value") or naming.name_suffix(r.urn, 40)
    enabled = r.inputs.get("enabled", True)
    answer = r.call(
        "apigateway", "create_api_key", name=name, value=value, enabled=enabled, tags=r.tags or None
    )
    return answer["id"], {
        "name": name,
        "value": value,
        "arn": r.arn("apigateway", f"/apikeys/{answer['id']}", account=""),
    }


def usage_plan(r: Registration) -> Created:
    """Say which keys open which stages; quotas and throttles of a plan are kept only."""
    name = r.physical_name()
    stages = [{"apiId": each["apiId"], "stage": each["stage"]} for each in r.inputs.get("apiStages") or []]
    names = {"throttleSettings": "throttle", "quotaSettings": "quota"}
    if kept := " and ".join(name for key, name in names.items() if r.inputs.get(key)):
        r.warn(f"its {kept} refuses nobody here, on AWS who asks too often gets 429")
    answer = r.call(
        "apigateway", "create_usage_plan", names, name=name, apiStages=stages or None, tags=r.tags or None
    )
    return answer["id"], {
        "name": name,
        "arn": r.arn("apigateway", f"/usageplans/{answer['id']}", account=""),
    }


def usage_plan_key(r: Registration) -> Created:
    """Put a key into a usage plan."""
    answer = r.call("apigateway", "create_usage_plan_key", {"usagePlanId": "usagePlanId"})
    return answer["id"], {"name": answer.get("name"), "value": answer.get("value")}


def _execution_arn(r: Registration, api: str) -> str:
    return r.arn("execute-api", api)


def _id(r: Registration, prefix: str, *keys: str) -> str:
    parts = (str(r.inputs[key]) for key in ("restApi", "resourceId", *keys))
    return "-".join((prefix, *parts))


def _patch_stage(r: Registration, api: str, stage_name: str, values: dict[str, Any]) -> None:
    patch = [{"op": "replace", "path": path, "value": as_text(value)} for path, value in values.items()]
    if patch:
        r.client("apigateway").update_stage(restApiId=api, stageName=stage_name, patchOperations=patch)


def _escaped_path(path: str) -> str:
    """Return `<resource path>/<METHOD>` with the slashes of the resource path escaped as in JSON Pointer."""
    route, _, verb = path.rpartition("/")
    return f"{route if route == '*' else '~1' + route.strip('/').replace('/', '~1')}/{verb}"


RESOURCES = {
    "aws:apigateway/restApi:RestApi": rest_api,
    "aws:apigateway/resource:Resource": resource,
    "aws:apigateway/method:Method": method,
    "aws:apigateway/methodResponse:MethodResponse": method_response,
    "aws:apigateway/integration:Integration": integration,
    "aws:apigateway/integrationResponse:IntegrationResponse": integration_response,
    "aws:apigateway/deployment:Deployment": deployment,
    "aws:apigateway/stage:Stage": stage,
    "aws:apigateway/methodSettings:MethodSettings": method_settings,
    "aws:apigateway/account:Account": account,
    "aws:apigateway/response:Response": response,
    "aws:apigateway/authorizer:Authorizer": authorizer,
    "aws:apigateway/requestValidator:RequestValidator": request_validator,
    "aws:apigateway/model:Model": model,
    "aws:apigateway/apiKey:ApiKey": api_key,
    "aws:apigateway/usagePlan:UsagePlan": usage_plan,
    "aws:apigateway/usagePlanKey:UsagePlanKey": usage_plan_key,
}

READS = {"aws:apigateway/account:Account": read_account}
"""What exists in every region, and need not be created to be read."""

UPDATES = {
    "aws:apigateway/restApi:RestApi": Update(update_rest_api, frozenset({"endpointConfiguration"})),
    "aws:apigateway/stage:Stage": Update(update_stage, frozenset({"restApi", "stageName"})),
}
