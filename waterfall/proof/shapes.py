"""A check as JSON and as JUnit XML.

`waterfall.check/1`
    `ok`, and `requests`: `name`, `title`, `ok`, `error` (why it could not be checked, else `null`), `notes`,
    `differences` (`change`, `path`, `field`, `left`, `right`, `also`, `expected`: the reason, else `null`)
    and `budgets` (`budget`, `ok`, `found`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any
from xml.sax.saxutils import quoteattr

from waterfall.proof.lines import told
from waterfall.proof.verdict import Result

_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def check_shape(results: Sequence[Result]) -> dict[str, Any]:
    return {
        "format": "waterfall.check/1",
        "ok": all(result.ok for result in results),
        "requests": [_request(result) for result in results],
    }


def _request(result: Result) -> dict[str, Any]:
    return {
        "name": result.case.name,
        "title": result.case.title,
        "ok": result.ok,
        "error": result.error,
        "notes": list(result.notes),
        "differences": [
            {
                "change": one.change,
                "path": list(one.path),
                "field": one.field,
                "left": one.left,
                "right": one.right,
                "also": list(one.also),
                "expected": one.reason,
            }
            for one in result.differences
        ],
        "budgets": [
            {"budget": each.budget.text, "ok": each.ok, "found": each.found} for each in result.budgets
        ],
    }


def junit(results: Sequence[Result]) -> str:
    """Return JUnit XML, a test case for each request: valid by JUnit's schema, and by Jenkins' own.

    https://github.com/junit-team/junit5/blob/main/platform-tests/src/test/resources/jenkins-junit.xsd
    https://github.com/jenkinsci/xunit-plugin/blob/master/src/main/resources/org/jenkinsci/plugins/xunit/types/model/xsd/junit-10.xsd
    """
    errors = sum(result.error is not None for result in results)
    failures = sum(not result.ok for result in results) - errors
    counts = f'tests="{len(results)}" failures="{failures}" errors="{errors}"'
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        "<testsuites>",
        f'  <testsuite name="waterfall check" {counts}>',
    ]
    for result in results:
        lines.append(f'    <testcase name={_attribute(result.case.name)} classname="traces">')
        lines += [f"      {line}" for line in _outcome(result)]
        lines.append("    </testcase>")
    return "\n".join([*lines, "  </testsuite>", "</testsuites>", ""])


def _outcome(result: Result) -> list[str]:
    if result.error is not None:
        return [f'<error message={_attribute(result.error)} type="error"></error>']
    found = [told(one) for one in result.unexpected]
    if not found:
        return []
    message = found[0] if len(found) == 1 else f"{len(found)} differences"
    text = _escaped("\n".join(found))
    return [f'<failure message={_attribute(message)} type="difference">{text}</failure>']


def _attribute(text: str) -> str:
    return quoteattr(_allowed(text))


def _escaped(text: str) -> str:
    return _allowed(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _allowed(text: str) -> str:
    """Leave out what XML 1.0 has no way to write."""
    return _FORBIDDEN.sub("?", text)
