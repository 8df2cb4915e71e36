"""The engine as the server runs it: a child process."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from embedded_aws.engine.clients import Clients
from tests.embedded_aws.engine import harness
from tests.embedded_aws.engine.harness import REPOSITORY, answer_of, failure_of, run_engine, write_project

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM = """
import os, subprocess, sys
import pulumi
import pulumi_aws as aws
import beside

print("printed")
subprocess.run(["echo", "by a child"], check=True)
config = pulumi.Config()
queue = aws.sqs.Queue("jobs", tags={"stage": config.require("stage")})
aws.kms.Key("net")
pulumi.export("main", __name__)
pulumi.export("cwd", os.getcwd())
pulumi.export("first", sys.path[0])
pulumi.export("url", queue.url)
pulumi.export("sdk", {key: os.environ[key] for key in ("AWS_ENDPOINT_URL", "AWS_REGION")})
pulumi.export("stack", f"{pulumi.get_project()}/{pulumi.get_stack()}")
"""


def test_answer_is_one_line_and_all_else_goes_to_stderr(aws: harness.Aws, tmp_path: Path) -> None:
    """Standard output has the answer only; the caller's own AWS account has no influence."""
    (tmp_path / "beside.py").touch()
    pulumi = {
        "name": "child", "runtime": "python",
        "config": {"stage": {"type": "string"}, "runtime": {"default": "python3.9"},
                   "token": {"default": "hush", "secret": True}},
    }  # fmt: skip
    write_project(
        tmp_path, PROGRAM, pulumi=pulumi, dev={"config": {"aws:region": "eu-west-1", "child:stage": "x"}}
    )
    done = run_engine(aws.url, tmp_path, "--config", "stage=y")
    answer = answer_of(done)
    assert sorted(done.stderr.split("\n")) == ["", "by a child", "printed"]
    url = answer["outputs"].pop("url")
    assert answer == {
        "project": "child",
        "stack": "dev",
        "region": "eu-west-1",
        "config": {
            "aws:region": "eu-west-1",
            "stage": "y",
            "runtime": f"python{sys.version_info.major}.{sys.version_info.minor}",
            "token": "[secret]",
        },
        "outputs": {
            "main": "__main__",
            "cwd": str(tmp_path),
            "first": str(tmp_path),
            "sdk": {"AWS_ENDPOINT_URL": aws.url, "AWS_REGION": "eu-west-1"},
            "stack": "child/dev",
        },
        "resources": {"run": 1, "stored only": 0, "skipped": 1},
        "warnings": [
            "aws:kms/key:Key 'net' (__main__.py:11): this type is not supported here; it was skipped"
        ],
    }
    client = Clients(aws.url).get("sqs", "eu-west-1")
    assert client.list_queue_tags(QueueUrl=url)["Tags"] == {"stage": "y"}


def test_log_of_the_program_goes_to_stderr(aws: harness.Aws, tmp_path: Path) -> None:
    """What it tells with `pulumi.log` is shown with its level, but for what is for finding bugs."""
    program = (
        "import pulumi\nfor level in 'debug', 'info', 'warn', 'error': getattr(pulumi.log, level)(level)"
    )
    done = run_engine(aws.url, write_project(tmp_path, program))
    assert done.stderr.splitlines() == ["INFO: info", "WARNING: warn", "ERROR: error"]


def test_failing_program_is_one_message(aws: harness.Aws, tmp_path: Path) -> None:
    """Standard error has the message only, also when resources are still being created."""
    program = (
        "import pulumi_aws as aws\naws.sqs.Queue('one')\naws.sqs.Queue('two')\nraise ValueError('wrong')"
    )
    message = failure_of(run_engine(aws.url, write_project(tmp_path, program)))
    assert message == "the program raised ValueError: wrong (__main__.py:4)"


def test_bad_option_is_one_message(aws: harness.Aws, tmp_path: Path) -> None:
    """What is wrong before the program runs is told in one line."""
    message = failure_of(run_engine(aws.url, write_project(tmp_path, ""), "--config", "nonsense"))
    assert message == "--config 'nonsense' is not of the form KEY=VALUE"


def test_endpoint_that_is_not_there_is_named(tmp_path: Path) -> None:
    """A dead endpoint fails at the first resource, with its address."""
    write_project(tmp_path, "import pulumi_aws as aws\naws.sqs.Queue('jobs')")
    message = failure_of(run_engine("http://127.0.0.1:1", tmp_path))
    assert (
        "Queue 'jobs' (__main__.py:2) could not be created: Could not connect to the endpoint URL" in message
    )
    assert "http://127.0.0.1:1" in message


def test_main_in_a_directory_runs_there(aws: harness.Aws, tmp_path: Path) -> None:
    """`main: src` runs with src as working directory."""
    (tmp_path / "src").mkdir()
    program = "import os, json, pulumi\npulumi.export('cwd', os.getcwd())"
    (tmp_path / "src" / "__main__.py").write_text(program)
    write_project(tmp_path, "", pulumi=json.dumps({"name": "shop", "runtime": "python", "main": "src"}))
    assert answer_of(run_engine(aws.url, tmp_path))["outputs"] == {"cwd": str(tmp_path / "src")}


def test_projects_own_program_is_fully_supported(aws: harness.Aws) -> None:
    """The project's program deploys without a warning: every resource and input of it has an effect."""
    answer = answer_of(run_engine(aws.url, REPOSITORY, "--stack", "dev", "--config", "aws:region=eu-west-1"))
    assert answer["warnings"] == []
    assert answer["config"]["tracing"] == "otel"
