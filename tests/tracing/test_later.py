"""Modules that are imported when they are used."""

from __future__ import annotations

import builtins
import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.tracing.harness import HEADER
from tracing._later import postponing

PACKAGE = {
    "seldom/__init__.py": """
def used(number): return number + 1
class Base: pass
class Problem(Exception): pass
""",
    "seldom/part.py": "class Kind:\n    one = 1\n",
}


@pytest.fixture
def use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Import a module of this text, while the package `seldom` is postponed."""
    (tmp_path / "seldom").mkdir()
    for name, text in PACKAGE.items():
        (tmp_path / name).write_text(text)
    monkeypatch.syspath_prepend(tmp_path)

    def write(text: str) -> ModuleType:
        (tmp_path / "user.py").write_text(text)
        return postponing(("seldom",), lambda: importlib.import_module("user"))

    yield write
    for name in ("user", "seldom", "seldom.part", "near", "near.seldom"):
        sys.modules.pop(name, None)


@pytest.mark.parametrize(
    ("text", "call"),
    [
        ("import seldom\ndef call(): return seldom.used(1)", True),
        ("from seldom import used\ndef call(): return used(1)", True),
        ("from seldom import part\ndef call(): return part.Kind.one + 1", True),
        ("from seldom import Base\nclass Derived(Base): pass\ndef call(): return 2", False),
        ("import seldom\nfrom seldom import *\ndef call(): return used(1)", False),
        ("import seldom.part\ndef call(): return seldom.part.Kind.one + 1", False),
        ("from seldom import used\nNUMBER = used(1)\ndef call(): return NUMBER", False),
    ],
)
def test_a_module_comes_when_it_is_used(use: Any, text: str, call: bool) -> None:  # noqa: FBT001
    """A call and an attribute bring it; what an import itself needs, it gets at once."""
    user = use(text)
    assert ("seldom" in sys.modules) is not call
    assert user.call() == 2
    assert not call or type(sys.modules["seldom"]) is ModuleType


def test_an_error_of_the_module_itself_is_raised(use: Any) -> None:
    """What fails without stand-ins too is told as it is."""
    with pytest.raises(ZeroDivisionError):
        use("import seldom\n1 / 0")


IN_A_THREAD = """
import threading
import seldom
def work():
    import seldom.part
    from seldom import Problem
    try:
        raise Problem
    except Problem:
        found.append(seldom.part.Kind.one)
found = []
thread = threading.Thread(target=work)
thread.start()
thread.join()
def call(): return found
"""


def test_other_threads_import_meanwhile_as_ever(use: Any) -> None:
    """A part of the package too, and an exception to be caught: what they get is no stand-in."""
    assert use(IN_A_THREAD).call() == [1]


def test_a_module_of_the_same_name_in_another_package_is_its_own(use: Any, tmp_path: Path) -> None:
    """`from .seldom import used` means a neighbour."""
    (tmp_path / "near").mkdir()
    (tmp_path / "near" / "__init__.py").write_text("from .seldom import used")
    (tmp_path / "near" / "seldom.py").write_text("used = 3")
    assert use("from near import used\ndef call(): return used").call() == 3


def test_nothing_is_left_of_it(use: Any) -> None:
    """Imports go their own way afterwards, also where one failed."""
    before = builtins.__import__
    with pytest.raises(ModuleNotFoundError):
        use("import seldom, missing")
    assert builtins.__import__ is before


CALLS = f"""
import json, os, sys
import boto3, tracing
os.environ["_X_AMZN_TRACE_ID"] = {HEADER!r}
client = boto3.client("dynamodb")
@tracing.capture_lambda_handler
def handler(event, context):
    client.put_item(TableName="orders", Item={{"id": {{"S": "1"}}}})
handler(1, None)
found = [name in sys.modules for name in ("asyncio", "packaging")]
import asyncio
async def work():
    return 7
print(json.dumps([*found, asyncio.run(work())]))
"""


@pytest.mark.parametrize("mode", ["otel", "native"])
def test_a_traced_call_needs_no_asyncio(run: Any, collector: Any, mode: str) -> None:
    """Neither SDK brings it, nor `packaging`; the handler's own import does."""
    assert run(mode, CALLS).result == [False, False, 7]
    assert collector.documents()
