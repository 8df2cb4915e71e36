"""docs/deploying.md says what is so: rights, prices, rules and marks are checked against the code."""

from __future__ import annotations

import importlib
import inspect
import json
import re
import shlex
import subprocess
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import botocore.session
import pulumi
import pytest
from botocore import xform_name

from rules.catalog import RULES
from rules.identities import policies_name_their_actions
from rules.rule import Resource
from tests.components.conftest import Deploy, run_program
from tests.deployer import ACTIONS, LOOKED_UP
from tests.test_delivery import BUILT
from waterfall.cli import COMMANDS, main

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "deploying.md").read_text(encoding="utf-8")
DEPLOYER: dict[str, Any] = json.loads((ROOT / "docs" / "deployer.json").read_text(encoding="utf-8"))
ALLOWED = {action for statement in DEPLOYER["Statement"] for action in statement["Action"]}
MARKS = ("account", "CLI")
ASKS_AWS = re.compile(r"aws |curl |make (preview|deploy)|.* --aws\b|pulumi (login|destroy)")

LARGEST_POLICY = 6144
"""Characters of a managed policy, without spaces."""

READING = ("apigateway", "apigatewayv2", "fis", "lambda", "logs", "stepfunctions", "xray")
"""AWS services whose APIs the viewer reads."""

_IN_IAM = {"stepfunctions": "states"}
ONLY_IN_IAM = {"iam:PassRole"}


def commands(page: str) -> Iterator[tuple[str, str]]:
    """Yield each command of a page with its mark."""
    for console in re.findall(r"(?ms)^ *```console\n(.*?)^ *```", page):
        for line in console.splitlines():
            command, _, mark = line.strip().removeprefix("$ ").partition("    # ")
            yield command, mark


def types_made() -> set[str]:
    """Return the types that some stack has, and those that a component can make besides."""
    golden = "".join(path.read_text() for path in (ROOT / "tests/components/golden").glob("*.txt"))
    listed = set(re.findall(r"(?m)^(aws:\S+)", golden))
    source = "".join(path.read_text() for path in (ROOT / "components").glob("*.py"))
    for module, name in set(re.findall(r"\baws\.(\w+)\.([A-Z]\w+)\(", source)):
        made = getattr(importlib.import_module(f"pulumi_aws.{module}"), name)
        if inspect.isclass(made) and issubclass(made, pulumi.CustomResource):
            listed.add(f"aws:{module.rstrip('_')}/{name[0].lower()}{name[1:]}:{name}")
    return listed


@pytest.mark.parametrize("type_", sorted(types_made()))
def test_the_deployer_may_make_each_type(type_: str) -> None:
    """A new type needs a row in `tests/deployer.py`, and its actions in docs/deployer.json."""
    assert type_ in ACTIONS
    assert ACTIONS[type_] - ALLOWED == set()


def test_the_deployer_may_do_nothing_else() -> None:
    """What no type needs is not allowed; and no wildcard allows it all the same."""
    assert LOOKED_UP.union(*ACTIONS.values()) == ALLOWED
    assert set(ACTIONS) == types_made()
    policy = Resource("aws:iam/policy:Policy", "deployer", "urn", {"policy": json.dumps(DEPLOYER)})
    assert list(policies_name_their_actions.violations(policy)) == []


def test_the_deployers_policy_fits_into_a_managed_one() -> None:
    assert len(re.sub(r"\s", "", json.dumps(DEPLOYER))) <= LARGEST_POLICY


def test_roles_are_passed_to_named_services_alone() -> None:
    (passing,) = [one for one in DEPLOYER["Statement"] if "iam:PassRole" in one["Action"]]
    assert passing["Action"] == ["iam:PassRole"]
    assert list(passing["Condition"]["StringEquals"]) == ["iam:PassedToService"]


@pytest.mark.parametrize("action", sorted(ALLOWED - ONLY_IN_IAM))
def test_an_action_is_one_of_aws(action: str) -> None:
    """IAM's names are the API's, but for API Gateway's verbs and S3's own; those say at least what it is."""
    service, name = action.split(":")
    if service == "apigateway":
        assert name in {"DELETE", "GET", "PATCH", "POST", "PUT"}
    elif service == "s3":
        assert fnmatchcase(name, "*Bucket*") or name.startswith(("Get", "Put", "DeleteObject"))
    else:
        assert name in botocore.session.get_session().get_service_model(service).operation_names


def operations_read() -> set[str]:
    """Return what the viewer's code calls, as IAM names it."""
    session = botocore.session.get_session()
    models = {service: session.get_service_model(service).operation_names for service in READING}
    known = {xform_name(name): (service, name) for service, names in models.items() for name in names}
    source = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "waterfall").rglob("*.py"))
    called = set(re.findall(r"(?<=\")\w+_\w+(?=\")|(?<=\.)\w+_\w+(?=\()", source)) & known.keys()
    found = {known[name] for name in called} | {("lambda", "InvokeFunction")}
    found -= {("fis", "CreateExperimentTemplate"), ("fis", "DeleteExperimentTemplate")}  # of the embedded AWS
    return {
        "apigateway:GET"
        if service.startswith("apigateway") or name == "GetIntegration"
        else f"{_IN_IAM.get(service, service)}:{name}"
        for service, name in found
    }


def test_what_the_viewer_reads_is_in_its_table() -> None:
    (chapter,) = re.findall(r"(?ms)^## What the viewer may read\n(.*?)^## ", PAGE)
    named = set(re.findall(r"`(\w+:\w+)`", chapter))
    assert operations_read() - named == set()
    assert named - operations_read() == {"fis:TagResource"}  # which a start with tags asks for


def test_every_command_that_reads_an_account_has_its_row(capsys: pytest.CaptureFixture[str]) -> None:
    (chapter,) = re.findall(r"(?ms)^## What the viewer may read\n(.*?)^## ", PAGE)
    rows = set(re.findall(r"`(\w+)`", "".join(re.findall(r"(?m)^\| (`[^|]*) \|", chapter))))
    reading = set()
    for command in COMMANDS:
        with pytest.raises(SystemExit):
            main([command, "--help"])
        if "--aws" in capsys.readouterr().out:
            reading.add(command)
    assert rows == reading


def test_every_rule_of_the_policy_pack_is_listed() -> None:
    wants = dict(re.findall(r"(?m)^\| `([a-z-]+)` \| (.*?)(?: In production alone\.)? \|$", PAGE))
    assert {name: wants.get(name) for name in (rule.name for rule in RULES)} == {
        rule.name: rule.description for rule in RULES
    }


def test_prices_add_up() -> None:
    rows = re.findall(r"(?m)^\| [^|]+ \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \|$", PAGE)
    assert len(rows) > 5
    for many, price, total in rows:
        assert float(total) == pytest.approx(float(many) * float(price), abs=0.01)


def test_every_command_has_a_mark_or_needs_nothing() -> None:
    """What reads AWS or calls the CLI is marked; what is not is run below."""
    assert {mark for _, mark in commands(PAGE)} == {"", *MARKS}
    for command, mark in commands(PAGE):
        wants_account = re.match(
            r"aws |curl |make (preview|deploy)|.* --aws\b|pulumi (login|destroy)", command
        )
        if wants_account:
            assert mark == "account", command
        elif command.startswith("pulumi "):
            assert mark in MARKS, command


@pytest.mark.parametrize("command", [command for command, mark in commands(PAGE) if not mark])
def test_a_command_without_a_mark_works(command: str) -> None:
    """With what is there already, as all tests need it."""
    make, *arguments = shlex.split(command)
    assert make == "make"
    done = subprocess.run([make, *BUILT, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.fixture
def deploy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Deploy:
    """Runs a program given as a function, in a folder that has nothing of this repository."""
    monkeypatch.chdir(tmp_path)
    Path("orders").mkdir()
    Path("orders/app.py").write_text("def handler(event, context): ...\n")
    return run_program


def test_a_function_that_exists_is_imported_not_made(deploy: Deploy) -> None:
    """By the page's program: what is there by its id and as it is, the rest as new."""
    (program,) = re.findall(r"```python\n(from .+?)```", PAGE, re.DOTALL)
    deployed = deploy(lambda: exec(program.replace("traced_api", "components"), {}))  # noqa: S102 - our own page
    imported = {one.type: one for one in deployed.resources if one.options.importId}
    assert {type_: one.options.importId for type_, one in imported.items()} == {
        "aws:lambda/function:Function": "orders",
        "aws:iam/role:Role": "orders-role-8x2k1",
        "aws:cloudwatch/logGroup:LogGroup": "/aws/lambda/orders",
    }
    assert {tuple(one.options.ignoreChanges) for one in imported.values()} == {("*",)}


def test_a_function_of_the_same_stack_is_known_by_an_alias(deploy: Deploy) -> None:
    """By the second program of the page, in the place of the import."""
    first, second = re.findall(r"```python\n(.+?)```", PAGE, re.DOTALL)
    program = first.replace("traced_api", "components").replace("[take_over]", "[renamed]")
    deployed = deploy(
        lambda: exec(program.replace("profile =", f"{second}\nprofile =", 1), {})  # noqa: S102 - our own page
    )
    (alias,) = deployed.one("aws:lambda/function:Function").options.aliases
    assert (alias.spec.name, alias.spec.noParent) == ("orders-fn", True)
