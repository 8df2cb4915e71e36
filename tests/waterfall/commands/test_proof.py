"""`waterfall record` and `check` of traces that are there, as people and scripts use them."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.waterfall import samples
from waterfall.cli import main

if TYPE_CHECKING:
    from tests.waterfall.conftest import Api

EXPRESSION = 'service("traced-api/dev")'


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: samples.T0 + 65)
    monkeypatch.setenv("COLUMNS", "160")


def run(api: Api, command: str, folder: Path, *arguments: str) -> int:
    where = ["-C", str(folder), "--endpoint", api.endpoint]
    return main([command, "hello", "--filter", EXPRESSION, *where, *arguments])


def test_traces_of_a_filter_are_recorded(
    api: Api, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As text, the same when recorded again; the times are in a file that Git ignores."""
    api.put(samples.request())
    assert run(api, "record", tmp_path) == 0
    file = tmp_path / "traces" / "hello.trace"
    first = file.read_text()
    assert first.startswith("# waterfall.trace/1\n# traces of service(")
    assert "+ segment traced-api/dev\n" in first
    assert capsys.readouterr().out.endswith("traces/hello.trace\n")
    assert run(api, "record", tmp_path) == 0
    assert capsys.readouterr().out.endswith("traces/hello.trace (unchanged)\n")
    assert file.read_text() == first
    assert (tmp_path / "traces" / ".gitignore").read_text() == ".times/\n"
    times = json.loads((tmp_path / "traces" / ".times" / "hello.json").read_text())
    assert times["traced-api/dev"]["count"] == 1


def test_what_equals_its_recording_is_status_0(
    api: Api, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And one line for each request."""
    api.put(samples.request())
    run(api, "record", tmp_path)
    capsys.readouterr()
    assert run(api, "check", tmp_path) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "1 request: as recorded"


def test_what_differs_is_status_1_unless_it_is_expected(
    api: Api, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A line for each difference; `expected.yaml` names those that are meant, and why."""
    api.put(samples.request())
    run(api, "record", tmp_path)
    file = tmp_path / "traces" / "hello.trace"
    file.write_text(file.read_text().replace("origin: AWS::ApiGateway::Stage", "origin: Other"))
    capsys.readouterr()
    assert run(api, "check", tmp_path) == 1
    out = capsys.readouterr().out
    assert "  field: traced-api/dev: origin: Other → AWS::ApiGateway::Stage\n" in out
    assert out.endswith("1 of 1 requests differ\n")
    (tmp_path / "traces" / "expected.yaml").write_text(
        "- {field: origin, reason: it moved}\n- {change: added, reason: never seen}\n"
    )
    assert run(api, "check", tmp_path) == 0
    out = capsys.readouterr().out
    assert "(expected: it moved)" in out
    assert "expected, and not seen: never seen\n" in out


def test_what_was_never_recorded_is_status_1(
    api: Api, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With what to type."""
    api.put(samples.request())
    assert run(api, "check", tmp_path) == 1
    assert "`waterfall record hello` writes it" in " ".join(capsys.readouterr().out.split())


def test_a_filter_needs_a_name(capsys: pytest.CaptureFixture[str]) -> None:
    """Its traces are recorded under it."""
    with pytest.raises(SystemExit) as stop:
        main(["record", "--filter", EXPRESSION])
    assert stop.value.code == 2
    assert "--filter needs one NAME" in capsys.readouterr().err


def test_a_filter_that_nothing_fits_is_an_error(
    api: Api, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line that says how to look further back."""
    assert run(api, "record", tmp_path) == 1
    assert "look further back with --since" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--base", "main", "--aws"], "--base runs both versions on this machine"),
        (["--base", "main", "--endpoint", "http://127.0.0.1:1"], "--base runs both versions on this machine"),
        (["--stack", "dev"], "--stack and --config belong to --base"),
        (["--config", "a=b"], "--stack and --config belong to --base"),
    ],
)
def test_wrong_usage_is_status_2(
    capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    """What cannot be meant is refused with a line that says what is allowed."""
    with pytest.raises(SystemExit) as stop:
        main(["check", *arguments])
    assert stop.value.code == 2
    assert message in " ".join(capsys.readouterr().err.split())


def test_reports_are_written_beside_what_is_printed(
    api: Api, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """JUnit XML and Markdown, in folders that need not be there; the name of a request has to."""
    api.put(samples.request())
    run(api, "record", tmp_path)
    junit, markdown = tmp_path / "out" / "r.xml", tmp_path / "out" / "r.md"
    assert run(api, "check", tmp_path, "--junit", str(junit), "--markdown", str(markdown)) == 0
    assert 'tests="1" failures="0" errors="0"' in junit.read_text()
    assert markdown.read_text().startswith("### Traces: all requests are as recorded\n")
    (tmp_path / "traces" / "requests.yaml").write_text("hello: GET /hello")
    capsys.readouterr()
    assert main(["check", "other", "-C", str(tmp_path), "--endpoint", api.endpoint]) == 1
    assert "there is no request 'other': there are hello" in capsys.readouterr().err
