"""The wheel, in empty environments in other folders."""

from __future__ import annotations

import ast
import os
import re
import sys
import zipfile
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

from embedded_aws.awslambda.runtime.provision import cache_directory
from tests.distribution import ROOT, Installed, build_wheel, copy_program, install, metadata_of, needs

SOURCES = {
    "components": "traced_api",
    "embedded_aws": "embedded_aws",
    "layers/tracing": "tracing",
    "layers/tracing_pytest": "tracing_pytest",
    "loopback_guard": "loopback_guard",
    "waterfall": "waterfall",
}
EXTRAS = {"components": ("components",), "embedded_aws": ("embedded",), "waterfall": ("migrate", "mcp")}
WHERE_THEY_ARE = {"aws_lambda_powertools", "httpx", "requests", "pytest", "awslambdaric", "amazon"}
"""What is used where somebody else has installed it."""
ANY_PORT = ("--port", "0", "--console-port", "0", "--daemon-port", "0", "--otlp-port", "0")

TESTS = """
import json
from opentelemetry import trace
from tracing import annotate, capture_lambda_handler

@capture_lambda_handler
def handler(event, context):
    with trace.get_tracer(__name__).start_as_current_span("PriceOrder"):
        annotate("customer", event["customer"])
        return {"statusCode": 200}

def test_price_is_traced(traced):
    assert traced(handler, {"customer": "ada"}).only("PriceOrder").annotations["customer"] == "ada"
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_wheel(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def viewer(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """Where nothing but the wheel was asked for, and pytest."""
    return install(wheel, [], tmp_path_factory.mktemp("viewer") / "venv", "pytest")


@pytest.fixture(scope="module")
def everything(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """Where a program is run."""
    return install(wheel, ["embedded", "components"], tmp_path_factory.mktemp("everything") / "venv")


def files_of(folder: str) -> Iterator[str]:
    """Yield the files of a folder, without what runs left in it."""
    for path in (ROOT / folder).rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            yield str(path.relative_to(ROOT / folder))


def imported(folder: str) -> set[str]:
    """Return the packages that a folder's modules import anywhere, without the standard library's."""
    found = set()
    for path in (ROOT / folder).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.partition(".")[0])
    return found - sys.stdlib_module_names - {*SOURCES.values()}


def test_the_wheel_has_every_file_under_its_own_name(wheel: Path) -> None:
    """Locks, scripts and pages included; nothing is called as a folder of a program's own would be."""
    expected = {f"{name}/{file}" for folder, name in SOURCES.items() for file in files_of(folder)}
    with zipfile.ZipFile(wheel) as archive:
        assert {name for name in archive.namelist() if ".dist-info/" not in name} == expected


@pytest.mark.parametrize("folder", SOURCES)
def test_what_a_package_imports_comes_with_it(folder: str, viewer: Installed) -> None:
    """The wheel names it: for all, or for the extra that the package is for."""
    having = packages_distributions()
    given = {canonicalize_name(each.name) for each in needs(metadata_of(viewer), EXTRAS.get(folder, ()))}
    lacking = {
        name
        for name in imported(folder) - WHERE_THEY_ARE
        if not given & {canonicalize_name(each) for each in having.get(name, [])}
    }
    assert lacking == set()


def test_the_viewer_brings_neither_pulumi_nor_moto(viewer: Installed) -> None:
    """They weigh most, and reading traces takes neither."""
    given = {canonicalize_name(each.name) for each in needs(metadata_of(viewer), [])}
    assert {"boto3", "starlette"} <= given
    assert not given & {"awscli", "moto", "pulumi", "pulumi-aws"}


def test_a_command_says_what_it_lacks(viewer: Installed, tmp_path: Path) -> None:
    """One line, with what to type."""
    done = viewer.run("waterfall", "up", *ANY_PORT, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "waterfall: the embedded AWS is not installed here; type: pip install 'traced-api[embedded]'\n"
    )


def test_a_command_of_an_extra_says_what_it_lacks(viewer: Installed, tmp_path: Path) -> None:
    """One line, too."""
    done = viewer.run("waterfall", "mcp", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "waterfall: mcp needs the package of the Model Context Protocol: pip install 'traced-api[mcp]'\n"
    )


def test_a_stack_of_a_command_s_own_says_what_it_lacks(viewer: Installed, tmp_path: Path) -> None:
    """It runs in a process of its own, which tells the command."""
    program = copy_program(tmp_path / "program")
    done = viewer.run("waterfall", "compare", "--modes", "-C", str(program), cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.endswith(
        "did not start: the embedded AWS is not installed here; type: pip install 'traced-api[embedded]'\n"
    )


def test_the_viewer_runs_alone(viewer: Installed, tmp_path: Path) -> None:
    """Each of its modules can be imported, but for what starts a stack and what needs an extra."""
    script = (
        "import importlib, pkgutil, waterfall\n"
        "for module in pkgutil.walk_packages(waterfall.__path__, 'waterfall.'):\n"
        "    left_out = module.name in\\\n"
        "        ('waterfall.__main__', 'waterfall.stack.serve', 'waterfall.agents.server')\n"
        "    if not left_out and not module.name.startswith('waterfall.migrate.'):\n"
        "        importlib.import_module(module.name)\n"
        "print(waterfall.__file__)\n"
    )
    done = viewer.run("python", "-c", script, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(str(viewer.packages))


def test_the_pytest_plugin_is_there(viewer: Installed, tmp_path: Path) -> None:
    """A test in another folder has the fixture, in both modes."""
    (tmp_path / "test_app.py").write_text(TESTS)
    done = viewer.run("python", "-m", "pytest", "-q", "-p", "no:cacheprovider", cwd=tmp_path)
    assert "2 passed" in done.stdout, done.stdout + done.stderr


def test_the_first_run_sets_itself_up(everything: Installed, tmp_path: Path) -> None:
    """The program deploys from a folder of its own, after the runtime was built into the user's cache.

    The ADOT layer is the one of this machine: building it takes ten times as long, in the same way.
    """
    cache = tmp_path / "cache" / "traced-api"
    cache.mkdir(parents=True)
    (cache / "adot").symlink_to(cache_directory() / "adot")
    program, elsewhere = copy_program(tmp_path / "program"), tmp_path / "elsewhere"
    elsewhere.mkdir()
    pip_cache = os.environ.get("PIP_CACHE_DIR", str(cache_directory().parent / "pip"))
    done = everything.run(
        "waterfall", "up", "--once", "-C", str(program), "--config", "workSeconds=0", *ANY_PORT,
        cwd=elsewhere, XDG_CACHE_HOME=str(cache.parent), PIP_CACHE_DIR=pip_cache,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "the Lambda runtime: installing and compiling" in done.stdout
    assert "the Lambda runtime: built in" in done.stdout
    assert "Successfully invoked Lambda 2!" in done.stdout
    assert "front.handler" in done.stdout
    assert list((program / ".build" / "layers").glob("tracing-*.zip"))
    assert list(elsewhere.iterdir()) == []


def locked(name: str) -> dict[str, str]:
    """Return the version of each package of a lock."""
    return dict(re.findall(r"^([\w.-]+)==([^ ]+)", (ROOT / name).read_text(), re.MULTILINE))


def test_a_deployment_brings_no_tools_of_tests() -> None:
    """`pulumi install` reads requirements.txt: Pulumi, and what the components import."""
    lock = locked("requirements.txt")
    assert {"pulumi", "pulumi-aws", "packaging"} <= lock.keys()
    assert not lock.keys() & {"awscli", "boto3", "moto", "pytest", "ruff", "starlette"}


def test_up_brings_no_tools_of_tests() -> None:
    """They are half of what the tests need."""
    lock = locked("locks/up.lock")
    assert {"moto", "pulumi-aws", "starlette"} <= lock.keys()
    assert not lock.keys() & {"awscli", "hypothesis", "mypy", "pytest", "ruff"}


@pytest.mark.parametrize("name", ["requirements.txt", "locks/up.lock"])
def test_one_version_of_a_package_is_locked(name: str) -> None:
    """Tests run what is deployed."""
    assert locked(name).items() <= locked("locks/dev.lock").items()
