"""`waterfall serve`: an embedded AWS without a program, into which things are deployed later."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.account import KEY, user_account
from tests.e2e.stack import DEADLINE, REPOSITORY, Stack, running
from tests.embedded_aws.server_process import create_function
from waterfall.cli import main

if TYPE_CHECKING:
    from collections.abc import Iterator

CODE = "def handler(event, context):\n    return {'statusCode': 200, 'body': 'served'}\n"

PROGRAM = """import os, pulumi
pulumi.export("url", "https://abc.execute-api.us-east-1.amazonaws.com/dev")
pulumi.export("shell", {name: value for name, value in os.environ.items() if name.startswith("AWS_")})
pulumi.export("password", pulumi.Config().require_secret("password"))
"""


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


def test_the_exports_lead_to_it(served: Stack, capsys: pytest.CaptureFixture[str]) -> None:
    """A shell that evaluates what `waterfall env` prints reaches it with any SDK."""
    assert main(["env", "--endpoint", served.status["endpoint"]]) == 0
    python = "import boto3; print(boto3.client('sts').meta.endpoint_url)"
    shell = f"{capsys.readouterr().out}\n{shlex.join([sys.executable, '-c', python])}"
    done = subprocess.run(["sh", "-c", shell], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == served.status["endpoint"]


def test_without_a_stack_the_exports_say_how_to_start_one(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is printed that a shell would evaluate."""
    with socket.socket() as deaf:  # bound, so that nobody else listens there
        deaf.bind(("127.0.0.1", 0))
        assert main(["env", "--endpoint", f"http://127.0.0.1:{deaf.getsockname()[1]}"]) == 1
    told = capsys.readouterr()
    assert (told.out, "; start one: " in told.err) == ("", True)


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose user has an account, a backend that is logged in to, and a stack with a secret."""
    home = tmp_path / "home"
    for name, value in user_account(home).items():
        monkeypatch.setenv(name, value)
    pulumi = home / ".pulumi"
    (pulumi / "plugins").mkdir(parents=True)
    (pulumi / "credentials.json").write_text('{"current": "https://api.pulumi.com"}')
    monkeypatch.setenv("PULUMI_HOME", str(pulumi))
    monkeypatch.setenv("PULUMI_BACKEND_URL", "s3://the-users-own")
    monkeypatch.setenv("PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION", "true")
    directory = tmp_path / "shop"
    directory.mkdir()
    (directory / "Pulumi.yaml").write_text(
        "name: shop\nruntime: {name: python, options: {virtualenv: .venv}}\nbackend: {url: 's3://the-users-own'}\n"
    )
    (directory / "Pulumi.dev.yaml").write_text(
        "encryptionsalt: v1:real\nconfig:\n  aws:profile: production\n  shop:password: {secure: v1:real}\n"
    )
    (directory / "__main__.py").write_text(PROGRAM)
    (directory / ".venv").symlink_to(sys.prefix)
    return directory


def content(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file() and ".venv" not in path.parts)
    return {
        str(path.relative_to(folder)): path.read_bytes() for path in files if "__pycache__" not in path.parts
    }


def test_the_users_pulumi_stays_as_it_is(
    served: Stack, shop: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Backend, stack files and credentials: the CLI deploys beside them, with a state of its own."""
    use_real_cli(monkeypatch)
    before = content(shop.parent)
    where = ["pulumi", "-C", str(shop), "--endpoint", served.status["endpoint"]]
    assert main([*where, "--config", "password=here", "--", "up", "--yes", "--non-interactive"]) == 0
    shown = capfd.readouterr().out
    assert f"url: {served.status['endpoint']}/execute-api/abc/dev" in shown.partition("reached here:")[2]
    assert main([*where, "--", "stack", "output", "--json"]) == 0
    outputs = json.loads(capfd.readouterr().out)
    assert outputs["password"] == "[secret]"
    assert outputs["shell"]["AWS_ACCESS_KEY_ID"] == "test"
    assert KEY not in json.dumps(outputs)
    assert main([*where, "--", "destroy", "--yes", "--non-interactive"]) == 0
    assert content(shop.parent) == before
    state = Path(
        served.status["storage"]["directory"], "pulumi", "state", ".pulumi", "stacks", "shop", "dev.json"
    )
    assert state.is_file()


def test_a_secret_is_asked_for_before_anything_runs(
    served: Stack, shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The error names it; no CLI is needed to know."""
    shutil.copy(shop / "Pulumi.dev.yaml", shop / "Pulumi.asked.yaml")
    where = ["-C", str(shop), "--stack", "asked", "--endpoint", served.status["endpoint"]]
    assert main(["pulumi", *where, "--", "up"]) == 1
    assert "secrets that cannot be decrypted here: password; give" in capsys.readouterr().err


def use_real_cli(monkeypatch: pytest.MonkeyPatch) -> None:
    path = os.environ.get("PULUMI_CLI_BIN") or os.environ["PATH"]
    found = [shutil.which(name, path=path) for name in ("pulumi", "pulumi-language-python")]
    if not all(found):
        pytest.skip("Pulumi's CLI and its host for Python are not at hand: PULUMI_CLI_BIN names their folder")
    folders = {str(Path(str(name)).parent) for name in found}
    monkeypatch.setenv("PATH", os.pathsep.join([*folders, os.environ["PATH"]]))


def commands(page: str) -> list[str]:
    text = (REPOSITORY / "docs" / page).read_text(encoding="utf-8")
    return re.findall(r"^\$ ([^#\n]+?) *(?:#.*)?$", text, re.MULTILINE)


def test_the_commands_of_the_pulumi_page_run(
    served: Stack, shop: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the page's order, in the folder of a program; `waterfall serve` itself runs already."""
    use_real_cli(monkeypatch)
    monkeypatch.setenv("AWS_ENDPOINT_URL", served.status["endpoint"])
    monkeypatch.chdir(shop)
    assert main(["pulumi", "--config", "password=here", "--", "preview", "--non-interactive"]) == 0
    listed = [shlex.split(command) for command in commands("pulumi-on-the-laptop.md")]
    assert ["waterfall", "serve"] in listed
    for words in (words for words in listed if words != ["waterfall", "serve"]):
        assert words[0] == "waterfall"
        asked = ["--non-interactive"] if {"up", "preview", "refresh", "destroy"} & {*words} else []
        assert main([*words[1:], *asked]) == 0, (words, capfd.readouterr())


def test_the_commands_of_the_terraform_page_run(served: Stack, tmp_path: Path) -> None:
    """In one shell, as they stand; `waterfall serve` itself runs already."""
    listed = commands("terraform.md")
    assert listed[0] == "waterfall serve"
    folder = str(Path(sys.executable).parent)
    shell = {
        "PATH": os.pathsep.join([folder, os.environ["PATH"]]),
        "HOME": str(tmp_path),
        "AWS_ENDPOINT_URL": served.status["endpoint"],
    }
    script = "\n".join(["set -e", *listed[1:]])
    done = subprocess.run(["sh", "-c", script], env=shell, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    buckets = served.client("s3").list_buckets()["Buckets"]
    assert "terraform-state" in [bucket["Name"] for bucket in buckets]
