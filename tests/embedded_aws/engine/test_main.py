"""The engine as the server runs it: a child process."""

from __future__ import annotations

import json
import sys
import threading
import zipfile
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from embedded_aws.engine.clients import Clients
from tests.embedded_aws.engine import harness
from tests.embedded_aws.engine.harness import REPOSITORY, answer_of, failure_of, run_engine, write_project

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PROGRAM = """
import atexit, os, subprocess, sys, threading
import pulumi
import pulumi_aws as aws
import beside

print("printed")
subprocess.run(["echo", "by a child"], check=True)
atexit.register(print, "at its exit")
threading.Thread(target=lambda: (threading.main_thread().join(), print("after its end"))).start()
config = pulumi.Config()
queue = aws.sqs.Queue("jobs", tags={"stage": config.require("stage")})
aws.ecr.Repository("net")
pulumi.export("main", __name__)
pulumi.export("cwd", os.getcwd())
pulumi.export("first", sys.path[0])
pulumi.export("url", queue.url)
pulumi.export("sdk", {key: os.environ[key] for key in ("AWS_ENDPOINT_URL", "AWS_REGION")})
pulumi.export("stack", f"{pulumi.get_project()}/{pulumi.get_stack()}")
"""


TYPE = "aws:ecr/repository:Repository"
"""A type that is not supported."""


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
    assert sorted(done.stderr.split("\n")) == ["", "after its end", "at its exit", "by a child", "printed"]
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
            f"{TYPE} 'net' (__main__.py:13): this type is not supported here; it was skipped",
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


def test_a_program_that_logs_everything_does_not_log_the_engines_calls(
    aws: harness.Aws, tmp_path: Path
) -> None:
    """Its own messages are shown; the SDK's, of the calls that deploy it, are not."""
    program = (
        "import logging\nimport pulumi_aws as aws\nlogging.basicConfig(level=logging.DEBUG)\n"
        "logging.getLogger('shop').debug('mine')\naws.sqs.Queue('q')"
    )
    done = run_engine(aws.url, write_project(tmp_path, program))
    assert done.returncode == 0, done.stderr
    loggers = {line.split(":")[1] for line in done.stderr.splitlines() if line.startswith("DEBUG:")}
    assert loggers - {"asyncio"} == {"shop"}


def test_a_setting_that_the_program_does_not_ask_for_is_told(aws: harness.Aws, tmp_path: Path) -> None:
    """Given with --config alone: what a stack's file has may be for others."""
    program = "import pulumi\npulumi.export('stage', pulumi.Config().get('stage'))"
    write_project(tmp_path, program, dev={"config": {"shop:else": 1}})
    answer = answer_of(run_engine(aws.url, tmp_path, *("--config=stage=a", "--config=tracing=native")))
    assert answer["outputs"] == {"stage": "a"}
    told = "the program does not ask for this setting, so it changes nothing"
    more = "its functions trace as their code does, and with --instrument"
    assert answer["warnings"] == [f"--config tracing: {told}; {more}"]


def test_failing_program_is_one_message(aws: harness.Aws, tmp_path: Path) -> None:
    """Standard error has the message only, also when resources are still being created."""
    program = (
        "import pulumi_aws as aws\naws.sqs.Queue('one')\naws.sqs.Queue('two')\nraise ValueError('wrong')"
    )
    message = failure_of(run_engine(aws.url, write_project(tmp_path, program)))
    assert message == "the program raised ValueError: wrong (__main__.py:4)"


@pytest.mark.parametrize(("program", "message"), [
    ("aws.sqs.Queue('q', name=object())",
     ("the program raised ValueError: unexpected input of type object for name in Queue, in resource 'q', "
      "in input 'name' (__main__.py:3)")),
    ("aws.sqs.get_queue(name='nowhere')",
     ("function aws:sqs/getQueue:getQueue (__main__.py:3) failed: GetQueueUrl answered "
      "AWS.SimpleQueueService.NonExistentQueue: The specified queue does not exist.")),
    ("pulumi.export('url', aws.sqs.get_queue_output(name='nowhere').url)",
     ("function aws:sqs/getQueue:getQueue (__main__.py:3) failed: GetQueueUrl answered "
      "AWS.SimpleQueueService.NonExistentQueue: The specified queue does not exist.")),
    (("import threading, time\nthreading.Thread(target=lambda: time.sleep(600)).start()\n"
      "raise ValueError('x')"),
     "the program raised ValueError: x (__main__.py:5)"),
    ("async def name(): raise ValueError('none')\n[aws.sqs.Queue(f'q{i}', name=name()) for i in range(9)]",
     "the program raised ValueError: none"),
    ("async def main():\n    aws.sqs.Queue('q')\n    raise ValueError('late')\npulumi.run(main)",
     "the program raised ValueError: late (__main__.py:5)"),
    (("role = aws.iam.Role('r', assume_role_policy='{}')\n"
      "aws.lambda_.Function('f', runtime='python3.13', handler='a.b', role=role.arn,\n"
      "    code=pulumi.FileArchive('code.zip'))"),
     ("aws:lambda/function:Function 'f' (__main__.py:4) could not be created: archive code.zip is broken "
      "(a.py); make it again")),
])  # fmt: skip
def test_bad_program_is_one_message_with_its_line(
    aws: harness.Aws, tmp_path: Path, program: str, message: str
) -> None:
    """Whatever goes wrong, wherever: the resource's name and the user's line, and nothing of asyncio's."""
    with zipfile.ZipFile(tmp_path / "code.zip", "w") as code:
        code.writestr("a.py", "x = 1\n")
    content = (tmp_path / "code.zip").read_bytes()
    (tmp_path / "code.zip").write_bytes(content.replace(b"x = 1", b"y = 2"))
    write_project(tmp_path, f"import pulumi\nimport pulumi_aws as aws\n{program}")
    assert failure_of(run_engine(aws.url, tmp_path)).startswith(message)


def test_strict_refuses_to_skip(aws: harness.Aws, tmp_path: Path) -> None:
    """With --strict what would be skipped is a failure that names each of them; warnings are told as well."""
    program = "import pulumi_aws as aws\naws.ecr.Repository('net')\naws.kms.get_key(key_id='alias/net')"
    done = run_engine(aws.url, write_project(tmp_path, program), "--strict")
    assert done.returncode == 1
    assert done.stderr == (
        "--strict was given, and this is not supported here: function aws:kms/getKey:getKey (__main__.py:3); "
        "aws:ecr/repository:Repository 'net' (__main__.py:2)\n"
    )
    function, key = json.loads(done.stdout)["warnings"]
    assert function.endswith("getKey (__main__.py:3): it is not supported here; it answers with placeholders")
    assert key.endswith("Repository 'net' (__main__.py:2): this type is not supported here; it was skipped")


def test_stack_reference_reads_a_running_stack(aws: harness.Aws, tmp_path: Path) -> None:
    """The outputs of another stack that runs are found by project and stack; a setting outweighs them."""
    program = (
        "import pulumi\nnet = pulumi.StackReference('acme/network/dev')\n"
        "pulumi.export('ids', [net.require_output(name) for name in ('vpc', 'own')])"
    )
    write_project(tmp_path, program)
    outputs = {"vpc": "vpc-1", "own": "theirs", "token": "[secret]"}
    with telling({"project": "network", "stack": "dev", "outputs": outputs}) as other:
        options = ("--other-stack", other, "--config", "acme/network/dev:own=ours")
        answer = answer_of(run_engine(aws.url, tmp_path, *options))
    assert answer["outputs"] == {"ids": ["vpc-1", "ours"]}
    (warning,) = answer["warnings"]
    assert "'token' is secret; give it with --config acme/network/dev:token=VALUE" in warning


@contextmanager
def telling(status: dict[str, Any]) -> Iterator[str]:
    """Answer every request with a status, as the AWS of a running stack does at `/_local/status`."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(status).encode())

        def log_message(self, *_args: object) -> None:
            """Say nothing."""

    with HTTPServer((harness.HOST, 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://{harness.HOST}:{server.server_port}"
        server.shutdown()
        thread.join()


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
