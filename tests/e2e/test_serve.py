"""`waterfall serve`: an embedded AWS without a program, into which things are deployed later."""

from __future__ import annotations

import json
import urllib.request
from typing import TYPE_CHECKING

import pytest

from tests.e2e.stack import DEADLINE, Stack, running
from tests.embedded_aws.server_process import create_function
from waterfall.cli import main

if TYPE_CHECKING:
    from collections.abc import Iterator

CODE = "def handler(event, context):\n    return {'statusCode': 200, 'body': 'served'}\n"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with running(tmp_path_factory.mktemp("served") / "data", serves="serve") as stack:
        yield stack


def test_it_is_ready_without_a_program(served: Stack) -> None:
    """Nothing is deployed, and no program is looked for in the folder."""
    status = served.status
    assert (status["status"], status["project"], status["stack"]) == ("ready", "", "")
    assert (status["apis"], status["outputs"], status["resources"]) == ({}, {}, {})


def test_it_says_how_it_is_used(served: Stack) -> None:
    """What it prints has the console, and the exports for the AWS CLI and the SDKs."""
    said = "".join(served.output)
    assert f"open  {served.status['console']}" in said
    assert f"export AWS_ENDPOINT_URL={served.status['endpoint']}" in said


def test_what_is_deployed_later_is_seen_by_all(served: Stack, capsys: pytest.CaptureFixture[str]) -> None:
    """A function's URL is in the status as soon as it is made, and its invocation has a waterfall."""
    endpoint = served.status["endpoint"]
    create_function(endpoint, "later", CODE, TracingConfig={"Mode": "Active"})
    client = served.client("lambda")
    client.create_function_url_config(FunctionName="later", AuthType="NONE")
    client.add_permission(
        FunctionName="later",
        StatementId="open",
        Action="lambda:InvokeFunctionUrl",
        Principal="*",
        FunctionUrlAuthType="NONE",
    )
    with urllib.request.urlopen(f"{endpoint}/_local/status", timeout=DEADLINE) as reply:
        apis = json.load(reply)["apis"]
    assert served.request(apis["later (function URL)"]).body == "served"
    assert main(["invoke", "later", "--endpoint", endpoint]) == 0
    shown = capsys.readouterr().out
    assert "✓ later → 200" in shown
    assert "Most time in" in shown
