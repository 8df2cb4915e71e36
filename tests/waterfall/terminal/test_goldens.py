"""Every picture as it is printed, character by character."""

from __future__ import annotations

import pytest
from rich.cells import cell_len

from tests.waterfall.terminal import goldens


@pytest.mark.parametrize("name", goldens.CASES)
def test_picture_is_as_kept(name: str) -> None:
    """A rendering equals the kept text; `python -m tests.waterfall.terminal.goldens` writes it anew."""
    assert goldens.CASES[name]() == goldens.path_of(name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", [name for name in goldens.CASES if name.endswith(("-80", "-100", "-160"))])
def test_picture_fits_its_width(name: str) -> None:
    """No line is wider than the screen."""
    width = int(name.rpartition("-")[2])
    assert max(map(cell_len, goldens.CASES[name]().splitlines())) <= width


def test_every_kept_picture_is_rendered() -> None:
    """No kept text is left over from a rendering that is gone."""
    assert {path.stem for path in goldens.FOLDER.iterdir()} == set(goldens.CASES)
