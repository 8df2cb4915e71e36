"""The steps of docs/switching.md: record functions before they are moved, check them afterwards."""

from __future__ import annotations

import io
import json
import re
import shutil
import zipfile
from pathlib import Path
from textwrap import dedent

import pytest

from tests.e2e.functions import BUILD, deploy, layers
from tests.e2e.lab import Lab
from tests.e2e.stack import REPOSITORY
from waterfall.cli import main
from waterfall.migrate.needs import LIBRARY
from waterfall.migrate.rewriting import rewrite
from waterfall.proof.cases import Case, Invocation, read_expected
from waterfall.proof.checking import check, observing, record
from waterfall.proof.lines import told
from waterfall.proof.observing import Place
from waterfall.proof.recorders import recorders
from waterfall.proof.redaction import redaction
from waterfall.proof.verdict import unmet
from waterfall.traces.client import Source, connect

PAGE = (REPOSITORY / "docs" / "switching.md").read_text(encoding="utf-8")
BLOCKS = dict(re.findall(r"```python\n# ([^\n]+)\n(.*?)```", PAGE, re.DOTALL))
EXPECTED, OF_POWERTOOLS = (
    dedent(block) for block in re.findall(r"```yaml\n( *# traces/expected.yaml\n.*?) *```", PAGE, re.DOTALL)
)
NAME = "switching-steps"
CASE = Case(NAME, Invocation(NAME, b'{"id": "1", "customer": "ada"}'), runs=1)


@pytest.fixture
def place(lab: Lab) -> Place:
    """Where the function is invoked, with the table of the page."""
    tables = lab.stack.client("dynamodb")
    if "orders" not in tables.list_tables()["TableNames"]:
        tables.create_table(
            TableName="orders",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
    source = Source(lab.stack.status["endpoint"])
    return Place(source, connect(source), {}, redaction())


def give_code(lab: Lab, name: str, module: str, source: str) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(f"{module}.py", source)
    lab.stack.client("lambda").update_function_code(FunctionName=name, ZipFile=packed.getvalue())


def move(lab: Lab, name: str, module: str, source: str) -> None:
    """Give a function other code, and what the page says that it needs."""
    give_code(lab, name, module, source)
    lab.stack.client("lambda").update_function_configuration(
        FunctionName=name,
        Environment={"Variables": {"TRACING_MODE": "otel"}},
        Layers=layers(lab.stack, "otel"),
    )


def test_a_moved_function_differs_in_what_is_expected_alone(lab: Lab, place: Place, tmp_path: Path) -> None:
    """From the X-Ray SDK to OpenTelemetry, by the page's own example and by the command."""
    module = tmp_path / "app.py"
    module.write_text(BLOCKS["before: X-Ray SDK"])
    lab.function("native", NAME, module)
    observe = observing(place)
    folder = tmp_path / "traces"
    folder.mkdir()
    record(CASE, folder, observe)
    assert set(recorders(observe(CASE)[0]).values()) == {"X-Ray SDK"}
    (folder / "expected.yaml").write_text(EXPECTED)
    for moved in (BLOCKS["after"], rewrite(BLOCKS["before: X-Ray SDK"]).text):
        move(lab, NAME, "app", moved)
        expected = read_expected(folder)
        result = check(CASE, folder, observe, expected)
        assert result.error is None
        assert [told(one) for one in result.unexpected] == []
        assert [each.reason for each in unmet([result], expected)] == [], [
            told(one) for one in result.differences
        ]
        assert "added: switching-steps > switching-steps > app.handler" in [
            told(one).partition(" (")[0] for one in result.differences
        ]
        assert set(recorders(observe(CASE)[0]).values()) == {"OpenTelemetry"}


MOVING = REPOSITORY / "tests" / "e2e" / "programs" / "moving"
FUNCTIONS = sorted(file.stem for file in (MOVING / "functions").glob("*.py"))
SDK = [name for name in FUNCTIONS if name.startswith("sdk_")]


def old_sdks(lab: Lab) -> str:
    """Publish the X-Ray SDK and Powertools, as set-up has installed them, as a layer."""
    packed, place = io.BytesIO(), BUILD / "foreign"
    with zipfile.ZipFile(packed, "w") as archive:
        for file in place.rglob("*"):
            if "__pycache__" not in file.parts:
                archive.write(file, Path("python") / file.relative_to(place))
    client = lab.stack.client("lambda")
    published = client.publish_layer_version(LayerName="old-sdks", Content={"ZipFile": packed.getvalue()})
    return str(published["LayerVersionArn"])


def waterfall(lab: Lab, folder: Path, command: str, *names: str) -> int:
    return main([command, *names, "-C", str(folder), "--endpoint", lab.stack.status["endpoint"]])


@pytest.fixture
def moving(lab: Lab, tmp_path: Path) -> Path:
    """Functions in five styles of the X-Ray SDK and three of Powertools, deployed and recorded."""
    folder = tmp_path / "moving"
    shutil.copytree(MOVING, folder)
    (folder / "traces" / "expected.yaml").write_text(EXPECTED + OF_POWERTOOLS)
    layer = old_sdks(lab)
    for name in FUNCTIONS:
        deploy(lab.stack, name, folder / "functions" / f"{name}.py", {}, Layers=[layer], Timeout=10)
    assert waterfall(lab, folder, "record") == 0
    return folder


def test_functions_move_one_at_a_time_and_each_is_proven(
    lab: Lab, moving: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The SDK's five one by one, then what is left of the program: only what is expected differs."""

    def source(name: str) -> Path:
        return moving / "functions" / f"{name}.py"

    for name in SDK:
        assert main(["migrate", str(source(name)), "--write"]) == 0
        move(lab, name, name, source(name).read_text())
        capsys.readouterr()
        assert waterfall(lab, moving, "check", name) == 0, capsys.readouterr().out
    assert main(["migrate", str(moving), "--write"]) == 0
    capsys.readouterr()
    assert waterfall(lab, moving, "check") == 0, "half of the program is moved"
    for name in FUNCTIONS:
        if name not in SDK:
            move(lab, name, name, source(name).read_text())
    capsys.readouterr()
    assert waterfall(lab, moving, "check", "--json") == 0
    found = {each["name"]: each["differences"] for each in json.loads(capsys.readouterr().out)["requests"]}
    assert [*found] == FUNCTIONS
    assert {one["change"] for name in SDK for one in found[name]} == {"added"}
    sources = "".join(source(name).read_text() for name in FUNCTIONS)
    assert "aws_xray_sdk" not in sources
    assert "aws_lambda_powertools" not in sources


def test_a_moved_function_needs_the_library(lab: Lab, tmp_path: Path) -> None:
    """Which is what the layers have that the other tests here attach."""
    module = tmp_path / "app.py"
    module.write_text(BLOCKS["after"])
    name = deploy(lab.stack, "switching-without-library", module, {}, Timeout=10)
    answer = lab.stack.client("lambda").invoke(FunctionName=name, Payload=b"{}")
    assert "No module named 'opentelemetry'" in answer["Payload"].read().decode()
    named = (REPOSITORY / "components" / "locks" / "slim.in").read_text()
    assert {*re.findall(r"^(opentelemetry-[a-z-]+)==", named, re.MULTILINE)} == {*LIBRARY}
