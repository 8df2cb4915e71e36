"""Arrows point one way: which rooms of a package may import which, and what it may import of the others."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FIRST_PARTY = frozenset({"components", "embedded_aws", "handlers", "tracing", "tracing_pytest", "waterfall"})


@dataclass(frozen=True)
class Package:
    """A package's rooms (its folders and its own modules) in layers, from the ground up.

    A room imports from layers below its own alone, and from no other room of its layer; without `layers` that
    is not checked. `outside` has the modules of other packages that a module may import.
    """

    name: str
    layers: tuple[frozenset[str], ...] = ()
    outside: Mapping[str, frozenset[str]] = field(default_factory=dict)


def layers(*rows: str) -> tuple[frozenset[str], ...]:
    return tuple(frozenset(row.split()) for row in rows)


THE_ENTRY = frozenset({"embedded_aws.server"})
"""How a stack is started: all that others may know of the embedded AWS."""

PACKAGES = (
    Package(
        "waterfall",
        layers(
            "ports",
            "traces",
            "faults logs sampling stack",
            "compare why",
            "terminal web",
            "gameday",
            "commands",
            "cli",
            "__main__",
        ),
        outside={
            "waterfall.commands.up": THE_ENTRY,
            "waterfall.commands.welcome": THE_ENTRY,
            "waterfall.stack.serve": THE_ENTRY,
        },
    ),
    Package("embedded_aws"),
)


def imports_of(package: Package, root: Path) -> Iterator[tuple[str, str]]:
    """Yield each module of a package with each first-party module that it imports, wherever it does so."""
    for path in sorted((root / package.name).rglob("*.py")):
        module = ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                yield from ((module, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                parents = path.relative_to(root).parts[: -node.level] if node.level else ()
                source = ".".join([*parents, *filter(None, [node.module])])
                is_package = (root / Path(*source.split("."))).is_dir()
                yield from (
                    (module, f"{source}.{alias.name}" if is_package else source) for alias in node.names
                )


def room_of(module: str) -> str:
    return [*module.split("."), "__init__"][1]


def arrows_back_up(package: Package, root: Path = ROOT) -> list[str]:
    floors = {room: floor for floor, rooms in enumerate(package.layers) for room in rooms}
    return [
        f"{module} imports {other}"
        for module, other in imports_of(package, root)
        if other.partition(".")[0] == package.name
        and room_of(module) != room_of(other)
        and room_of(other) != "__init__"
        and floors.get(room_of(module), -1) <= floors.get(room_of(other), -1)
    ]


def strangers(package: Package, root: Path = ROOT) -> list[str]:
    return [
        f"{module} imports {other}"
        for module, other in imports_of(package, root)
        if other.partition(".")[0] in FIRST_PARTY - {package.name}
        and other not in package.outside.get(module, ())
    ]


def rooms_in(package: Package, root: Path = ROOT) -> set[str]:
    folder = root / package.name
    return {path.relative_to(folder).parts[0].removesuffix(".py") for path in folder.rglob("*.py")} - {
        "__init__"
    }


LAYERED = [package for package in PACKAGES if package.layers]


@pytest.mark.parametrize("package", LAYERED, ids=lambda package: package.name)
def test_every_room_stands_in_a_layer(package: Package) -> None:
    """A new folder has to be given its layer."""
    assert rooms_in(package) == {room for layer in package.layers for room in layer}


@pytest.mark.parametrize("package", LAYERED, ids=lambda package: package.name)
def test_no_arrow_runs_back_up(package: Package) -> None:
    """What a room imports stands below it."""
    assert arrows_back_up(package) == []


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.name)
def test_packages_know_no_more_of_each_other_than_is_declared(package: Package) -> None:
    """The viewer knows the embedded AWS by its one entry, and the embedded AWS nothing of its users."""
    assert strangers(package) == []


@pytest.mark.parametrize(
    ("line", "up", "strange"),
    [
        ("from waterfall.top import thing", ["waterfall.low.one imports waterfall.top"], []),
        ("from waterfall import top", ["waterfall.low.one imports waterfall.top"], []),
        ("from ..beside import two", ["waterfall.low.one imports waterfall.beside.two"], []),
        ("def late():\n    import waterfall.top", ["waterfall.low.one imports waterfall.top"], []),
        ("from waterfall.low.two import thing", [], []),
        ("from waterfall.ground import thing", [], []),
        ("import embedded_aws.xray", [], ["waterfall.low.one imports embedded_aws.xray"]),
        ("from embedded_aws.server import run", [], []),
    ],
)
def test_arrows_are_seen(tmp_path: Path, line: str, up: list[str], strange: list[str]) -> None:
    """Whichever way an import is written, one that is not allowed is found."""
    for name in ("ground.py", "top.py", "low/one.py", "low/two.py", "beside/two.py"):
        file = tmp_path / "waterfall" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(line if name == "low/one.py" else "")
    package = Package(
        "waterfall", layers("ground", "low beside", "top"), outside={"waterfall.low.one": THE_ENTRY}
    )
    assert arrows_back_up(package, tmp_path) == up
    assert strangers(package, tmp_path) == strange
