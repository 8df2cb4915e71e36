"""axe-core, run on a page as its reader has it.

https://github.com/dequelabs/axe-core/blob/develop/doc/API.md
"""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.waterfall.web.browser import Page

_RUN = """
axe.run({ resultTypes: ["violations"] }).then(({ violations }) => violations
  .filter(({ impact }) => impact === "serious" || impact === "critical")
  .map(({ id, nodes }) => id + ": " + nodes.map(({ html, any }) => html.slice(0, 120) + " " +
    any.map(({ message }) => message).join("; ")).join("\\n  ")))
"""


@cache
def _axe() -> str:
    found = find_spec("axe_playwright_python")
    assert found
    assert found.origin
    return Path(found.origin).with_name("axe.min.js").read_text(encoding="utf-8")


def serious(page: Page) -> list[str]:
    """Return what axe-core finds serious or critical, in light and in dark."""
    found: list[str] = []
    for scheme in ("light", "dark"):
        page.prefer(scheme)
        page.run(f"{_axe()}; 0")
        found += (f"{scheme}: {text}" for text in page.run(_RUN))
    return found
