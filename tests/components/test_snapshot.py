"""What each stack file deploys, resource by resource, and what a change of it alters."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pulumi
import pytest

from tests.components.conftest import Deployed, Project

GOLDEN = Path(__file__).with_name("golden")
STACKS = ("dev", "gameday", "prod", "staging")
FUNCTIONS = {("aws:lambda/function:Function", f"{name}-function") for name in ("consumer", "front", "worker")}

Inputs = dict[tuple[str, str], dict[str, Any]]


def plain(value: Any) -> Any:
    """Return an input as JSON has it; an archive's name without the digest of what is in it."""
    if isinstance(value, pulumi.Archive):
        return re.sub(r"-[0-9a-f]{16}\.zip$", "-….zip", str(vars(value)["path"]))
    raise TypeError(value)


def inputs_of(deployed: Deployed) -> Inputs:
    """Return the inputs by type and name; whether this machine has a Python to compile with is left out."""
    return {
        (one.type, one.name): json.loads(json.dumps(one.inputs, default=plain))
        | ({"(protect)": True} if one.options.protect else {})
        for one in deployed.resources
        if one.type != "pulumi:index:Stash"
    }


def listing(inputs: Inputs) -> str:
    """Write resources for people: JSON texts opened up, one input a line."""
    lines = []
    for (type_, name), given in sorted(inputs.items()):
        lines.append(f"{type_} {name}")
        lines += [f"  {key}: {opened(value)}" for key, value in sorted(given.items())]
    return "\n".join([*lines, ""])


def opened(value: Any) -> str:
    if isinstance(value, str) and value[:1] == "{":
        value = json.loads(value)
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def changes(before: Inputs, after: Inputs) -> dict[tuple[str, str], set[str]]:
    """Return which inputs of which resources differ; for one that comes or goes, the words for it."""
    return {
        place: {
            key for key in {*before[place], *after[place]} if before[place].get(key) != after[place].get(key)
        }
        if place in before and place in after
        else {"comes" if place in after else "goes"}
        for place in {*before, *after}
        if before.get(place) != after.get(place)
    }


@pytest.mark.parametrize("stack", STACKS)
def test_a_stack_is_what_was_reviewed(project: Project, stack: str) -> None:
    """Each resource with its type, name and inputs; a change shows in the file, for the eyes of a reviewer.

    To take it over, delete the file and run the test.
    """
    golden = GOLDEN / f"{stack}.txt"
    text = listing(inputs_of(project.up(stack, local="true" if stack == "gameday" else "false")))
    if not golden.exists():
        golden.write_text(text, encoding="utf-8")
        pytest.fail(f"{golden.name} was not there, and is written now; review it")
    assert text == golden.read_text(encoding="utf-8")


def test_a_change_of_memory_alters_the_functions_memory(project: Project) -> None:
    """In place, and nothing besides."""
    before, after = (inputs_of(project.up(memory=memory)) for memory in ("512", "1024"))
    assert changes(before, after) == {function: {"memorySize"} for function in FUNCTIONS}


def test_a_flip_of_the_mode_replaces_nothing(project: Project) -> None:
    """Functions get other layers and variables in place; a layer comes, as AWS's own was used before."""
    before, after = (inputs_of(project.up(tracing=mode)) for mode in ("otel", "native"))
    assert changes(before, after) == {
        **{function: {"environment", "layers"} for function in FUNCTIONS},
        ("traced-api:index:PythonLayer", "tracing-native"): {"comes"},
        ("aws:lambda/layerVersion:LayerVersion", "tracing-native-version"): {"comes"},
    }


def with_routes(project: Project, routes: str) -> Inputs:
    """Return the inputs of the program with other routes, written as in its source."""
    main = project.directory / "__main__.py"
    main.write_text(re.sub(r"(routes, access = )\{.*?\}", rf"\g<1>{{{routes}}}", main.read_text()))
    return inputs_of(project.up())


API = ("aws:apigateway/restApi:RestApi", "api")
DEPLOYMENT = ("aws:apigateway/deployment:Deployment", "api-deployment")
STAGE = ("aws:apigateway/stage:Stage", "api-stage")
ONE_ROUTE, TWO_ROUTES = '"GET /hello": front', '"GET /hello": front, "POST /hello": front'


@pytest.mark.parametrize(
    ("before", "after", "permission"), [(ONE_ROUTE, TWO_ROUTES, "comes"), (TWO_ROUTES, ONE_ROUTE, "goes")]
)
def test_a_route_that_comes_or_goes_alters_the_document_and_what_serves_it(
    project: Project, before: str, after: str, permission: str
) -> None:
    """The API's document, the deployment that is a snapshot of it, the stage's choice, and one permission."""
    assert changes(with_routes(project, before), with_routes(project, after)) == {
        API: {"body"},
        DEPLOYMENT: {"triggers"},
        STAGE: {"deployment"},
        ("aws:lambda/permission:Permission", "api-permission-post/hello"): {permission},
    }


def test_an_authorization_alters_no_function(project: Project) -> None:
    """It is the API's affair."""
    before = inputs_of(project.up())
    after = inputs_of(project.up(authorization='{"GET /hello": "iam"}'))
    assert changes(before, after) == {API: {"body"}, DEPLOYMENT: {"triggers"}, STAGE: {"deployment"}}


def test_production_watches_and_guards_and_alters_no_function(project: Project) -> None:
    """Nothing is replaced: inputs that change do so in place."""
    before, after = (inputs_of(project.up(production=value)) for value in ("false", "true"))
    altered = changes(before, after)
    assert {place: what for place, what in altered.items() if what != {"comes"}} == {
        API: {"(protect)"},
        ("aws:apigateway/methodSettings:MethodSettings", "api-throttling"): {"settings"},
        ("aws:dynamodb/table:Table", "items"): {
            *("(protect)", "deletionProtectionEnabled", "pointInTimeRecovery"),
        },
        ("aws:s3/bucket:Bucket", "objects"): {"(protect)", "forceDestroy"},
        ("aws:sqs/queue:Queue", "work"): {"(protect)"},
        ("aws:sqs/queue:Queue", "work-dead-letters"): {"(protect)"},
    }
    assert {type_ for (type_, _), what in altered.items() if what == {"comes"}} == {
        "aws:cloudwatch/dashboard:Dashboard",
        "aws:cloudwatch/logGroup:LogGroup",
        "aws:cloudwatch/metricAlarm:MetricAlarm",
        "aws:xray/group:Group",
        "traced-api:index:Monitoring",
    }


def test_another_owner_alters_names_alone(project: Project) -> None:
    """What one developer deploys as `dev`, another does too, and it is the same but for the names."""
    one, two = (listing(inputs_of(project.up(suffix=suffix))) for suffix in ("1a2b3c4", "9f8e7d6"))
    # the digest of the document, which has names in it
    digests = r"[0-9a-f]{64}|-id[0-9a-f]{6}"
    assert re.sub(digests, "…", two.replace("9f8e7d6", "1a2b3c4")) == re.sub(digests, "…", one)
