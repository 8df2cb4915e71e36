"""What a check found, for machines and for a pull request."""

from __future__ import annotations

import copy
import re
import xml.etree.ElementTree as ET
from typing import Any

from tests.waterfall.samples import segment, subsegment
from waterfall.proof.budgets import Verdict, read_budget
from waterfall.proof.cases import Case, Expectation
from waterfall.proof.form import recorded_form
from waterfall.proof.redaction import redaction
from waterfall.proof.runs import shared
from waterfall.proof.shapes import check_shape, junit
from waterfall.proof.verdict import Difference, Result, differences
from waterfall.stack.requests import Request
from waterfall.terminal.markdown import markdown
from waterfall.traces.tree import build

ATTRIBUTES = {
    "testsuites": "name time tests failures disabled errors",
    "testsuite": "name! tests! failures errors time disabled skipped timestamp hostname id package",
    "testcase": "name! assertions time classname status",
    "error": "type message",
    "failure": "type message",
}
CHILDREN = {
    "testsuites": "testsuite*",
    "testsuite": "properties? testcase* system-out? system-err?",
    "testcase": "skipped? error* failure* system-out* system-err*",
}
"""What jenkins-junit.xsd says, by which JUnit tests its own reports: `!` is required, the order is given.

https://github.com/junit-team/junit5/blob/main/platform-tests/src/test/resources/jenkins-junit.xsd
"""
HELLO = Case("hello", Request("GET", "/hello?a=1&b=<2>", {}, None))


def form(*children: dict[str, Any]) -> Any:
    document = segment("shop", "a000000000000001", 0, 1, subsegments=list(children))
    return shared([recorded_form(build("1", [document]), [], redaction())])


def results() -> list[Result]:
    spans = [
        subsegment(name, f"b{number:015d}", number / 10, number / 10 + 0.1)
        for number, name in enumerate(("load", "price", "save", "send", "log"), 1)
    ]
    after = copy.deepcopy(spans)
    after[0]["annotations"] = {"n": "a|b\x00"}
    after.pop(1)
    found, pairs = differences(form(*spans), form(*after))
    verdict = Verdict(read_budget("p95 <= 300ms"), ok=True, found="20.0ms")
    return [
        Result(HELLO, tuple(found), tuple(pairs), (verdict,), ("a note",), seconds=(0.1, 0.12)),
        Result(HELLO, (Difference("added", ("shop", "tax"), "", None, "tax", reason="wanted"),)),
        Result(HELLO, (), error="it left no trace <1>"),
    ]


def test_json_tells_each_difference_and_each_budget() -> None:
    """With the reason of what was expected."""
    shape = check_shape(results())
    assert (shape["format"], shape["ok"]) == ("waterfall.check/1", False)
    first, second, third = shape["requests"]
    assert [one["change"] for one in first["differences"]] == ["field", "removed"]
    assert first["budgets"] == [{"budget": "p95 <= 300ms", "ok": True, "found": "20.0ms"}]
    assert (second["ok"], second["differences"][0]["expected"]) == (True, "wanted")
    assert (third["ok"], third["error"]) == (False, "it left no trace <1>")


def invalid(element: ET.Element) -> list[str]:
    """Return what of an element, and of those in it, is not as the schema has it."""
    attributes = ATTRIBUTES[element.tag].split()
    known = {name.rstrip("!") for name in attributes}
    required = {name.rstrip("!") for name in attributes if name.endswith("!")}
    found = [f"{element.tag}: {name} is unknown" for name in {*element.attrib} - known]
    found += [f"{element.tag}: {name} is missing" for name in required - {*element.attrib}]
    order = "".join(f"(?:{name[:-1]} ){name[-1]}" for name in CHILDREN.get(element.tag, "").split())
    if not re.fullmatch(order, "".join(f"{child.tag} " for child in element)):
        found.append(f"{element.tag}: {[child.tag for child in element]}")
    return found + [each for child in element for each in invalid(child)]


def test_junit_is_valid_by_the_schema_of_jenkins() -> None:
    """With failures, errors and what passed; no check is a report too."""
    for each in (results(), []):
        assert invalid(ET.fromstring(junit(each).encode())) == []  # noqa: S314 - written here


def test_junit_has_a_case_for_each_request() -> None:
    """With text that XML can hold."""
    root = ET.fromstring(junit(results()).encode())  # noqa: S314 - written above
    assert (root.tag, [child.tag for child in root]) == ("testsuites", ["testsuite"])
    (suite,) = root
    assert suite.attrib == {"name": "waterfall check", "tests": "3", "failures": "1", "errors": "1"}
    failed, passed, broken = suite
    assert [one.attrib for one in suite] == [{"name": "hello", "classname": "traces"}] * 3
    assert [child.tag for child in failed] == ["failure"]
    assert failed[0].attrib == {"message": "2 differences", "type": "difference"}
    assert str(failed[0].text).splitlines()[1] == "removed: shop > price"
    assert list(passed) == []
    assert (broken[0].tag, broken[0].get("message")) == ("error", "it left no trace <1>")


def test_markdown_has_a_table_and_what_changed() -> None:
    """Each changed span with those beside it, in a block that shows what is new and what is gone."""
    text = markdown(results(), [Expectation("never seen")])
    assert text.startswith("### Traces: 2 of 3 requests differ\n\n| request | | differences | time |\n")
    assert "| `hello` GET /hello?a=1&b=\\<2\\> | ❌ | 2 | 100 ms → 120 ms |\n" in text
    assert "| ✅ | none, 1 expected |  |\n" in text
    assert "- `removed: shop > price`\n" in text
    assert "- expected, and not seen: never seen\n" in text
    picture = text.partition("```diff\n")[2].partition("```")[0].splitlines()
    assert [line[:10].rstrip() for line in picture] == [
        "  shop",
        "!   load",
        "-   price",
        "    save",
        "   ...",
    ]
    assert "━" in picture[1]
