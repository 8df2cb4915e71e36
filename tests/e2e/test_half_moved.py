"""A program of which one function is moved, beside what it was: both run side by side, in each mode."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.e2e.stack import REPOSITORY
from tests.e2e.test_switching_steps import EXPECTED, MOVING
from waterfall.cli import main

DEPLOYED = ("sdk_with", "sdk_decorator")
REQUEST = '{0}: {{invoke: {0}, event: {{id: "1"}}}}\n'
SLOWER = """
- change: slower
  reason: beside other tests, how long anything takes says nothing
"""


def git(folder: Path, *arguments: str) -> None:
    who = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "-C", str(folder), *who, *arguments], check=True, capture_output=True)


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program in a repository, with one function moved since it was committed."""
    folder = tmp_path_factory.mktemp("repository") / "moving"
    shutil.copytree(MOVING, folder)
    for each in (folder / "functions").glob("*.py"):
        if each.stem not in DEPLOYED:
            each.unlink()
    (folder / "traces" / "requests.yaml").write_text(REQUEST.format("sdk_with"))
    (folder / "traces" / "expected.yaml").write_text(EXPECTED + SLOWER)
    for name in ("aws_xray_sdk", "wrapt"):
        foreign = REPOSITORY / ".build" / "foreign" / name
        shutil.copytree(foreign, folder / "packages" / name, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / ".gitignore").write_text(".build/\n")
    (folder / ".build").mkdir()
    (folder / ".build" / "layers").symlink_to(REPOSITORY / ".build" / "layers")
    git(folder, "init", "--quiet")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "-m", "before")
    assert main(["migrate", str(folder / "functions" / "sdk_with.py"), "--write"]) == 0
    return folder


def test_a_revision_is_checked_beside_the_working_copy(
    program: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Both run here, and the one thing that differs is the one that is expected."""
    capsys.readouterr()
    status = main(["check", "sdk_with", "--base", "HEAD", "-C", str(program)])
    told = " ".join(capsys.readouterr().out.split())
    assert status == 0, told
    assert "added: sdk_with > sdk_with > sdk_with.handler" in told


def test_the_report_has_a_row_for_each_request_and_file(
    program: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the functions that ran, the times on both sides, and what moved."""
    capsys.readouterr()
    status = main(["migrate", "report", str(program), "--base", "HEAD"])
    told = capsys.readouterr().out
    assert status == 0, told
    assert "### Moved to OpenTelemetry: every trace is as it was" in told
    assert re.search(r"\| `sdk_with` \| `sdk_with` \| \d expected \| \d+ ms \| \d+ ms \|", told), told
    assert "| `functions/sdk_with.py` | in_subsegment, patch_all, subsegment.put_annotation" in told
    assert "| `functions/sdk_decorator.py` | none | @capture, " in told


def test_the_function_that_does_not_follow_the_setting_is_named(
    program: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The modes are equal, in JSON with status 0, which proves nothing of it."""
    requests = program / "traces" / "requests.yaml"
    requests.write_text("".join(map(REQUEST.format, DEPLOYED)))
    capsys.readouterr()
    status = main(["compare", "--modes", "--json", "-C", str(program)])
    told = capsys.readouterr()
    assert status == 0, told.out + told.err
    shape = json.loads(told.out)
    assert shape["equal"]
    assert [found["differences"] for found in shape["comparisons"]] == [[], []]
    lines = [line for line in told.err.splitlines() if "nothing is proven" in line]
    assert [line.rpartition(": ")[0].rpartition(": ")[2] for line in lines] == ["sdk_decorator"], lines
