"""What a cold start pays for."""

from __future__ import annotations

import json
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from tests.tracing.harness import HEADER, PARENT, by_name
from tracing import _costs
from tracing._usage import only_user

BOTH = pytest.mark.parametrize("mode", ["otel", "native"])
SECONDS = 0.1
"""Longer than others take on a busy machine: the twenty longest are told, and botocore brings as many."""
SLOW = f"import time\ntime.sleep({SECONDS})\n"
FRONT = f"""
import early
import json, os, tracing
import helper, unused
import slow_one as one
import botocore.session
os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
client = botocore.session.Session().create_client("sqs", region_name="eu-west-1")

def report():
    return one.VALUE

@tracing.capture_lambda_handler
def handler(event, context):
    return helper.VALUE

os.environ["_X_AMZN_TRACE_ID"] = {HEADER!r}
handler(1, None)
handler(2, None)
"""
MODULES = {
    "early": SLOW,
    "helper": "from pandas_like import VALUE\n" + SLOW,
    "pandas_like": SLOW + "VALUE = 1\nimport below\n",
    "below": SLOW,
    "slow_one": SLOW + "VALUE = 1\n",
    "unused": SLOW,
    "front": FRONT,
}


@pytest.fixture
def front(tmp_path: Path) -> Path:
    for name, source in MODULES.items():
        (tmp_path / f"{name}.py").write_text(source)
    return tmp_path


def imported(run: Any, mode: str, front: Path, **more: str) -> Any:
    """Import the handler as Lambda's runtime does; it calls itself twice."""
    script = f"import sys; sys.path.insert(0, {str(front)!r})\nimport front, _frozen_importlib as bootstrap\n"
    script += "import json; print(json.dumps(bootstrap._find_and_load.__module__))"
    return run(mode, script, _HANDLER="front.handler", **more)


@BOTH
def test_imports_and_clients_are_told_below_the_first_invocation(
    run: Any, collector: Any, front: Path, mode: str
) -> None:
    """Imports of the handler's module and clients, and of an import what it imports itself; all once."""
    imported(run, mode, front)
    documents = collector.documents()
    found = by_name(documents)
    assert found["init"]["parent_id"] == PARENT
    for name in ("import helper", "import slow_one", "import unused"):
        assert found[name]["parent_id"] == found["init"]["id"], name
        assert found[name]["end_time"] - found[name]["start_time"] >= SECONDS
    assert found["import pandas_like"]["parent_id"] == found["import helper"]["id"]
    assert not {"import early", "import below"} & found.keys()
    assert found["init"]["start_time"] <= found["import helper"]["start_time"]
    assert [document["name"] for document in documents].count("import helper") == 1


@BOTH
def test_who_uses_an_import_alone_is_noted(run: Any, collector: Any, front: Path, mode: str) -> None:
    """`report()` alone uses one module; what came before tracing is named."""
    imported(run, mode, front)
    noted = {name: found["metadata"]["init"] for name, found in by_name(collector.documents()).items()
             if "metadata" in found}  # fmt: skip
    assert noted["import slow_one"] == {"import": "slow_one", "used_in": "report"}
    assert noted["import unused"] == {"import": "unused"}
    assert noted["import helper"] == {"import": "helper"}  # nothing is gained inside the handler
    assert noted["init"] == {"not_measured": ["early"]}


@BOTH
def test_nothing_is_timed_after_the_first_invocation(
    run: Any, collector: Any, front: Path, mode: str
) -> None:
    """Imports are Python's own again."""
    assert imported(run, mode, front).result == "_frozen_importlib"
    collector.take()


@BOTH
def test_a_plain_cold_start_tells_nothing(run: Any, collector: Any, front: Path, mode: str) -> None:
    """The setting `plain` leaves all of it out."""
    imported(run, mode, front, TRACING_COLD_STARTS="plain")
    assert {document["name"] for document in collector.documents()} == {"front.handler"}


BROKEN = """
import sys, traceback
sys.path.insert(0, {path!r})
try:
    import front
except ImportError:
    text = traceback.format_exc()
import json
print(json.dumps(text))
"""


def test_a_failing_import_looks_the_same(run: Any, collector: Any, tmp_path: Path) -> None:
    """No frame of the timing is in the traceback of an import that fails."""
    (tmp_path / "front.py").write_text("import tracing\nimport helper\n")
    (tmp_path / "helper.py").write_text("import nowhere_to_be_found\n")
    script = BROKEN.format(path=str(tmp_path))
    found = [
        run("otel", script, _HANDLER="front.handler", TRACING_COLD_STARTS=how).result
        for how in ("detailed", "plain")
    ]
    assert found[0] == found[1]
    assert "nowhere_to_be_found" in found[0]
    collector.take()


def costs(now: list[int]) -> _costs.Costs:
    return _costs.Costs(sys._getframe(), clock=lambda: now[0])


def spent(found: _costs.Costs, now: list[int], milliseconds: int, name: str) -> None:
    def work() -> None:
        now[0] += milliseconds * 1_000_000

    found._undo = found._undo or [lambda: None]
    found.timed("client", name, work)


def test_what_is_short_or_over_long_ago_is_not_told() -> None:
    """Less than 5 ms says nothing; before a snapshot is restored, or long before, nobody waits."""
    now = [0]
    found = costs(now)
    spent(found, now, 4, "short")
    spent(found, now, 5, "long")
    assert [cost.title for cost in found.longest()] == ["client long"]
    now[0] += _costs.MAX_AGE_NANOSECONDS + 1
    assert found.longest() == []


def test_the_longest_are_told() -> None:
    """At most 20, so that the documents of a cold start stay small."""
    now = [0]
    found = costs(now)
    for number in range(50):
        spent(found, now, 10 + number, str(number))
    assert [cost.name for cost in found.longest()] == [str(number) for number in range(49, 29, -1)]


@pytest.mark.parametrize(
    ("source", "user"),
    [
        ("def f(): pd.read()\ndef g(): pass", "f"),
        ("def f(): return [pd.x for _ in (lambda: pd)()]", "f"),
        ("class C:\n    def m(self): return pd", "C.m"),
        ("def f(): pd\ndef g(): pd", None),
        ("def f(): pd\nx = pd.y", None),
        ("def f(): pd\nx = [pd for _ in ()]", None),
        ("def f(): pd\nclass C(pd.Base): pass", None),
        ("def f(): pd\nclass C:\n    x = pd.y", None),
        ("@pd.decorated\ndef f(): pd", None),
        ("def f(x=pd.y): pd", None),
        ("x = 1", None),
    ],
)  # fmt: skip
def test_the_only_user_of_a_name(source: str, user: str | None) -> None:
    """A function, if neither another nor the module's own code, at its import, needs the name."""
    many = "\n".join(f"v{number} = {number}" for number in range(300))  # names beyond one byte
    code = compile(textwrap.dedent(f"{many}\nimport pandas as pd\n{source}"), "front.py", "exec")
    assert only_user(code, {"pd"}) == user


def test_names_are_found_without_asking_them() -> None:
    """What a module knows by name is looked at from outside: a lazy object stays so."""

    class Lazy:
        def __getattribute__(self, name: str) -> Any:
            raise AssertionError(name)

    assert _costs._package(Lazy()) == __name__.partition(".")[0]
    assert _costs._package(json) == "json"
    assert _costs._package(json.dumps) == "json"
