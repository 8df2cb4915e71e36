"""API Gateway HTTP APIs: https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/operations.html."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from embedded_aws.engine import naming
from embedded_aws.engine.registration import Update

if TYPE_CHECKING:
    from embedded_aws.engine.registration import Created, Registration, State
    from embedded_aws.engine.standing import Before

_NAMES = {"timeoutMilliseconds": "timeoutInMillis"}


def api(r: Registration) -> Created:
    """Serve the HTTP API, also from an OpenAPI `body` or a `target`; store a WebSocket API only."""
    if r.inputs.get("protocolType") == "WEBSOCKET":
        r.stored_only("WebSocket APIs are not emulated: it exists and answers nothing")
    name = r.physical_name(max_length=128)
    # The endpoint takes the id from this tag, so that the API's URL is the same in every run.
    tags = {**r.tags, "_custom_id_": naming.api_id(r.urn)}
    id_ = r.call("apigatewayv2", "create_api", Name=name, Tags=tags)["ApiId"]
    if "body" in r.inputs:
        r.client("apigatewayv2").reimport_api(ApiId=id_, Body=r.inputs.text("body"))
    return id_, {
        "name": name,
        "arn": r.arn("apigateway", f"/apis/{id_}", account=""),
        "executionArn": _execution_arn(r, id_),
        # AWS answers https://<api>.execute-api.<region>.amazonaws.com; this one can be reached.
        "apiEndpoint": f"{r.clients.endpoint}/execute-api/{id_}",
        "apiKeySelectionExpression": "$request.header.x-api-key",
        "routeSelectionExpression": "$request.method $request.path",
    }


def update_api(r: Registration, before: Before) -> State:
    """Read its new `body`, or change its settings; its address stays."""
    id_ = before.standing.id
    if before.has("body") and "body" in r.inputs:
        r.client("apigatewayv2").reimport_api(ApiId=id_, Body=r.inputs.text("body"))
    else:
        r.call("apigatewayv2", "update_api", ApiId=id_)
    return {}


def integration(r: Registration) -> Created:
    """Connect routes with a function, a server, or EventBridge, SQS or Step Functions."""
    # The provider's own default, without which the CLI refuses.
    version = r.inputs.get("payloadFormatVersion", "1.0")
    # The provider has a list whose members name their status; AWS has a mapping.
    responses = {each["statusCode"]: each["mappings"] for each in r.inputs.get("responseParameters") or []}
    given = {"PayloadFormatVersion": version, "ResponseParameters": responses or None}
    answer = r.call("apigatewayv2", "create_integration", _NAMES, **given)
    return answer["IntegrationId"], {
        "payloadFormatVersion": version,
        "timeoutMilliseconds": answer.get("TimeoutInMillis"),
        "connectionType": answer.get("ConnectionType") or "INTERNET",
    }


def route(r: Registration) -> Created:
    """Add a route to the API."""
    answer = r.call("apigatewayv2", "create_route")
    return answer["RouteId"], {"authorizationType": answer.get("AuthorizationType") or "NONE"}


def authorizer(r: Registration) -> Created:
    """Ask a function about requests, or check tokens; only of user pools here that they are genuine."""
    names = {
        "identitySources": "IdentitySource",
        "audiences": "Audience",
        "authorizerCredentialsArn": "AuthorizerCredentialsArn",
    }
    name = r.physical_name()
    answer = r.call("apigatewayv2", "create_authorizer", names, Name=name)
    return answer["AuthorizerId"], {"name": name}


def deployment(r: Registration) -> Created:
    """Take a snapshot of the routes for stages that do not deploy by themselves."""
    answer = r.call("apigatewayv2", "create_deployment")
    return answer["DeploymentId"], {"autoDeployed": False}


def stage(r: Registration) -> Created:
    """Serve the API, at its root or under the stage's name."""
    id_, name = r.inputs["apiId"], r.physical_name(max_length=128)
    given = {"RouteSettings": _route_settings(r.inputs.get("routeSettings") or [])}
    r.call("apigatewayv2", "create_stage", StageName=name, Tags=r.tags or None, **given)
    below = "" if name == "$default" else name
    return name, {
        "name": name,
        "arn": r.arn("apigateway", f"/apis/{id_}/stages/{name}", account=""),
        "executionArn": f"{_execution_arn(r, id_)}/{name}",
        "invokeUrl": f"{r.clients.endpoint}/execute-api/{id_}/{below}",
    }


def _route_settings(given: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The provider has a list whose members name their route; AWS has a mapping."""
    settings = {
        each["routeKey"]: {
            f"{key[0].upper()}{key[1:]}": value
            for key, value in each.items()
            if key != "routeKey" and value is not None
        }
        for each in given
    }
    return settings or None


def _execution_arn(r: Registration, id_: str) -> str:
    return r.arn("execute-api", id_)


RESOURCES = {
    "aws:apigatewayv2/api:Api": api,
    "aws:apigatewayv2/integration:Integration": integration,
    "aws:apigatewayv2/route:Route": route,
    "aws:apigatewayv2/authorizer:Authorizer": authorizer,
    "aws:apigatewayv2/deployment:Deployment": deployment,
    "aws:apigatewayv2/stage:Stage": stage,
}

UPDATES = {"aws:apigatewayv2/api:Api": Update(update_api, frozenset({"protocolType", "target"}))}
