"""What messages tell people to type."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from waterfall.shell import typed


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The installed script, run by its path from the folder of the project, and not on the PATH."""
    made = tmp_path / "project" / ".venv" / "bin" / "waterfall"
    made.parent.mkdir(parents=True)
    made.touch(mode=0o755)
    monkeypatch.setattr(sys, "argv", [str(made)])
    monkeypatch.setenv("PATH", "/bin")
    monkeypatch.chdir(tmp_path / "project")
    return made


def test_the_script_is_named_from_where_one_is(script: Path) -> None:
    """As with `make up`, which runs it by its path."""
    assert typed("show latest") == ".venv/bin/waterfall show latest"


@pytest.mark.usefixtures("script")
def test_a_script_that_only_make_knows_by_a_relative_path_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """`make up` types it so itself."""
    monkeypatch.setattr(sys, "argv", [".venv/bin/waterfall"])
    assert typed("show") == ".venv/bin/waterfall show"


def test_its_name_alone_is_enough_on_the_path(script: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In an active virtual environment, and where a tool was installed."""
    monkeypatch.setenv("PATH", f"/bin:{script.parent}")
    assert typed("show") == "waterfall show"


def test_another_one_on_the_path_is_not_meant(
    script: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be of another version, and read another stack's data."""
    (tmp_path / "waterfall").touch(mode=0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{script.parent}")
    assert typed("show") == ".venv/bin/waterfall show"


def test_the_shorter_path_is_taken(script: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From far away that is the one from the root; a shell reads both."""
    far = tmp_path.joinpath(*"abcdefghijklmnopqrstuvwxyz" * 2)
    far.mkdir(parents=True)
    monkeypatch.chdir(far)
    assert typed("show") == f"{script} show"
    monkeypatch.chdir(script.parent)
    assert typed("show") == "./waterfall show"


def test_a_path_with_blanks_is_quoted(script: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that it can be typed as it stands."""
    folder = script.parent.rename(tmp_path / "project" / "my tools")
    monkeypatch.setattr(sys, "argv", [str(folder / "waterfall")])
    assert typed("show") == "'my tools/waterfall' show"


def test_without_a_script_python_runs_it(script: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Such as in a checkout that nobody installed."""
    monkeypatch.setattr(sys, "argv", ["/checkout/waterfall/__main__.py"])
    monkeypatch.setattr(sys, "executable", str(script.with_name("python3")))
    assert typed("up") == ".venv/bin/waterfall up"
    script.unlink()
    assert typed("up") == f"{script.with_name('python3')} -m waterfall up"
