"""Values of the expressions in definitions of state machines."""

from __future__ import annotations

import subprocess
import sys
import uuid
from typing import Any

import pytest

from embedded_aws.aws.state_expressions import Path, evaluate

DATA = {"items": [{"id": 1}, {"id": 2}], "a:b": {"c*": 3}, "none": []}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("$.items[0].id", [1]),
        ("$.items[0]", [{"id": 1}]),
        ("$['a:b']['c*']", [3]),
        ("$.items[*].id", [[1, 2]]),
        ("$.items[0:1].id", [[1]]),
        ("$.items[?(@.id == 2)].id", [[2]]),
        ("$..id", [[1, 2]]),
        ("$.none[*].id", [[]]),
        ("$.missing", []),
    ],
)
def test_a_definite_path_is_a_value(path: str, expected: list[Any]) -> None:
    """A path that can find but one thing is that thing; any other is the list of what it finds.

    https://docs.aws.amazon.com/step-functions/latest/dg/amazon-states-language-paths.html
    """
    assert [match.value for match in Path(path).find(DATA)] == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ('($states:={"input":{"a":[1,2]}};$sum($states.input.a))', 3),
        ("$map([1,2], function($n){$n * 2})", [2, 4]),
        ("$parse('[1, 2]')", [1, 2]),
        ("$hash('a', 'SHA-256')", "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"),
        ("$random(7) = $random(7)", True),
        ("missing", None),
    ],
)
def test_jsonata_has_a_value(expression: str, expected: Any) -> None:
    """JSONata's functions, and those that Step Functions adds, give JSON.

    https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html
    """
    assert evaluate(expression) == expected


def test_jsonata_makes_ids() -> None:
    """`$uuid` makes a UUID of version 4."""
    assert uuid.UUID(evaluate("$uuid()")).version == 4


@pytest.mark.parametrize("expression", ["1 +", "$nothing()", "$hash('a', 'CRC')", "$parse('{')"])
def test_what_cannot_be_evaluated_is_an_error(expression: str) -> None:
    """An expression that is none is told in one line."""
    with pytest.raises(ValueError, match="JSONata"):
        evaluate(expression)


def test_python_recurses_no_deeper_than_before() -> None:
    """JSONata's library raises the limit for the whole process, where deep input counts on it."""
    program = (
        "import sys; before = sys.getrecursionlimit()\n"
        "from embedded_aws.aws.state_expressions import evaluate\n"
        "assert evaluate('1 + 1') == 2\n"
        "assert sys.getrecursionlimit() == before"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_an_expression_that_is_too_deep_is_wrong() -> None:
    """It ends as any other wrong expression does."""
    with pytest.raises(ValueError, match="JSONata"):
        evaluate("(" * 20_000 + "1" + ")" * 20_000)
