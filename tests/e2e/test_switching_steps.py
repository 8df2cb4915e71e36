"""The steps of docs/switching.md: record a function before it is moved, check it afterwards."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path
from textwrap import dedent

import pytest

from tests.e2e.functions import layers
from tests.e2e.lab import Lab
from tests.e2e.stack import REPOSITORY
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
(EXPECTED,) = re.findall(r"```yaml\n( +# traces/expected.yaml\n.*?) *```", PAGE, re.DOTALL)
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


def move(lab: Lab, source: str) -> None:
    """Give the function other code, and the layers that the page says."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("app.py", source)
    client = lab.stack.client("lambda")
    client.update_function_code(FunctionName=NAME, ZipFile=packed.getvalue())
    client.update_function_configuration(
        FunctionName=NAME,
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
    (folder / "expected.yaml").write_text(dedent(EXPECTED))
    for moved in (BLOCKS["after"], rewrite(BLOCKS["before: X-Ray SDK"]).text):
        move(lab, moved)
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
