"""Where a program finds its packages, and what is said when it does not."""

from __future__ import annotations

import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from embedded_aws.engine.packages import Environment, advice, environment_of
from embedded_aws.engine.project import Project, load_project
from tests.embedded_aws.engine.harness import installed, virtualenv, write_project

NAMED: dict[str, Any] = {
    "name": "shop",
    "runtime": {"name": "python", "options": {"virtualenv": "venv"}},
}
VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"
THIS = f"python{VERSION}"


@pytest.fixture(autouse=True)
def no_active_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the shell of the tests has."""
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A program with a virtual environment that is named and was not made, and with requirements."""
    (tmp_path / "requirements.txt").touch()
    return load_project(write_project(tmp_path, "", pulumi=NAMED))


def test_the_environment_that_runs_the_program_is_told(project: Project) -> None:
    """In one line: whose Python it is, with the versions that are installed there."""
    venv = virtualenv(project.directory / "venv")
    installed(venv, "pulumi", "3.100.0")
    installed(venv, "pulumi_aws", "6.83.2")
    found = environment_of(project)
    assert found == Environment(venv, sys.version_info[:2])
    assert found.told(project) == (
        f"venv: Python {VERSION} runs the program, with pulumi 3.100.0, pulumi-aws 6.83.2"
    )


def test_the_tools_own_python_steps_in(project: Project, tmp_path: Path) -> None:
    """Where the program has no virtual environment, or one that cannot run it; why is told."""
    ours = f"this tool's Python {VERSION} runs the program, with pulumi {version('pulumi')}, pulumi-aws "
    assert environment_of(project).told(project).startswith(f"venv is not there: {ours}")
    venv = virtualenv(project.directory / "venv")
    assert environment_of(project).told(project).startswith(f"venv does not hold pulumi: {ours}")
    (venv / "lib" / THIS).rename(venv / "lib" / "python3.9")
    told = environment_of(project).told(project)
    assert told.startswith(f"venv is of python3.9, and 3.11 or later is needed: {ours}")
    other = load_project(write_project(tmp_path / "other", ""))
    assert environment_of(other).told(other).startswith(f"Pulumi.yaml names no virtualenv: {ours}")


def test_an_activated_environment_counts_where_none_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pulumi takes the shell's Python; one that cannot run the program says nothing of the program."""
    project = load_project(write_project(tmp_path / "shop", ""))
    venv = virtualenv(tmp_path / "active")
    monkeypatch.setenv("VIRTUAL_ENV", str(venv))
    assert environment_of(project).told(project).startswith("Pulumi.yaml names no virtualenv: ")
    installed(venv, "pulumi", "3.100.0")
    assert environment_of(project).told(project).startswith(f"../active: Python {VERSION} runs the program")
    assert advice(project, "requests") == f"{venv} does not hold it: `{venv}/bin/pip install requests`"


def test_uv_has_an_environment_of_its_own(tmp_path: Path) -> None:
    """In `.venv`, as Pulumi takes it, without a word in Pulumi.yaml."""
    pulumi = {"name": "shop", "runtime": {"name": "python", "options": {"toolchain": "uv"}}}
    assert load_project(write_project(tmp_path, "", pulumi=pulumi)).virtualenv == tmp_path / ".venv"


def test_a_virtualenv_that_was_not_made_is_made(project: Project) -> None:
    """With Python's own tools, and what the program requires."""
    venv = project.directory / "venv"
    assert advice(project, "requests.sessions") == (
        f"the virtualenv {venv} is not there: `{sys.executable} -m venv --clear {venv} && "
        f"{venv}/bin/pip install -r {project.directory}/requirements.txt`"
    )


def test_a_program_that_has_a_set_up_is_set_up(project: Project) -> None:
    """By its own `make setup`."""
    (project.directory / "Makefile").write_text(".PHONY: setup\nsetup: venv\n")
    told = advice(project, "requests")
    assert told.endswith(f"venv is not there: `make -C {project.directory} setup`")


def test_a_virtualenv_of_another_python_is_named(project: Project) -> None:
    """It is made anew: its packages cannot be imported."""
    (project.directory / "venv" / "lib" / "python2.7").mkdir(parents=True)
    assert "venv is of python2.7, and 3.11 or later is needed: `" in advice(project, "requests")


def test_a_package_that_a_virtualenv_lacks_is_installed(project: Project) -> None:
    """With that environment's own pip; what is required is known or not."""
    (project.directory / "venv" / "lib" / THIS).mkdir(parents=True)
    pip = f"{project.directory}/venv/bin/pip"
    told = f"{project.directory}/venv does not hold it: "
    assert advice(project, "a.b") == f"{told}`{pip} install -r {project.directory}/requirements.txt`"
    (project.directory / "requirements.txt").unlink()
    assert advice(project, "a.b") == f"{told}`{pip} install a`"


@pytest.mark.parametrize(("lock", "command"), [
    ("uv.lock", "uv sync --directory"),
    ("poetry.lock", "poetry install --directory"),
])  # fmt: skip
def test_what_a_tool_has_locked_is_installed_by_that_tool(tmp_path: Path, lock: str, command: str) -> None:
    """Not by the name of a module, which may be another package's on PyPI."""
    directory = write_project(tmp_path / "program", "import core")
    (directory / lock).touch()
    told = advice(load_project(directory), "core")
    assert told == f"its lock file names what it needs: `{command} {directory}`"
