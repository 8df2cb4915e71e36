"""One trace as one HTML file: the console's own waterfall, with what it would ask for, and no network.

The console's modules stand in an import map, as data of their own; a policy in the page lets nothing else run
and nothing be fetched. https://html.spec.whatwg.org/multipage/webappapis.html#import-maps
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from waterfall.logs.shapes import trace_logs_shape
from waterfall.traces.insight import overview
from waterfall.web import shapes
from waterfall.web.modules import IMPORT, STATIC, absolute, needed_by

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from waterfall.logs.invocations import InvocationLogs
    from waterfall.traces.model import Trace

_ENTRY = "saved_page.js"
_STYLES = ("theme", "page", "trace", "logs")
_PREFIX = "waterfall/"


def saved_page(
    trace: Trace, now: float, linked: Iterable[Trace] = (), logs: Sequence[InvocationLogs] | None = None
) -> str:
    """Return the page.

    `linked` are the traces of its messages' consumers, `logs` what its functions wrote.
    """
    path = f"traces/{trace.id}"
    held: dict[str, Any] = {
        "trace": trace.id,
        "at": datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%d %H:%M UTC"),
        path: shapes.detailed_trace(trace),
        f"{path}/linked": shapes.linked_shape(trace, linked),
    }
    for node in trace.nodes:
        held[f"{path}/documents/{node.position}"] = shapes.raw_document(node.document)
    if logs is not None:
        held[f"{path}/logs"] = trace_logs_shape(trace.id, logs)
    return _page(f"{overview(trace).name} · {trace.id}", held)


def _page(title: str, held: dict[str, Any]) -> str:
    style = "\n".join((STATIC / "css" / f"{name}.css").read_text() for name in _STYLES)
    theme = (STATIC / "theme_first.js").read_text()
    import_map = json.dumps({"imports": _modules()})
    start = f'import "{_PREFIX}{_ENTRY}";'
    policy = (
        "default-src 'none'",
        f"script-src {' '.join(map(_hash, (theme, import_map, start)))} data:",
        f"style-src {_hash(style)}",
        "base-uri 'none'",
        "form-action 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{"; ".join(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>{html.escape(_text(title))}</title>
<style>{style}</style>
<script>{theme}</script>
<script type="importmap">{import_map}</script>
</head>
<body>
<noscript>This page draws a trace with scripts that it brings along; scripts are switched off.</noscript>
<script type="application/json" id="saved">{_harmless(held)}</script>
<script type="module">{start}</script>
</body>
</html>
"""


def _text(title: str) -> str:
    return title.encode("utf-8", "replace").decode()


def _harmless(value: Any) -> str:
    """Return JSON in which nothing ends the element that holds it; ASCII, whatever a name consists of."""
    return json.dumps(value, separators=(",", ":")).replace("<", "\\u003c")


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


@cache
def _modules() -> dict[str, str]:
    """Return the modules that the entry needs, by the names under which they import each other here."""
    found = {}
    for path in needed_by(_ENTRY):

        def named(match: re.Match[str], path: str = path) -> str:
            return f'{match[1]}"{_PREFIX}{absolute(path, match[2])}"'

        code = IMPORT.sub(named, (STATIC / path).read_text(encoding="utf-8"))
        found[_PREFIX + path] = f"data:text/javascript;base64,{base64.b64encode(code.encode()).decode()}"
    return found
