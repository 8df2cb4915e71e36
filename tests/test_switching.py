"""The examples of `docs/switching.md` run, and their traces differ in what the page says and nothing else."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws

from waterfall import cli

if TYPE_CHECKING:
    from tracing_pytest import Node, Traced

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "switching.md").read_text(encoding="utf-8")
BLOCKS = dict(re.findall(r"```python\n# ([^\n]+)\n(.*?)```", PAGE, re.DOTALL))
COMMANDS = re.findall(r"^ *\$ waterfall ([^#\n]+?) *(?:#.*)?$", PAGE, re.MULTILINE)
ORDER = {"id": "1", "customer": "ada"}
SCHEMA = [{"AttributeName": "id", "KeyType": "HASH"}]
TYPES = [{"AttributeName": "id", "AttributeType": "S"}]

STORED: Any = [
    "StoreOrder",
    {"customer": "ada"},
    {"shop": {"order": ORDER}},
    [["dynamodb PutItem", {}, {}, []]],
]
"""The span of all examples: its label, annotations, metadata and what is below it."""

POWERTOOLS: Any = [
    "## handler",
    {"ColdStart": True, "Service": "shop"},
    {"shop": {"handler response": {"statusCode": 201}}},
    [["## app.store", *STORED[1:]]],
]


@pytest.fixture(scope="module", autouse=True)
def aws() -> Iterator[None]:
    """AWS in memory. What is there already stays: other tests of this process may have put it there."""
    mock = mock_aws()
    mock.start(reset=False)
    yield
    mock.stop(remove_data=False)


@pytest.fixture(autouse=True)
def variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set those of a Lambda function."""
    for name, value in {
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "y",
        "LAMBDA_TASK_ROOT": str(ROOT),
        "AWS_LAMBDA_FUNCTION_NAME": "app",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.syspath_prepend(ROOT / "layers")
    monkeypatch.setattr(sys, "path", [*sys.path, str(ROOT / ".build" / "foreign")])


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], ModuleType]]:
    """Import an example as the module `app`; its table is there."""
    dynamodb = boto3.client("dynamodb")
    dynamodb.create_table(
        TableName="orders", KeySchema=SCHEMA, AttributeDefinitions=TYPES, BillingMode="PAY_PER_REQUEST"
    )

    def load(title: str) -> ModuleType:
        module = ModuleType("app")
        monkeypatch.setitem(sys.modules, "app", module)
        exec(compile(BLOCKS[title], f"{title}.py", "exec"), vars(module))  # noqa: S102 - our own page
        return module

    yield load
    dynamodb.delete_table(TableName="orders")


def outline(node: Node) -> list[Any]:
    return [node.label, node.annotations, node.metadata, [outline(child) for child in node.children]]


def test_after(traced: Traced, app: Callable[[str], ModuleType]) -> None:
    """The example after the move leaves the same trace in both modes."""
    trace = traced(app("after").handler, ORDER)
    assert [outline(root) for root in trace.roots] == [["app.handler", {}, {}, [STORED]]]
    assert trace.only("app.handler").http == {"response": {"status": 201}}


@pytest.mark.parametrize(
    ("title", "tracing_mode", "expected"),
    [
        ("before: X-Ray SDK", "native", STORED),
        ("before: Powertools", "native", POWERTOOLS),
        ("before: ADOT", "otel", STORED),
        ("before: ADOT", "native", STORED),
    ],
    indirect=["tracing_mode"],
)
def test_before(traced: Traced, app: Callable[[str], ModuleType], title: str, expected: Any) -> None:
    """What an example leaves before the move differs from what it leaves after in what the page says."""
    trace = traced(app(title).handler, ORDER)
    assert [outline(root) for root in trace.roots] == [expected]


def test_the_test_of_the_page(traced: Traced, app: Callable[[str], ModuleType]) -> None:
    """The example of a test passes with the example of a handler."""
    scope: dict[str, Any] = {"app": app("after")}
    exec(BLOCKS["test_app.py"], scope)  # noqa: S102 - our own page
    scope["test_order_is_stored"](traced)


def test_every_example_is_run() -> None:
    """No block of Python is left out of these tests."""
    assert len(BLOCKS) == PAGE.count("```python\n") == 5


@pytest.mark.parametrize("components", [False, True])
def test_the_page_has_the_steps_that_the_command_prints(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    *,
    components: bool,
) -> None:
    """For the example of the page, without our components and with them."""
    monkeypatch.setenv("COLUMNS", "100")
    (tmp_path / "app.py").write_text(BLOCKS["before: X-Ray SDK"])
    if components:
        (tmp_path / "__main__.py").write_text("from traced_api import TracedFunction\n")
    assert cli.main(["migrate", str(tmp_path)]) == 0
    printed = capsys.readouterr().out.partition("\nWhat the deployment needs:\n")[2]
    assert f"```text\nWhat the deployment needs:\n{printed}```" in PAGE


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_are_understood(command: str) -> None:
    """Every command of the page is one that `waterfall` has."""
    assert cli.parse(command.split()).command in {"up", "record", "check", "compare", "migrate"}
