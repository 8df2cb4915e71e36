"""The fixture `traced_stack`: the traces of a whole program, in a test of five lines."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.e2e.stack import REPOSITORY
from tracing_pytest.stack import TracedStack
from waterfall.proof.observing import Place
from waterfall.proof.redaction import redaction
from waterfall.traces.client import Source, connect

if TYPE_CHECKING:
    from tests.e2e.conftest import Demo

LEGACY = REPOSITORY / "tests" / "e2e" / "programs" / "legacy"
TEST = """
def test_stock(traced_stack):
    trace = traced_stack.request("GET /")
    assert trace.only("check stock").status == "ok"
    trace.assert_matches("traces/stock.trace")
"""


def stack_of(demo: Demo, directory: Path, *, update: bool = False) -> TracedStack:
    status = demo("otel-xray").status
    source = Source(status["endpoint"], region=status["region"])
    place = Place(source, connect(source), status["apis"], redaction())
    return TracedStack(place, directory, update=update)


def test_a_trace_is_a_tree_with_those_linked_to_it(demo: Demo, tmp_path: Path) -> None:
    """Of segments and spans, each with what its document says."""
    trace = stack_of(demo, tmp_path).request("GET /hello")
    assert [root.name for root in trace.roots] == ["api-d51fbbd/dev"]
    assert trace.only("front.handler").http == {"response": {"status": 200}}
    assert trace.only("DynamoDB PutItem").aws["operation"] == "PutItem"
    (linked,) = trace.linked
    assert linked.only("ReadMessage").annotations.keys() == {"ObjectKey"}


def test_a_trace_is_compared_with_its_recording(demo: Demo, tmp_path: Path) -> None:
    """Which is written on demand; a difference is one line, and `expected.yaml` counts."""
    file = tmp_path / "traces" / "worker.trace"
    trace = stack_of(demo, tmp_path).invoke("worker", {"message": "hi"})
    with pytest.raises(AssertionError, match="`pytest --update-traces` writes it"):
        trace.assert_matches("traces/worker.trace")
    stack_of(demo, tmp_path, update=True).invoke("worker", {"message": "hi"}).assert_matches(
        "traces/worker.trace"
    )
    trace.assert_matches("traces/worker.trace")
    file.write_text(file.read_text().replace("+ subsegment work\n", "+ subsegment toil\n"))
    with pytest.raises(AssertionError) as error:
        trace.assert_matches("traces/worker.trace")
    assert str(error.value).splitlines()[1:] == [
        "renamed: worker > worker > worker.handler > toil: toil -> work"
    ]
    file.with_name("expected.yaml").write_text("- {change: renamed, reason: it is work}")
    trace.assert_matches("traces/worker.trace")


def test_the_fixture_starts_the_program_once_for_the_session(tmp_path: Path) -> None:
    """With the settings of pytest's configuration; `--update-traces` records."""
    shutil.copytree(LEGACY, tmp_path / "program")
    packages = f"packages={REPOSITORY / '.build' / 'foreign'}"
    ini = f"[pytest]\ntraced_stack_directory = program\ntraced_stack_config =\n    {packages}\n"
    (tmp_path / "pytest.ini").write_text(ini)
    (tmp_path / "test_stock.py").write_text(TEST)
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST", "TRACING"))}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--update-traces"],
        cwd=tmp_path,
        env=kept,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout
    text = (tmp_path / "program" / "traces" / "stock.trace").read_text()
    assert "+ subsegment check stock\n" in text
