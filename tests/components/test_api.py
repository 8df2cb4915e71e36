"""The traced API on its own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import pulumi
import pytest

from components.api import TracedApi, TracedApiArgs
from components.function import TracedFunction, TracedFunctionArgs
from components.kinds import SettingError
from components.routes import RouteError
from components.sampling import Sampling, Special
from components.settings import ApiProfile, FunctionProfile, Target, Throttling
from tests.components.conftest import Deploy, Deployed

API = "aws:apigateway/restApi:RestApi"
STAGE = "aws:apigateway/stage:Stage"
DEPLOYMENT = "aws:apigateway/deployment:Deployment"
RULE = "aws:xray/samplingRule:SamplingRule"
SAMPLING = Sampling(1, 0.05)


@pytest.fixture
def api(deploy: Deploy) -> Deploy:
    """Deploys an API named `api` with routes to one function each, given by name."""

    def up(
        routes: Mapping[str, str] | None = None,
        sampling: Sampling | None = SAMPLING,
        stack: str = "dev",
        *,
        tags: Mapping[str, str] | None = None,
        physical_name: str = "",
        account: Mapping[str, Any] | None = None,
        **profile: Any,
    ) -> Deployed:
        def program() -> None:
            shared = FunctionProfile(Target("python3.13", "arm64"), "otel")
            names = routes or {"GET /hello": "front"}
            functions = {
                name: TracedFunction(name, TracedFunctionArgs(Path("code.py"), shared))
                for name in set(names.values())
            }
            mapped = {route: functions[name] for route, name in names.items()}
            about = ApiProfile(Throttling(5, 10), sampling, **profile)
            TracedApi("api", TracedApiArgs(mapped, about, tags or {}, physical_name))

        return deploy(program, stack=stack, **(account or {}))

    return up


class TestStage:
    @pytest.mark.parametrize(("sampling", "traced"), [(SAMPLING, True), (None, False)])
    def test_it_is_traced_when_requests_are_sampled(
        self, api: Deploy, sampling: Sampling | None, *, traced: bool
    ) -> None:
        """Tracing of the stage and sampling go together."""
        assert api(sampling=sampling).one(STAGE).inputs["xrayTracingEnabled"] is traced

    def test_it_is_named_after_the_stack(self, api: Deploy) -> None:
        """Each stack's requests are told apart in X-Ray."""
        assert api(stack="prod").one(STAGE).inputs["stageName"] == "prod"

    def test_its_access_log_is_json_with_the_trace_id(self, api: Deploy) -> None:
        """A line of the log leads to the trace."""
        deployed = api(log_retention=30)
        log = json.loads(deployed.one(STAGE).inputs["accessLogSettings"]["format"])
        assert log["traceId"] == "$context.xrayTraceId"
        logs = deployed.one("aws:cloudwatch/logGroup:LogGroup", "api-access-logs").inputs
        assert logs == {"name": "/aws/apigateway/api-1a2b3c4", "retentionInDays": 30}

    def test_it_is_throttled(self, api: Deploy) -> None:
        """Rate and burst hold for every method."""
        settings = api().one("aws:apigateway/methodSettings:MethodSettings").inputs
        assert settings["methodPath"] == "*/*"
        assert settings["settings"] == {"throttlingRateLimit": 5, "throttlingBurstLimit": 10}


class TestSampling:
    def test_the_rule_is_for_this_stage_only(self, api: Deploy) -> None:
        """Other APIs of the account keep their own sampling."""
        rule = api().one(RULE).inputs
        assert (rule["serviceName"], rule["serviceType"]) == ("api-1a2b3c4/dev", "AWS::ApiGateway::Stage")
        assert (rule["reservoirSize"], rule["fixedRate"], rule["version"]) == (1, 0.05, 1)

    def test_nothing_sampled_means_no_rule(self, api: Deploy) -> None:
        """A stack that is off leaves nothing in X-Ray."""
        assert api(sampling=None).all(RULE) == []

    def test_long_names_fit(self, api: Deploy) -> None:
        """A rule's name has 32 characters at most; a service name of over 64 ends in a wildcard."""
        rule = api(stack="s" * 90, physical_name="shop" * 9).one(RULE).inputs
        assert len(rule["ruleName"]) == 32
        assert rule["serviceName"] == "shop" * 9 + "/" + "s" * 26 + "*"

    def test_rules_follow_the_name_of_the_api(self, api: Deploy) -> None:
        """Two APIs have rules of their own, whatever else their stacks are called."""
        critical = Special("critical-1", 100, "POST", "/checkout", 0, 1.0)
        rules = api(sampling=Sampling(1, 0.05, (critical,)), physical_name="shop").all(RULE)
        assert {rule.inputs["ruleName"] for rule in rules} == {"shop-critical-1", "shop"}
        assert {rule.inputs["serviceName"] for rule in rules} == {"shop/dev"}


class TestRoutes:
    def paths(self, deployed: Deployed) -> dict[str, Any]:
        paths: dict[str, Any] = json.loads(deployed.one(API).inputs["body"])["paths"]
        return paths

    def test_they_are_one_document(self, api: Deploy) -> None:
        """Paths with their methods; `ANY` has a name of API Gateway's own, the root is a path like others."""
        paths = self.paths(api({"GET /a/{b}": "one", "POST /a/{b}": "two", "ANY /": "one"}))
        assert {path: sorted(methods) for path, methods in paths.items()} == {
            "/": ["x-amazon-apigateway-any-method"],
            "/a/{b}": ["get", "post"],
        }

    @pytest.mark.parametrize(("path", "name"), [("/a/{b}", "b"), ("/a/{proxy+}", "proxy")])
    def test_a_path_declares_its_parameters(self, api: Deploy, path: str, name: str) -> None:
        """OpenAPI asks for it."""
        (parameter,) = self.paths(api({f"GET {path}": "one"}))[path]["get"]["parameters"]
        assert (parameter["name"], parameter["in"], parameter["required"]) == (name, "path", True)

    def test_the_endpoint_is_regional(self, api: Deploy) -> None:
        """Also while API Gateway takes the document, whose own default is edge-optimized."""
        inputs = api().one(API).inputs
        assert inputs["endpointConfiguration"] == {"types": "REGIONAL"}
        assert inputs["parameters"] == {"endpointConfigurationTypes": "REGIONAL"}

    def test_a_route_hands_the_request_to_its_function(self, api: Deploy) -> None:
        """The integration is Lambda's proxy, which is always called by POST."""
        integration = self.paths(api())["/hello"]["get"]["x-amazon-apigateway-integration"]
        assert (integration["type"], integration["httpMethod"]) == ("aws_proxy", "POST")
        assert integration["uri"].endswith("/front-1a2b3c4/invocations")

    def test_only_its_own_route_may_call_a_function(self, api: Deploy) -> None:
        """The permission names API, stage, method and path."""
        permission = api().one("aws:lambda/permission:Permission").inputs
        assert permission["principal"] == "apigateway.amazonaws.com"
        assert permission["sourceArn"].endswith(":api-1a2b3c4/dev/GET/hello")

    def test_permissions_of_one_function_have_different_names(self, api: Deploy) -> None:
        """Two routes to one function are two statements of its policy."""
        permissions = api({"GET /a": "one", "GET /{a}": "one"}).all("aws:lambda/permission:Permission")
        assert len({permission.inputs["statementId"] for permission in permissions}) == 2

    def test_a_bad_route_stops_the_program(self, api: Deploy) -> None:
        """The error names the route."""
        with pytest.raises(RouteError, match="route 'GET hello'"):
            api({"GET hello": "one"})


def test_two_apis_of_one_program_never_meet(deploy: Deploy) -> None:
    """Names, log groups, sampling rules and the permissions of one function they both call are their own."""

    def program() -> None:
        shared = FunctionProfile(Target("python3.13", "arm64"), "otel")
        function = TracedFunction("f", TracedFunctionArgs(Path("code.py"), shared))
        for name in ("orders", "prices"):
            profile = ApiProfile(Throttling(5, 10), SAMPLING)
            TracedApi(name, TracedApiArgs({"GET /a": function}, profile))

    deployed = deploy(program)
    services = {rule.inputs["serviceName"] for rule in deployed.all(RULE)}
    assert services == {"orders-1a2b3c4/dev", "prices-1a2b3c4/dev"}
    for key in ("name", "ruleName", "statementId"):
        named = [(one.type, one.inputs[key]) for one in deployed.resources if key in one.inputs]
        assert len(set(named)) == len(named) > 0


def test_tags_go_to_all_that_can_have_tags(api: Deploy) -> None:
    """Costs and owners are found by them."""
    deployed = api(tags={"team": "shop"}, set_account=True)
    tagged = {resource.name for resource in deployed.resources if resource.inputs.get("tags")}
    assert tagged == {"api", "api-stage", "api-access-logs", "api-sampling", "api-logging-role"}


def test_what_it_is_made_of_can_be_built_on(deploy: Deploy) -> None:
    """A domain, a firewall and an alarm of one's own take the parts, not names put together."""

    def program() -> None:
        shared = FunctionProfile(Target("python3.13", "arm64"), "otel")
        function = TracedFunction("f", TracedFunctionArgs(Path("code.py"), shared))
        profile = ApiProfile(Throttling(5, 10), SAMPLING)
        made = TracedApi("api", TracedApiArgs({"GET /a": function}, profile))
        assert made.account is None
        assert made.access_log_group
        pulumi.export("made", [made.rest_api.name, made.stage.stage_name, made.access_log_group.name])
        pulumi.export("throttled", made.throttling.method_path)
        pulumi.export("rules", [rule.rule_name for rule in made.sampling_rules])
        pulumi.export("may", {route: each.function for route, each in made.permissions.items()})

    exports = deploy(program).exports
    assert exports == {
        "made": ["api-1a2b3c4", "dev", "/aws/apigateway/api-1a2b3c4"],
        "throttled": "*/*",
        "rules": ["api-1a2b3c4"],
        "may": {"GET /a": "f-1a2b3c4"},
    }


class TestRedeployment:
    def triggers(self, deployed: Deployed) -> Any:
        return deployed.one(DEPLOYMENT).inputs["triggers"]

    @pytest.mark.parametrize(
        "routes",
        [
            {"GET /hello": "front", "POST /hello": "front"},
            {"GET /bye": "front"},
            {"POST /hello": "front"},
            {"GET /hello": "other"},
        ],
        ids=["route added", "path changed", "method changed", "function changed"],
    )
    def test_a_changed_route_is_deployed(self, api: Deploy, routes: Mapping[str, str]) -> None:
        """Without a new deployment the stage would go on serving the old routes."""
        assert self.triggers(api(routes)) != self.triggers(api())

    def test_the_same_routes_are_not_deployed_again(self, api: Deploy) -> None:
        """A second run, with the routes in any order, changes nothing."""
        one, two = {"GET /a": "one", "GET /b": "two"}, {"GET /b": "two", "GET /a": "one"}
        assert self.triggers(api(one)) == self.triggers(api(two))

    def test_a_removed_route_is_gone_from_the_deployment(self, api: Deploy) -> None:
        """The snapshot is taken of the API after its one document has changed; no route outlives that."""
        before = api({"GET /a": "one", "GET /b": "one"})
        after = api({"GET /a": "one"})
        assert list(json.loads(after.one(API).inputs["body"])["paths"]) == ["/a"]
        assert self.triggers(after) != self.triggers(before)
        routing = {one.type for one in before.resources if one.type.startswith("aws:apigateway/")}
        assert routing == {API, DEPLOYMENT, STAGE, "aws:apigateway/methodSettings:MethodSettings"}
        assert any(urn.endswith("::api") for urn in after.one(DEPLOYMENT).options.dependencies)

    def test_the_stage_moves_to_the_new_deployment(self, api: Deploy) -> None:
        """Only the deployment changes, so the stage is updated in place, and the URL stays."""
        before, after = (api(routes).one(STAGE) for routes in ({"GET /a": "one"}, {"GET /b": "one"}))
        changed = {name for name in before.inputs if before.inputs[name] != after.inputs[name]}
        assert (before.name, changed) == (after.name, {"deployment"})

    def test_switching_tracing_updates_the_stage_in_place(self, api: Deploy) -> None:
        """Neither deployment nor anything that would replace the stage changes."""
        before, after = (api(sampling=sampling).one(STAGE) for sampling in (SAMPLING, None))
        changed = {name for name in before.inputs if before.inputs[name] != after.inputs[name]}
        assert (before.name, changed) == (after.name, {"xrayTracingEnabled"})


class TestTimeouts:
    def test_the_api_waits_for_its_functions(self, api: Deploy) -> None:
        """29 seconds unless the account's quota was raised."""
        for more, seconds in (({}, 29), ({"integration_timeout": 60}, 60)):
            paths = json.loads(api(**more).one(API).inputs["body"])["paths"]
            integration = paths["/hello"]["get"]["x-amazon-apigateway-integration"]
            assert integration["timeoutInMillis"] == seconds * 1000

    def test_a_function_that_may_answer_too_late_is_refused(self, api: Deploy) -> None:
        """The client would have its 504 while the function goes on working, and costing."""
        assert api(integration_timeout=10)
        with pytest.raises(
            SettingError, match=r"route 'GET /hello' may run 10 s, .* after 9 s .* timeout by 1,"
        ):
            api(integration_timeout=9)


class TestAccessLog:
    FRESH: ClassVar[dict[str, str]] = {"logging_role": ""}

    @pytest.mark.parametrize("preview", [True, False])
    def test_a_region_without_logging_role_has_none(
        self, api: Deploy, caplog: pytest.LogCaptureFixture, *, preview: bool
    ) -> None:
        """AWS would refuse the stage half-way; the preview already says what is left out, and the cure."""
        deployed = api(account={**self.FRESH, "preview": preview})
        assert "accessLogSettings" not in deployed.one(STAGE).inputs
        (message,) = caplog.messages
        assert message == (
            "API Gateway has no logging role in eu-west-1, so api can have no access log; "
            "apiGatewayAccount: true in one stack of the region sets it"
        )

    @pytest.mark.parametrize("preview", [True, False])
    def test_it_can_be_insisted_on(self, api: Deploy, *, preview: bool) -> None:
        """The program then stops, in the preview already."""
        with pytest.raises(SettingError, match="accessLogs is 'on', but API Gateway has no logging role in"):
            api(account={**self.FRESH, "preview": preview}, access_logs="on")

    def test_insisting_changes_nothing_where_the_role_is(self, api: Deploy) -> None:
        """The account was set up by somebody else."""
        assert api(access_logs="on").one(STAGE).inputs == api().one(STAGE).inputs

    def test_it_can_be_off(self, api: Deploy) -> None:
        """Nothing of it is made, and nobody is asked."""
        deployed = api(access_logs="off")
        assert "accessLogSettings" not in deployed.one(STAGE).inputs
        assert [one.name for one in deployed.all("aws:cloudwatch/logGroup:LogGroup")] == ["front-logs"]

    def test_the_stack_that_sets_the_role_has_it(self, api: Deploy) -> None:
        """Whatever the region had before."""
        assert "accessLogSettings" in api(account=self.FRESH, set_account=True).one(STAGE).inputs


class TestAccount:
    ACCOUNT = "aws:apigateway/account:Account"

    def test_the_regions_logging_role_is_left_alone(self, api: Deploy) -> None:
        """It is shared with every other API of the region."""
        assert api().all(self.ACCOUNT) == []

    def test_it_is_set_when_asked_for(self, api: Deploy) -> None:
        """The stage, which needs it for its access log, waits for it."""
        deployed = api(set_account=True)
        role = deployed.one("aws:iam/role:Role", "api-logging-role").inputs
        (statement,) = json.loads(role["assumeRolePolicy"])["Statement"]
        assert statement["Principal"] == {"Service": "apigateway.amazonaws.com"}
        assert deployed.one(self.ACCOUNT).inputs["cloudwatchRoleArn"].endswith(":api-logging-role-1a2b3c4")
        assert any(urn.endswith("::api-account") for urn in deployed.one(STAGE).options.dependencies)
