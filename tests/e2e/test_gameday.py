"""`waterfall fault` and `waterfall gameday`, as people run them."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.lab import Lab, running, template
from tests.e2e.stack import REPOSITORY, WATERFALL, until
from tests.e2e.traces import whole_trace
from waterfall.cli import main

ERROR = "aws:lambda:invocation-error"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with running(tmp_path_factory.mktemp("data")) as lab:
        yield lab


def test_experiments_are_listed_started_and_stopped_by_name(
    lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    """The commands find an experiment by the name in its tags, and show the time that it has left."""
    endpoint = ["--endpoint", lab.stack.status["endpoint"]]
    url = lab.api(arn := lab.function("otel", "named"))
    assert lab.get(url).status == 200
    request = template(arn, ERROR, {"preventExecution": "true", "invocationPercentage": "100"})
    lab.fis.create_experiment_template(**request)
    assert main(["fault", "list", *endpoint]) == 0
    assert "on-purpose" in capsys.readouterr().out
    assert main(["fault", "start", "on-purpose", *endpoint]) == 0
    assert "running" in capsys.readouterr().out
    answer = lab.get(url)
    assert answer.status == 502
    whole_trace(lab.stack, answer.trace_id, lambda found: found.ran("named"), "the function's segment")
    assert main(["fault", "status", "--json", *endpoint]) == 0
    (found,) = json.loads(capsys.readouterr().out)["experiments"]
    assert (found["name"], found["status"], found["targets"]) == ("on-purpose", "running", ["named"])
    assert 290 < found["left"] <= 300
    assert main(["show", answer.trace_id, *endpoint]) == 0
    shown = capsys.readouterr().out
    assert "named injected" in shown
    assert 'fault.injected = "on-purpose"' in shown
    assert main(["map", "--trace", answer.trace_id, *endpoint]) == 0
    assert "injected faults" in capsys.readouterr().out

    def marked() -> bool | None:
        main(["map", *endpoint])  # its window ends with the last whole second
        return "injected faults" in capsys.readouterr().out or None

    until(marked, "the map of the last hour")
    assert main(["fault", "stop", "on-purpose", *endpoint]) == 0
    assert "stopped" in capsys.readouterr().out
    assert lab.get(url).status == 200


def test_an_unknown_experiment_is_named(lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    """The error says which there are."""
    assert main(["fault", "start", "nothing", "--endpoint", lab.stack.status["endpoint"]]) == 1
    assert "no experiment nothing; there are: " in capsys.readouterr().err


def test_a_game_day_reports_in_markdown(tmp_path: Path) -> None:
    """Every experiment runs in turn; the report says what the client saw, and that it recovered."""
    faults = {
        "worker-fails": {"functions": ["worker"], "kind": "error", "percentage": 100},
        "table-slow": {"calls": {"service": "dynamodb"}, "kind": "delay", "delay": 0.1, "percentage": 100},
    }
    command = [str(WATERFALL), "gameday", "--requests", "4", "--report", str(tmp_path / "report.md")]
    command += ["--config", f"faults={json.dumps(faults)}", "--config", "workSeconds=0"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False, timeout=110)
    assert done.returncode == 0, done.stderr
    assert "2/2 worker-fails: 4 of 4 failed, recovered" in done.stderr
    report = (tmp_path / "report.md").read_text()
    assert report == done.stdout
    assert report.startswith(
        "# Game day\n\n2 experiments: no weakness found; the system recovered after each."
    )
    assert "| worker-fails | 4 | 4 (100%) |" in report
    assert 'fault.injected = "table-slow"' in report
