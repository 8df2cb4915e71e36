"""The console's scripts: which modules one of them needs."""

from __future__ import annotations

import posixpath
import re
from functools import cache
from pathlib import Path

STATIC = Path(__file__).parent / "static"
IMPORT = re.compile(r'(\bfrom |^import )"(\.{1,2}/[^"]+)"', re.MULTILINE)


def absolute(path: str, imported: str) -> str:
    """Return a module's path below `static/` as it is imported by the one at `path`."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(path), imported))


@cache
def needed_by(entry: str) -> tuple[str, ...]:
    """Return the paths of a module and of all that it imports, and they."""
    found: dict[str, None] = {}
    pending = [entry]
    while pending:
        path = pending.pop()
        if path not in found:
            found[path] = None
            imports = IMPORT.findall((STATIC / path).read_text(encoding="utf-8"))
            pending += (absolute(path, imported) for _, imported in imports)
    return tuple(sorted(found))


def index() -> str:
    """Return the console's page, which asks for all its modules at once and not for one after another."""
    text = (STATIC / "index.html").read_text(encoding="utf-8")
    links = "".join(f'<link rel="modulepreload" href="/static/{path}">\n' for path in needed_by("main.js"))
    return text.replace("</head>", f"{links}</head>")
