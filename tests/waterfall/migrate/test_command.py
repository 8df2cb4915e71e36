"""`waterfall migrate`, as people use it, and the report."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from waterfall.cli import main
from waterfall.migrate.inventory import Change, Use, left
from waterfall.migrate.report import moved, report
from waterfall.proof.cases import Case, Invocation
from waterfall.proof.verdict import Difference, Result

SOURCE = """\
from aws_xray_sdk.core import xray_recorder


def handler(event, context):
    with xray_recorder.in_subsegment("a"):
        return xray_recorder.current_segment()
"""


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "160")
    file = tmp_path / "app.py"
    file.write_text(SOURCE)
    return file


def test_it_shows_what_becomes_of_each_use_and_changes_nothing(
    app: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An inventory, a diff, and what the deployment needs."""
    assert main(["migrate"]) == 0
    told = capsys.readouterr().out
    assert "app.py:5  in_subsegment" in told
    assert "left: a function's segment is Lambda's own" in told
    assert "3 uses in 1 file: 2 move, 1 are left" in told
    assert '+    with tracer.start_as_current_span("a"):\n' in told
    assert "TRACING_MODE=native" in told
    assert app.read_text() == SOURCE


def test_write_changes_the_files(app: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And shows no diff."""
    assert main(["migrate", "app.py", "--write"]) == 0
    assert "+++" not in capsys.readouterr().out
    assert 'tracer.start_as_current_span("a")' in app.read_text()


@pytest.mark.usefixtures("app")
def test_old_variables_are_named_with_what_takes_their_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """They are in templates that nobody can rewrite for all."""
    (tmp_path / "template.yaml").write_text("Variables:\n  POWERTOOLS_TRACE_DISABLED: true\n")
    main(["migrate"])
    assert "template.yaml:2  POWERTOOLS_TRACE_DISABLED" in capsys.readouterr().out


@pytest.mark.usefixtures("app")
def test_a_folder_that_is_not_there_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    """With what to give instead."""
    assert main(["migrate", "nowhere"]) == 1
    assert "there is no nowhere" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words", [["report"], ["a", "b"], [".", "--base", "main"], ["report", "--base", "x", "--write"]]
)
def test_words_that_do_not_go_together_are_refused(words: list[str]) -> None:
    """Status 2, as for all wrong usage."""
    with pytest.raises(SystemExit) as stop:
        main(["migrate", *words])
    assert stop.value.code == 2


def test_the_report_counts_what_moved_and_what_each_trace_says() -> None:
    """A row for each request, and one for each file."""
    case = Case("order", Invocation("f", b"{}"))
    there, here = Path("/before"), Path("/after")
    uses = (
        Use(1, "put_annotation", "annotate"),
        Use(2, "put_annotation", "annotate"),
        left(3, "segment", "?"),
    )
    before = [Change(there / "app.py", "", "", uses)]
    after = [Change(here / "app.py", "", "", uses[2:])]
    files = list(moved(before, after, there, here))
    assert files == [("app.py", Counter(put_annotation=2), Counter(segment=1))]
    expected = Difference(
        "added", ("f", "app.handler"), right="app.handler", reason="a place for annotations"
    )
    text = report(files, [Result(case, (expected,), seconds=(0.1, 0.2))])
    assert "### Moved to OpenTelemetry: every trace is as it was" in text
    assert "| `order` | 1 expected | 100 ms | 200 ms |" in text
    assert "| `app.py` | put_annotation 2 | segment |" in text


def test_what_took_the_place_of_middleware_is_a_package_and_a_way_to_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`tracing` begins no traces of its own."""
    monkeypatch.setenv("COLUMNS", "300")
    (tmp_path / "app.py").write_text(
        "from aws_xray_sdk.core import xray_recorder\n"
        "from aws_xray_sdk.ext.flask.middleware import XRayMiddleware\n"
        "XRayMiddleware(app, xray_recorder)\n"
    )
    assert main(["migrate", str(tmp_path)]) == 0
    told = capsys.readouterr().out
    assert "opentelemetry-instrumentation-flask\n" in told
    assert (
        "Outside Lambda, start the program with opentelemetry-instrument of aws-opentelemetry-distro" in told
    )
