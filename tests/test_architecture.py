"""Arrows point one way: which rooms of a package may import which, and what it may import of the others."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FACE = "__init__"


@dataclass(frozen=True)
class Package:
    """A package's rooms (its folders and its own modules) in layers, from the ground up.

    A room imports from layers below its own alone, and from no other room of its layer. `__init__` stands
    above all of them where it has no layer. `uses` are the packages that every room may import, `outside` the
    modules of others that one module may. `folder` is where the package lies.
    """

    name: str
    layers: tuple[frozenset[str], ...]
    uses: frozenset[str] = frozenset()
    outside: Mapping[str, frozenset[str]] = field(default_factory=dict)
    folder: str = "."


def rooms(*rows: str) -> tuple[frozenset[str], ...]:
    return tuple(frozenset(row.split()) for row in rows)


THE_ENTRY = frozenset({"embedded_aws.server"})
"""How a stack is started: all that others may know of the embedded AWS."""

THE_VIEWER = frozenset(
    {
        *(f"waterfall.proof.{name}" for name in ("cases", "checking", "lines", "observing", "recording")),
        *(f"waterfall.proof.{name}" for name in ("verdict", "versions")),
        "waterfall.compare.normal",
        "waterfall.stack.child",
        "waterfall.stack.requests",
        "waterfall.traces.client",
        "waterfall.traces.model",
    }
)
"""What a test of a whole program is made of: starting it, asking it, reading and comparing its traces."""

PACKAGES = (
    Package("__main__", rooms("__main__"), uses=frozenset({"components"})),
    Package(
        "components",
        rooms(
            "dashboard kinds policy routes zips",
            "alarms authorization baseline naming",
            "fault_settings openapi queue sampling storage",
            "settings",
            "adot bytecode wheels",
            "requirements",
            "packaging",
            "function layers",
            "api",
            "faults monitoring",
        ),
    ),
    Package(
        "rules",
        rooms("adot rule", "apis functions identities", "data", "production", "catalog", "pack"),
        folder="policy",
    ),
    Package("handlers", rooms("consumer front worker"), uses=frozenset({"tracing"})),
    Package(
        "tracing",
        rooms(
            "_aws _later _safely _settings _span _usage",
            "_costs _exceptions _sender",
            "_export",
            "_keep _otlp_export",
            "_recorder",
            "_context",
            "_propagator",
            "_calls _native _otel _runtime",
            "_setup",
            "_api",
        ),
        folder="layers",
    ),
    Package(
        "tracing_pytest",
        rooms("trace", "invocation stack", "elsewhere"),
        uses=frozenset({"tracing"}),
        outside={"tracing_pytest.stack": THE_VIEWER},
        folder="layers",
    ),
    Package(
        "embedded_aws",
        rooms(
            "aws",
            "cloudwatch delivery host sqs streams",
            "eventbridge s3 sns stepfunctions",
            "debugging engine logs xray",
            "journal",
            "awslambda gateway",
            "events fis",
            "endpoint front_door",
            "embedded_aws",
            "server",
        ),
        uses=frozenset({"loopback_guard"}),
    ),
    Package(
        "waterfall",
        rooms(
            "ports shell",
            "traces",
            "faults files logs pulumi sampling stack",
            "compare why",
            "proof",
            "migrate",
            "terminal web",
            "agents gameday",
            "commands",
            "cli",
            "__main__",
        ),
        uses=frozenset({"loopback_guard"}),
        outside={
            "waterfall.commands.serve": THE_ENTRY,
            "waterfall.commands.serving": THE_ENTRY,
            "waterfall.commands.up": THE_ENTRY,
            "waterfall.commands.watching": THE_ENTRY,
            "waterfall.commands.welcome": THE_ENTRY,
            "waterfall.stack.serve": THE_ENTRY,
        },
    ),
    Package("loopback_guard", rooms(FACE, "asgi http")),
)
FIRST_PARTY = frozenset(package.name for package in PACKAGES)


def modules_of(package: Package, root: Path) -> Iterator[tuple[str, ...]]:
    """Yield the parts of each module's name; the program's `__main__` is a module without a folder."""
    lies = root / package.folder
    for path in sorted([*(lies / package.name).rglob("*.py"), *lies.glob(f"{package.name}.py")]):
        yield path.relative_to(lies).with_suffix("").parts


def imports_of(package: Package, root: Path) -> Iterator[tuple[str, str]]:
    """Yield each module of a package with each module that it imports, wherever it does so."""
    lies = root / package.folder
    for parts in modules_of(package, root):
        module = ".".join(parts).removesuffix(f".{FACE}")
        text = lies.joinpath(*parts).with_suffix(".py").read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Import):
                yield from ((module, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                parents = parts[: -node.level] if node.level else ()
                source = ".".join([*parents, *filter(None, [node.module])])
                is_package = lies.joinpath(*source.split(".")).is_dir()
                yield from (
                    (module, f"{source}.{alias.name}" if is_package else source) for alias in node.names
                )


def room_of(module: str) -> str:
    return [*module.split("."), FACE][1]


def arrows_back_up(package: Package, root: Path = ROOT) -> list[str]:
    floors = {room: floor for floor, rooms_on_it in enumerate(package.layers) for room in rooms_on_it}
    floors.setdefault(FACE, len(package.layers))
    return [
        f"{module} imports {other}"
        for module, other in imports_of(package, root)
        if other.partition(".")[0] == package.name
        and room_of(module) != room_of(other)
        and floors.get(room_of(module), -1) <= floors.get(room_of(other), -1)
    ]


def strangers(package: Package, root: Path = ROOT) -> list[str]:
    return [
        f"{module} imports {other}"
        for module, other in imports_of(package, root)
        if other.partition(".")[0] in FIRST_PARTY - {package.name} - package.uses
        and other not in package.outside.get(module, ())
    ]


def rooms_in(package: Package, root: Path = ROOT) -> set[str]:
    return {room_of(".".join(parts)) if len(parts) > 1 else parts[0] for parts in modules_of(package, root)}


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.name)
def test_every_room_stands_in_a_layer(package: Package) -> None:
    """A new folder has to be given its layer."""
    named = {room for layer in package.layers for room in layer}
    assert rooms_in(package) - {FACE} == named - {FACE}


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.name)
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
        "waterfall", rooms("ground", "low beside", "top"), outside={"waterfall.low.one": THE_ENTRY}
    )
    assert arrows_back_up(package, tmp_path) == up
    assert strangers(package, tmp_path) == strange
