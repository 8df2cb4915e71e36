"""The folder has two names: `components` in its repository, `traced_api` where the wheel is installed."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "components"


def test_modules_import_each_other_by_relative_names() -> None:
    """No module says what the folder is called."""
    absolute = re.compile(r"^\s*(?:from|import) components\b", re.MULTILINE)
    assert [path.name for path in FOLDER.glob("*.py") if absolute.search(path.read_text())] == []


def test_the_repository_imports_its_folder_under_one_name() -> None:
    """A module under two names is two modules, whose classes are strangers to each other.

    The examples are programs of other people, and so are those that the end-to-end tests run.
    """
    files = [*ROOT.glob("*.py"), *ROOT.glob("[a-z]*/**/*.py")]  # not `.venv`
    theirs = (ROOT / "examples", ROOT / "tests" / "e2e" / "programs")
    files = [file for file in files if not any(file.is_relative_to(folder) for folder in theirs)]
    installed = re.compile(r"^\s*(?:from|import) traced_api\b", re.MULTILINE)
    assert len(files) > 500
    assert [str(path) for path in files if installed.search(path.read_text(encoding="utf-8"))] == []
