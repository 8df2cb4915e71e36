"""Where a program finds its packages, and what is said when it does not."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from embedded_aws.engine.packages import add_packages, advice
from embedded_aws.engine.project import Project, load_project
from tests.embedded_aws.engine.harness import write_project

NAMED: dict[str, Any] = {
    "name": "shop",
    "runtime": {"name": "python", "options": {"virtualenv": "venv"}},
}
THIS = f"python{sys.version_info.major}.{sys.version_info.minor}"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A program with a virtual environment that is named and was not made, and with requirements."""
    (tmp_path / "requirements.txt").touch()
    return load_project(write_project(tmp_path, "", pulumi=NAMED))


def test_packages_of_the_virtualenv_are_found(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those for this Python."""
    monkeypatch.setattr(sys, "path", [])
    packages = project.directory / "venv" / "lib" / THIS / "site-packages"
    packages.mkdir(parents=True)
    add_packages(project)
    assert sys.path == [str(packages)]


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
    assert f"venv is of python2.7, and this is {THIS}: `" in advice(project, "requests")


def test_a_package_that_a_virtualenv_lacks_is_installed(project: Project) -> None:
    """With that environment's own pip; what is required is known or not."""
    (project.directory / "venv" / "lib" / THIS).mkdir(parents=True)
    pip = f"{project.directory}/venv/bin/pip"
    told = f"{project.directory}/venv does not hold it: "
    assert advice(project, "a.b") == f"{told}`{pip} install -r {project.directory}/requirements.txt`"
    (project.directory / "requirements.txt").unlink()
    assert advice(project, "a.b") == f"{told}`{pip} install a`"
