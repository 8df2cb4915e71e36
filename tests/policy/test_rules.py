"""The rules pass the stacks of this project, and refuse what is worse, with its name and the fix."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

import pytest

from components.adot import adot_layer_arn
from components.settings import SETTINGS
from rules.adot import ACCOUNTS
from rules.catalog import RULES
from rules.rule import Resource, Rule
from tests.policy.conftest import Registered
from tests.policy.resources import Stack, changed, resources_of, urn_of, violations

STACKS = ("dev", "gameday", "prod", "staging")
FUNCTION = ("aws:lambda/function:Function", "worker-function")
MAPPING = ("aws:lambda/eventSourceMapping:EventSourceMapping", "consumer-queue")
POLICY = ("aws:iam/rolePolicy:RolePolicy", "worker-policy")
STAGE = ("aws:apigateway/stage:Stage", "api-stage")
QUEUE = ("aws:sqs/queue:Queue", "work")
TABLE = ("aws:dynamodb/table:Table", "items")
BUCKET = ("aws:s3/bucket:Bucket", "objects")
FOREIGN_ADOT = "arn:aws:lambda:eu-west-1:111122223333:layer:AWSOpenTelemetryDistroPython:26"


def document(effect: str = "Allow", **statement: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": effect, **statement}]})


@dataclass(frozen=True)
class Worse:
    """One resource with other inputs, or a new one; the rule that refuses it, and what it says."""

    rule: str
    says: str
    type: str
    name: str
    inputs: dict[str, Any]

    def of(self, stack: Stack) -> Stack:
        if any((one.type, one.name) == (self.type, self.name) for one in stack):
            return changed(stack, self.type, self.name, **self.inputs)
        return (*stack, Resource(self.type, self.name, urn_of("prod", self.type, self.name), self.inputs))


WORSE = (
    Worse("functions-are-traced", "PassThrough", *FUNCTION, {"tracingConfig": {"mode": "PassThrough"}}),
    Worse("functions-are-traced", "PassThrough", *FUNCTION, {"tracingConfig": None}),
    Worse("functions-run-on-a-supported-runtime", "nodejs18.x", *FUNCTION, {"runtime": "nodejs18.x"}),
    Worse("functions-write-to-a-log-group-of-the-stack", "no log group", *FUNCTION, {"loggingConfig": {}}),
    Worse(
        "functions-hold-no-secrets",
        "DB_PASSWORD",
        *FUNCTION,
        {"environment": {"variables": {"DB_PASSWORD": "hunter2"}}},
    ),
    Worse(
        "functions-hold-no-secrets",
        "MAIL",
        *FUNCTION,
        {"environment": {"variables": {"MAIL": "AKIAIOSFODNN7EXAMPLE:x"}}},
    ),
    Worse("adot-layers-are-published-by-aws", "111122223333", *FUNCTION, {"layers": [FOREIGN_ADOT]}),
    Worse(
        "function-urls-ask-who-calls",
        "everybody",
        "aws:lambda/functionUrl:FunctionUrl",
        "open",
        {"authorizationType": "NONE"},
    ),
    Worse(
        "permissions-name-their-source",
        "apigateway.amazonaws.com",
        "aws:lambda/permission:Permission",
        "api-permission-get/hello",
        {"sourceArn": None},
    ),
    Worse(
        "log-groups-have-retention",
        "for ever",
        "aws:cloudwatch/logGroup:LogGroup",
        "worker-logs",
        {"retentionInDays": 0},
    ),
    Worse("stages-are-traced", "not traced", *STAGE, {"xrayTracingEnabled": False}),
    Worse(
        "stages-are-throttled",
        "no limit",
        "aws:apigateway/methodSettings:MethodSettings",
        "api-throttling",
        {"settings": {"metricsEnabled": True}},
    ),
    Worse("production-stages-log-access", "no access log", *STAGE, {"accessLogSettings": None}),
    Worse(
        "policies-name-their-actions",
        "s3:*",
        *POLICY,
        {"policy": document(Action="s3:*", Resource="arn:aws:s3:::mine/*")},
    ),
    Worse(
        "policies-name-their-actions",
        "everything but iam:CreateUser",
        *POLICY,
        {"policy": document(NotAction=["iam:CreateUser"], Resource="arn:aws:s3:::mine/*")},
    ),
    Worse(
        "policies-name-their-resources",
        "dynamodb:PutItem on everything",
        *POLICY,
        {"policy": document(Action=["dynamodb:PutItem"], Resource="*")},
    ),
    Worse(
        "roles-get-no-full-access",
        "AdministratorAccess",
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        "all",
        {"policyArn": "arn:aws:iam::aws:policy/AdministratorAccess"},
    ),
    Worse(
        "roles-name-who-may-assume-them",
        "everybody",
        "aws:iam/role:Role",
        "worker",
        {"assumeRolePolicy": document(Action="sts:AssumeRole", Principal={"AWS": "*"})},
    ),
    Worse("queues-have-dead-letters", "no dead-letter queue", *QUEUE[:1], "loose", {}),
    Worse("queues-wait-for-their-function", "after 5 s", *QUEUE, {"visibilityTimeoutSeconds": 5}),
    Worse("queue-mappings-report-failed-items", "whole batch", *MAPPING, {"functionResponseTypes": None}),
    Worse(
        "stream-mappings-have-a-failure-destination",
        "no destination",
        *MAPPING,
        {"startingPosition": "LATEST"},
    ),
    Worse("queues-are-encrypted", "not to encrypt", *QUEUE, {"sqsManagedSseEnabled": False}),
    Worse(
        "buckets-are-closed",
        "to the public",
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        "objects-public-access",
        {"blockPublicPolicy": False},
    ),
    Worse(
        "no-faults-in-production",
        "experiment",
        "aws:fis/experimentTemplate:ExperimentTemplate",
        "faults-slow",
        {},
    ),
    Worse(
        "no-faults-in-production",
        "AWS FIS",
        *FUNCTION,
        {"environment": {"variables": {"AWS_FIS_CONFIGURATION_LOCATION": "arn:aws:s3:::faults/"}}},
    ),
    Worse("production-tables-can-be-recovered", "point-in-time", *TABLE, {"pointInTimeRecovery": None}),
    Worse("production-tables-can-be-recovered", "deleted", *TABLE, {"deletionProtectionEnabled": False}),
    Worse("production-buckets-are-not-emptied", "emptied", *BUCKET, {"forceDestroy": True}),
)


@pytest.mark.parametrize("stack", STACKS)
def test_a_stack_of_this_project_passes(registered: Registered, stack: str) -> None:
    """Each stack file, prod by the rules for production as well."""
    resources = resources_of(registered(stack), stack)
    assert violations(resources, production=stack == "prod") == []


@pytest.mark.parametrize("worse", WORSE, ids=lambda worse: f"{worse.rule} {worse.says}".replace(" ", "-"))
def test_what_is_worse_is_refused_with_the_fix(registered: Registered, worse: Worse) -> None:
    """By one rule, with the resource and what to do about it."""
    stack = worse.of(resources_of(registered("prod"), "prod"))
    (message,) = violations(stack, production=True)
    (rule,) = [rule for rule in RULES if rule.name == worse.rule]
    assert message.startswith(f"{worse.rule}: ")
    assert worse.says in message
    assert message.endswith(f". Fix: {rule.fix}.")


def test_every_rule_refuses_something() -> None:
    """No rule stands in the pack that nothing shows to work."""
    assert {worse.rule for worse in WORSE} == {rule.name for rule in RULES}
    assert len(RULES) >= 12


def test_a_rule_for_production_holds_there_alone(registered: Registered) -> None:
    """A developer's bucket may be emptied with its stack."""
    stack = changed(resources_of(registered("dev"), "dev"), *BUCKET, forceDestroy=True)
    assert violations(stack, production=False) == []
    assert violations(stack, production=True) != []


def test_the_queue_of_dead_letters_needs_none(registered: Registered) -> None:
    """It is found by its ARN too, where the stack tells no dependencies."""
    stack = resources_of(registered("prod"), "prod")
    (dead,) = [one for one in stack if (one.type, one.name) == (QUEUE[0], "work-dead-letters")]
    (work,) = [one for one in stack if (one.type, one.name) == QUEUE]
    arn = json.loads(work.props["redrivePolicy"])["deadLetterTargetArn"]
    alone = Resource(dead.type, dead.name, dead.urn, {**dead.props, "arn": arn})
    (rule,) = [rule for rule in RULES if rule.name == "queues-have-dead-letters"]
    assert list(rule.violations(alone, [alone, Resource(work.type, "work", work.urn, work.props)])) == []
    assert len(list(rule.violations(alone, [alone]))) == 1


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_rule_says_what_it_wants_in_a_sentence(rule: Rule) -> None:
    """The description opens the message that Pulumi's CLI prints."""
    assert re.fullmatch(r"[A-Z][^.]+\.", rule.description)
    assert rule.types


def test_the_runtimes_of_this_project_are_supported() -> None:
    """What the setting allows, the pack lets through."""
    (runtimes,) = [setting.kind.allowed for setting in SETTINGS if setting.name == "runtime"]
    (rule,) = [rule for rule in RULES if rule.name == "functions-run-on-a-supported-runtime"]
    for runtime in re.findall(r"python[\d.]+", runtimes):
        assert list(rule.violations(Resource(FUNCTION[0], "one", "urn", {"runtime": runtime}))) == []


@pytest.mark.parametrize("region", sorted(ACCOUNTS))
def test_the_account_of_the_adot_layer_is_the_one_that_is_deployed(region: str) -> None:
    """The pack, which stands alone, repeats the accounts of the components' table."""
    assert f":{ACCOUNTS[region]}:layer:" in adot_layer_arn(region)
