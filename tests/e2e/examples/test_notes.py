"""The program in TypeScript, under Pulumi's real CLI and Node's language host.

It runs where both are at hand (`PULUMI_CLI_BIN` names their folders, as a PATH does) and `npm install` was
run in `examples/notes`; the provider is the small one of `tests/pulumi_cli`.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.examples.example import Example
from tests.e2e.stack import REPOSITORY, running, until
from tests.pulumi_cli.cli import workspace
from waterfall.cli import main

NOTES = REPOSITORY / "examples" / "notes"
NAMES = ("pulumi", "pulumi-language-nodejs", "node")


def test_a_request_to_a_program_in_typescript_has_a_waterfall(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Its Python functions show their calls, and the trace leads to that of the queue's consumer."""
    path = os.pathsep.join(filter(None, (os.environ.get("PULUMI_CLI_BIN"), os.environ["PATH"])))
    missing = [name for name in NAMES if not shutil.which(name, path=path)]
    if missing or not (NOTES / "node_modules").exists():
        pytest.skip(f"not at hand: {', '.join(missing) or 'node_modules of examples/notes'}")
    (tmp_path / "tools").mkdir()
    tools = workspace(tmp_path / "tools", Path(str(shutil.which("pulumi", path=path))).parent)
    monkeypatch.setenv("PATH", os.pathsep.join([tools.environment["PATH"], path]))
    monkeypatch.setenv("PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION", "true")
    program = tmp_path / "notes"
    shutil.copytree(NOTES, program, ignore=shutil.ignore_patterns("node_modules", "bin"))
    (program / "node_modules").symlink_to(NOTES / "node_modules")
    with running(tmp_path / "data", serves="serve") as stack:
        where = ["pulumi", "-C", str(program), "--endpoint", stack.status["endpoint"], "--"]
        assert main([*where, "up", "--yes", "--skip-preview", "--non-interactive"]) == 0, capfd.readouterr()
        capfd.readouterr()
        assert main([*where, "stack", "output", "--json"]) == 0
        url = json.loads(capfd.readouterr().out)["url"]
        trace_id, answer = Example(stack, "otel").send("POST", url, b'{"text": "more than one word"}')
        assert answer.status == 201

        def called() -> set[str] | None:
            found = {name for document in stack.documents(trace_id) for name in names(document)}
            return found if {"DynamoDB", "SQS"} <= found else None

        until(called, "the calls of the function")


def names(document: dict[str, Any]) -> set[str]:
    below = (names(each) for each in document.get("subsegments", []))
    return {document["name"], *(name for found in below for name in found)}
