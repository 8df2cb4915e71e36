"""What the embedded AWS changes in moto stands in one module."""

from __future__ import annotations

import ast
import contextlib
import threading
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from embedded_aws.aws import moto
from embedded_aws.aws.interfaces import ACCOUNT_ID

ROOT = Path(__file__).parents[3] / "embedded_aws"


def changes(source: str) -> bool:
    """Tell whether a module assigns to anything of what it imports from moto."""
    nodes = list(ast.walk(ast.parse(source)))
    imports = [node for node in nodes if isinstance(node, ast.ImportFrom)]
    theirs = {
        alias.asname or alias.name
        for node in imports
        if (node.module or "").partition(".")[0] == "moto"
        for alias in node.names
    }
    assigned = [target for node in nodes if isinstance(node, ast.Assign) for target in node.targets]
    return any(
        isinstance(target, (ast.Attribute, ast.Subscript))
        and isinstance(target.value, ast.Name)
        and target.value.id in theirs
        for target in assigned
    )


def test_moto_is_changed_in_one_module() -> None:
    """Nobody has to look further for why moto does something else than its own code says."""
    found = [path.name for path in ROOT.rglob("*.py") if changes(path.read_text(encoding="utf-8"))]
    assert found == ["moto_patches.py"]


@pytest.mark.parametrize(
    ("line", "expected"),
    [("backends.backend = Other", True), ("config['lambda'] = {}", True), ("own = backends.backend", False)],
)
def test_changes_are_seen(line: str, expected: bool) -> None:  # noqa: FBT001 - a table of cases
    """An attribute or an item of what comes from moto."""
    assert changes(f"from moto.x import backends, config\n{line}") is expected


def test_the_owner_of_an_access_key_is_looked_for_in_the_partitions_that_are_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It would make IAM with AWS's policies for all others, at the first request of any service."""
    moto.load()
    from moto.core.base_backend import BackendDict  # noqa: PLC0415 - only after its settings were made
    from moto.core.responses import BaseResponse  # noqa: PLC0415
    from moto.iam import models  # noqa: PLC0415

    accounts = BackendDict(
        models.IAMBackend, "iam", use_boto3_regions=False, additional_regions=["aws", "aws-cn"]
    )
    monkeypatch.setattr(models, "iam_backends", accounts)
    iam = accounts["222222222222"]["aws-cn"]
    iam.create_user("us-east-1", "owner")
    key = iam.create_access_key("owner").access_key_id

    def account_of(access_key: str) -> str:
        request = BaseResponse()
        request.headers = {
            "Authorization": f"AWS4-HMAC-SHA256 Credential={access_key}/20260101/us-east-1/sqs"
        }
        return str(request.get_current_account())

    assert account_of(key) == "222222222222"
    assert account_of("AKIAUNKNOWN000000000") == ACCOUNT_ID
    assert {account: list(partitions) for account, partitions in accounts.items()} == {
        "222222222222": ["aws-cn"]
    }


def test_policies_of_aws_are_read_when_one_is_asked_for() -> None:
    """A program that makes a role of its own waits for none of them, and no memory keeps them."""
    moto.load().open("iam")
    from moto.iam.models import IAMBackend  # noqa: PLC0415 - moto's, a slow import

    iam = IAMBackend("aws", ACCOUNT_ID)
    assert not {"managed_policies", "aws_managed_policies"} & vars(iam).keys()
    arn = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
    assert iam.get_policy(arn) in iam.aws_managed_policies


def test_policies_of_aws_are_there_in_an_account_that_was_made_while_iam_was_opened(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Another service may make it meanwhile, with the one list of before and the empty one of after."""
    moto.load().open("iam")
    monkeypatch.delenv("MOTO_IAM_LOAD_MANAGED_POLICIES", raising=False)
    from moto.iam.models import IAMBackend  # noqa: PLC0415 - moto's, a slow import

    iam = IAMBackend("aws", ACCOUNT_ID)
    iam.managed_policies = {}
    assert "arn:aws:iam::aws:policy/ReadOnlyAccess" in iam.managed_policies


def test_models_are_looked_for_once() -> None:
    """The folder of botocore's models has hundreds of services."""
    moto.load()
    create_loader = vars(import_module("moto.core.utils"))["create_loader"]
    assert create_loader() is create_loader()


def test_an_operation_that_is_added_after_others_were_called_is_found() -> None:
    """Each call asks for the names of its class's methods."""
    moto.load()
    names_of = vars(import_module("moto.core.responses"))["method_names_from_class"]
    late = type("Late", (), {"answer": lambda _: None, "data": "no method"})
    assert [name in names_of(late) for name in ("answer", "added", "data")] == [True, False, False]
    setattr(late, "added", lambda _: None)  # noqa: B010 - mypy knows no such attribute
    assert "added" in names_of(late)


def test_routes_are_made_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two threads that parse at once, Python 3.11 now and then fails one."""
    moto.load().open("sqs")
    from werkzeug.routing import Map, Rule, rules  # noqa: PLC0415 - moto's, a slow import

    together, parse = threading.Barrier(2), vars(rules)["_prefix_names"]
    met: list[bool] = []

    def parsed(*given: Any) -> Any:
        with contextlib.suppress(threading.BrokenBarrierError):
            together.wait(0.2)
            met.append(True)
        return parse(*given)

    monkeypatch.setattr(rules, "_prefix_names", parsed)
    with ThreadPoolExecutor(2) as pool:
        assert [len(list(made.iter_rules())) for made in pool.map(Map, [[Rule("/<a>")], [Rule("/<b>")]])] == [
            1,
            1,
        ]
    assert met == []
