"""What the embedded AWS changes in moto stands in one module."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3] / "embedded_aws"


def changes(source: str) -> bool:
    """Tell whether a module assigns to anything of what it imports from moto."""
    nodes = list(ast.walk(ast.parse(source)))
    imports = [node for node in nodes if isinstance(node, ast.ImportFrom)]
    theirs = {
        alias.asname or alias.name
        for node in imports
        if (node.module or "").partition(".")[0] == "moto"
        for alias in node.names
    }
    assigned = [target for node in nodes if isinstance(node, ast.Assign) for target in node.targets]
    return any(
        isinstance(target, (ast.Attribute, ast.Subscript))
        and isinstance(target.value, ast.Name)
        and target.value.id in theirs
        for target in assigned
    )


def test_moto_is_changed_in_one_module() -> None:
    """Nobody has to look further for why moto does something else than its own code says."""
    found = [path.name for path in ROOT.rglob("*.py") if changes(path.read_text(encoding="utf-8"))]
    assert found == ["moto_patches.py"]


@pytest.mark.parametrize(
    ("line", "expected"),
    [("backends.backend = Other", True), ("config['lambda'] = {}", True), ("own = backends.backend", False)],
)
def test_changes_are_seen(line: str, expected: bool) -> None:  # noqa: FBT001 - a table of cases
    """An attribute or an item of what comes from moto."""
    assert changes(f"from moto.x import backends, config\n{line}") is expected
