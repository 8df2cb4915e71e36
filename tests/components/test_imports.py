"""The folder may be installed under another name."""

from __future__ import annotations

import re
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "components"


def test_modules_import_each_other_by_relative_names() -> None:
    """No module says what the folder is called."""
    absolute = re.compile(r"^\s*(?:from|import) components\b", re.MULTILINE)
    assert [path.name for path in FOLDER.glob("*.py") if absolute.search(path.read_text())] == []
