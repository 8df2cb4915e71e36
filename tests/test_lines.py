"""Lines fit a page; ruff measures those of Python."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[1]
WIDTH = 110
MEASURED = (
    "Makefile",
    "*.toml",
    "*.yaml",
    ".github/workflows/*.yml",
    ".ox*.json",
    "components/locks/*.in",
    "embedded_aws/awslambda/runtime/locks/*.in",
    "locks/*.in",
    "policy/*.in",
    "policy/*.yaml",
    "waterfall/web/static/**/*.js",
    "waterfall/web/static/**/*.css",
)
SCRIPT = "embedded_aws/awslambda/runtime/adot/otel-instrument"


def test_no_line_is_too_long() -> None:
    """What is shipped or builds it is read without scrolling sideways."""
    files = [path for pattern in (*MEASURED, SCRIPT) for path in ROOT.glob(pattern)]
    assert {"Makefile", "pyproject.toml", "otel-instrument", "main.js", "page.css"} <= {
        path.name for path in files
    }
    long = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in files
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if len(line) > WIDTH
    ]
    assert long == []
