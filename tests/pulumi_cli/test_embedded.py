"""The program under Pulumi's real CLI, on an embedded AWS: what the engine sets is read back, and works."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.functions import host
from tests.e2e.lab import running
from tests.e2e.stack import REPOSITORY, Answer, Stack
from tests.e2e.traces import FUNCTION, Trace, settled, whole_trace
from tests.pulumi_cli.cli import ONE_ROUTE, TWO_ROUTES, CliError, Workspace, copy_program, operations

Done = list[dict[str, Any]]
WORK = "0.1"


@dataclass
class Shown:
    """One request to a deployed program, and its trace."""

    answer: Answer
    trace: Trace
    outputs: dict[str, Any]


@dataclass
class Life:
    """What each step of one stack's life did, and what could be seen after it."""

    first: Done = field(default_factory=list)
    drift: str = ""
    shown: dict[str, Shown] = field(default_factory=dict)
    flip: Done = field(default_factory=list)
    removed: dict[str, int] = field(default_factory=dict)
    left: list[dict[str, Any]] = field(default_factory=list)
    things_left: set[str] = field(default_factory=set)


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with running(tmp_path_factory.mktemp("cloud")) as lab:
        yield lab.stack


@pytest.fixture(scope="module")
def life(
    open_workspace: Callable[[Path], Workspace], tmp_path_factory: pytest.TempPathFactory, cloud: Stack
) -> Life:
    """Let one stack live; a command that finds a change where none is expected, fails by itself."""
    workspace = open_workspace(tmp_path_factory.mktemp("embedded"))
    copy_program(workspace.directory)
    (workspace.directory / ".build").symlink_to(REPOSITORY / ".build")
    main = workspace.directory / "__main__.py"
    program = main.read_text(encoding="utf-8")
    main.write_text(program.replace(ONE_ROUTE, TWO_ROUTES), encoding="utf-8")
    here = {"runtime": host().runtime, "architecture": host().architecture}
    endpoints = [{"lambda": cloud.status["endpoint"]}]
    workspace.pulumi("stack", "init", "dev")
    workspace.configure("dev", **{**here, "workSeconds": WORK, "aws:endpoints": endpoints})
    life, before = Life(), things(cloud)
    life.first = workspace.up()
    workspace.up("--expect-no-changes")
    workspace.pulumi("refresh", "--yes", "--skip-preview", "--expect-no-changes")
    life.drift = drift(workspace, cloud)
    life.shown["otel"] = shown(workspace, cloud)
    workspace.configure("dev", tracing="native")
    life.flip = workspace.up()
    workspace.pulumi("refresh", "--yes", "--skip-preview", "--expect-no-changes")
    life.shown["native"] = shown(workspace, cloud)
    main.write_text(program, encoding="utf-8")
    workspace.up()
    url = str(workspace.outputs()["apiUrl"])
    life.removed = {path: cloud.request(url + path).status for path in ("/hello", "/bye")}
    workspace.destroy()
    life.left = workspace.state()
    life.things_left = things(cloud) - before
    return life


def drift(workspace: Workspace, cloud: Stack) -> str:
    """Change a function behind Pulumi's back, and back again; return what a refresh says of it."""
    function = {"FunctionName": workspace.outputs()["workerFunction"]}
    cloud.client("lambda").update_function_configuration(**function, MemorySize=256)
    with pytest.raises(CliError) as told:
        workspace.pulumi("refresh", "--preview-only", "--expect-no-changes", "--diff")
    cloud.client("lambda").update_function_configuration(**function, MemorySize=512)
    return str(told.value)


def shown(workspace: Workspace, cloud: Stack) -> Shown:
    """Send one request to the deployed program and wait for its waterfall."""
    outputs = workspace.outputs()
    answer = cloud.request(outputs["url"])
    trace = whole_trace(cloud, answer.trace_id, settled, "the end of both invocations")
    return Shown(answer, trace, outputs)


def things(cloud: Stack) -> set[str]:
    """Return what there is of each kind that costs money, or gets in the way of the next stack."""
    ask = cloud.client
    mappings = ask("lambda").list_event_source_mappings()["EventSourceMappings"]
    rules = ask("xray").get_sampling_rules()["SamplingRuleRecords"]
    return {
        *(each["FunctionArn"] for each in ask("lambda").list_functions()["Functions"]),
        *(each["LayerArn"] for each in ask("lambda").list_layers()["Layers"]),
        *(each["UUID"] for each in mappings),
        *(each["id"] for each in ask("apigateway").get_rest_apis()["items"]),
        *ask("sqs").list_queues().get("QueueUrls", []),
        *(each["Name"] for each in ask("s3").list_buckets()["Buckets"]),
        *ask("dynamodb").list_tables()["TableNames"],
        *(each["Arn"] for each in ask("iam").list_roles()["Roles"]),
        *(each["arn"] for each in ask("logs").describe_log_groups()["logGroups"]),
        *(each["SamplingRule"]["RuleARN"] for each in rules),
    }


def test_the_program_is_up_and_a_second_up_and_a_refresh_find_nothing(life: Life) -> None:
    """The CLI itself fails when they do, and before that the provider, when an input had no effect."""
    assert operations(life.first) == {"create": len(life.first)}


def test_a_flip_of_the_mode_changes_functions_in_place(life: Life) -> None:
    changed = {(line["did"], line["type"].rpartition(":")[2]) for line in life.flip}
    assert changed == {("update", "Function"), ("create", "LayerVersion")}


def test_a_refresh_finds_what_was_changed_behind_its_back(life: Life) -> None:
    """So that it found nothing before is no accident."""
    assert re.search(r"~ memorySize +: 512 => 256", life.drift), life.drift


@pytest.mark.parametrize("mode", ["otel", "native"])
def test_a_request_has_its_waterfall(life: Life, mode: str) -> None:
    """From the stage to the worker and what it calls, without orphans, in the mode that was deployed."""
    found = life.shown[mode]
    assert (found.answer.status, found.outputs["tracing"]) == (200, mode)
    assert [(root.name, root.origin) for root in found.trace.roots] == [
        (f"{found.outputs['apiName']}/dev", "AWS::ApiGateway::Stage")
    ]
    worker = found.trace.only(found.outputs["workerFunction"], origin=FUNCTION)
    for step in ("work", "dynamodb", "s3", "sqs"):
        assert found.trace.only(step, below=worker)


def test_a_removed_route_is_gone_with_the_deployment_that_follows(life: Life) -> None:
    """Both routes were there before; API Gateway answers 403 for one that is not."""
    assert life.removed == {"/hello": 200, "/bye": 403}


def test_destroy_leaves_nothing(life: Life) -> None:
    assert life.left == []
    assert life.things_left == set()
