"""The packages of the user's program: where it finds them, and what to type when it does not."""

from __future__ import annotations

import re
import shlex
import site
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from embedded_aws.engine.project import Project

_EXTRAS = {"pulumi_aws": "type: pip install 'traced-api[components]'"}
_PYTHON = f"python{sys.version_info.major}.{sys.version_info.minor}"


def add_packages(project: Project) -> None:
    """Let this process import what the virtual environment holds that Pulumi.yaml names, if it is there."""
    if project.virtualenv:
        for packages in project.virtualenv.glob(f"lib/{_PYTHON}/site-packages"):
            site.addsitedir(str(packages))


def advice(project: Project, missing: str | None) -> str:
    """Say why a module may be missing, and what brings it."""
    requirements = project.directory / "requirements.txt"
    package = (missing or "").partition(".")[0]
    wanted = ["-r", str(requirements)] if requirements.exists() else [package]
    environment = project.virtualenv
    if environment is None and package in _EXTRAS:
        return _EXTRAS[package]
    if environment is None:
        command = shlex.join([sys.executable, "-m", "pip", "install", *wanted])
        return f"install it beside this tool: `{command}`, or name its virtualenv in Pulumi.yaml"
    install = shlex.join([str(environment / "bin" / "pip"), "install", *wanted])
    if (environment / "lib" / _PYTHON).is_dir():
        return f"{environment} does not hold it: `{install}`"
    found = next(environment.glob("lib/python*"), None)
    why = f"is of {found.name}, and this is {_PYTHON}" if found else "is not there"
    make = shlex.join([sys.executable, "-m", "venv", "--clear", str(environment)])
    command = f"{make} && {install}"
    if _has_setup(project.directory / "Makefile"):
        command = shlex.join(["make", "-C", str(project.directory), "setup"])
    return f"the virtualenv {environment} {why}: `{command}`"


def _has_setup(makefile: Path) -> bool:
    rules = makefile.read_text("utf-8", "replace") if makefile.is_file() else ""
    return re.search(r"^setup\s*:", rules, re.MULTILINE) is not None
