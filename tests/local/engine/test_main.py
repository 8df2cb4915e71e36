"""The engine as the server runs it: a child process."""

from __future__ import annotations

import json
import platform
import sys
from typing import TYPE_CHECKING

import pytest

from local.engine.clients import Clients
from tests.local.engine.harness import REPOSITORY, answer_of, failure_of, run_engine, write_project

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


def test_answer_is_one_line_and_all_else_goes_to_stderr(aws, tmp_path: Path):
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
        "warnings": ["aws:kms/key:Key 'net': this type is not supported here; it was skipped"],
    }
    client = Clients(aws.url).get("sqs", "eu-west-1")
    assert client.list_queue_tags(QueueUrl=url)["Tags"] == {"stage": "y"}


def test_architecture_is_the_hosts(aws, tmp_path: Path):
    """A project that declares `architecture` gets this machine's."""
    pulumi = {
        "name": "arch",
        "runtime": "python",
        "config": {"architecture": {"type": "string", "default": "m68k"}},
    }
    answer = answer_of(run_engine(aws.url, write_project(tmp_path, "", pulumi=pulumi)))
    machine = platform.machine().lower()
    assert answer["config"]["architecture"] == {"amd64": "x86_64", "aarch64": "arm64"}.get(machine, machine)


@pytest.mark.parametrize(("program", "message"), [
    ("import pulumi\n\nraise ValueError('wrong')", "the program raised ValueError: wrong (__main__.py:3)"),
    ("import beside", "the program raised ZeroDivisionError: division by zero (beside.py:2)"),
    ("x = = 1", "the program raised SyntaxError: invalid syntax (__main__.py:1)"),
    ("import absent_package",
     ("the program raised ModuleNotFoundError: No module named 'absent_package'; "
      "install it beside this tool, or name its virtualenv in Pulumi.yaml (__main__.py:1)")),
    ("import sys\nsys.exit(3)", "the program exited with 3"),
    ("import pulumi\nraise pulumi.RunError('said plainly')", "said plainly (__main__.py:2)"),
    ("import pulumi\npulumi.Config().require('wish')",
     "missing configuration value 'shop:wish'; give it with --config wish=VALUE (__main__.py:2)"),
    (("import pulumi\nimport pulumi_aws as aws\n"
      "aws.sqs.Queue('q', tags={'a': pulumi.Output.from_input(1).apply(lambda one: {}[one])})"),
     "the program raised KeyError: 1 (__main__.py:3)"),
    ("import pulumi\npulumi.export('x', pulumi.Output.from_input(1).apply(lambda one: one / 0))",
     "the program raised ZeroDivisionError: division by zero (__main__.py:2)"),
])  # fmt: skip
def test_failing_program_is_one_message_with_the_users_line(aws, tmp_path: Path, program, message):
    """Whatever the program raises, standard error has one line with type, text and the user's own place."""
    (tmp_path / "beside.py").write_text("\n1 / 0\n")
    assert failure_of(run_engine(aws.url, write_project(tmp_path, program))) == message


@pytest.mark.parametrize(("files", "arguments", "message"), [
    ({"pulumi": {"name": "shop", "runtime": "go"}}, (), "only Pulumi programs in python"),
    ({"dev": "", "prod": ""}, ("--stack", "live"), "no stack named 'live'"),
    ({"dev": {"config": {"shop:key": {"secure": "v1"}}}}, (), "'shop:key' of stack 'dev' is encrypted"),
    ({"dev": {"config": {"aws:region": "eu-wset-1"}}}, (), "there is no AWS region 'eu-wset-1'"),
    ({}, ("--config", "nonsense"), "'nonsense' is not of the form KEY=VALUE"),
])  # fmt: skip
def test_bad_input_is_one_message(aws, tmp_path: Path, files, arguments, message):
    """What is wrong before the program runs is told in one line."""
    assert message in failure_of(run_engine(aws.url, write_project(tmp_path, "", **files), *arguments))


def test_endpoint_that_is_not_there_is_named(tmp_path: Path):
    """A dead endpoint fails at the first resource, with its address."""
    write_project(tmp_path, "import pulumi_aws as aws\naws.sqs.Queue('jobs')")
    message = failure_of(run_engine("http://127.0.0.1:1", tmp_path))
    assert "Queue 'jobs' could not be created: Could not connect to the endpoint URL" in message
    assert "http://127.0.0.1:1" in message


def test_main_in_a_directory_runs_there(aws, tmp_path: Path):
    """`main: src` runs with src as working directory."""
    (tmp_path / "src").mkdir()
    program = "import os, json, pulumi\npulumi.export('cwd', os.getcwd())"
    (tmp_path / "src" / "__main__.py").write_text(program)
    write_project(tmp_path, "", pulumi=json.dumps({"name": "shop", "runtime": "python", "main": "src"}))
    assert answer_of(run_engine(aws.url, tmp_path))["outputs"] == {"cwd": str(tmp_path / "src")}


def test_projects_own_program_is_fully_supported(aws):
    """This project's program deploys without a warning: every resource and input of it has an effect."""
    answer = answer_of(run_engine(aws.url, REPOSITORY, "--stack", "dev", "--config", "aws:region=eu-west-1"))
    assert answer["warnings"] == []
    assert answer["config"]["tracing"] == "otel"
