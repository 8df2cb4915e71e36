"""Whose Python and packages run the user's program, and what to type when something is missing.

https://www.pulumi.com/docs/iac/languages-sdks/python/#virtual-environments
"""

from __future__ import annotations

import os
import re
import shlex
import sys
from dataclasses import dataclass
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from embedded_aws.engine.project import Project

_EXTRAS = {"pulumi_aws": "type: pip install 'traced-api[components]'"}
_OLDEST = (3, 11)
_GUEST = Path(__file__).with_name("guest.py")
_TOLD = ("pulumi", "pulumi-aws")
_LOCKED = {"uv.lock": ("uv", "sync", "--directory"), "poetry.lock": ("poetry", "install", "--directory")}
_LIBRARY = re.compile(r"python(\d+)\.(\d+)")


@dataclass(frozen=True)
class Environment:
    """What runs a program: its own virtual environment in `directory`, else (`None`) this tool's Python.

    `version` is Python's; `unfit` says what is wrong with the environment that the program names.
    """

    directory: Path | None
    version: tuple[int, ...]
    unfit: str = ""

    @property
    def command(self) -> list[str]:
        """How the engine is started there; its options follow."""
        if self.directory is None:
            return [sys.executable, "-P", "-m", "embedded_aws.engine"]
        lent = ":".join(dict.fromkeys(_place_of(package) for package in ("embedded_aws", "botocore")))
        return [str(self.directory / "bin" / "python"), "-P", str(_GUEST), lent]

    def told(self, project: Project) -> str:
        """Say in one line whose Python runs a project's program, and with which packages."""
        path = sys.path if self.directory is None else [str(_library(self.directory) / "site-packages")]
        found = ((name, next(iter(metadata.distributions(name=name, path=path)), None)) for name in _TOLD)
        versions = ", ".join(f"{name} {it.version}" for name, it in found if it)
        program = f"Python {'.'.join(map(str, self.version))} runs the program, with {versions}"
        own = self.directory or project.virtualenv
        if own is None:
            return f"Pulumi.yaml names no virtualenv: this tool's {program}"
        shown = min(os.path.relpath(own, project.directory), str(own), key=len)
        return f"{shown} {self.unfit}: this tool's {program}" if self.unfit else f"{shown}: {program}"


def environment_of(project: Project) -> Environment:
    """Return the program's virtual environment where it is fit to run it, else this tool's own Python.

    That is the one which Pulumi.yaml names; without one Pulumi takes the Python of the shell, so an activated
    one counts.
    """
    own, unfit = project.virtualenv or _activated(), ""
    if own and own.resolve() != Path(sys.prefix).resolve():
        library = _library(own)
        version = _version(library)
        if version and version < _OLDEST:
            unfit = f"is of {library.name}, and {'.'.join(map(str, _OLDEST))} or later is needed"
        elif not version or not (own / "bin" / "python").exists():
            unfit = "is not there"
        elif not (library / "site-packages" / "pulumi").is_dir():
            unfit = "does not hold pulumi"
        else:
            return Environment(own, version)
    return Environment(None, sys.version_info[:2], unfit if project.virtualenv else "")


def advice(project: Project, missing: str | None) -> str:
    """Say why a module may be missing, and what brings it."""
    package = (missing or "").partition(".")[0]
    wanted, tool = _wanted(project.directory, package)
    environment = project.virtualenv or environment_of(project).directory
    if environment is None and package in _EXTRAS:
        return _EXTRAS[package]
    if tool:
        return f"its lock file names what it needs: `{tool}`"
    if environment is None:
        command = shlex.join([sys.executable, "-m", "pip", "install", *wanted])
        return f"install it beside this tool: `{command}`, or name its virtualenv in Pulumi.yaml"
    install = shlex.join([str(environment / "bin" / "pip"), "install", *wanted])
    if _version(_library(environment)) >= _OLDEST:
        return f"{environment} does not hold it: `{install}`"
    make = shlex.join([sys.executable, "-m", "venv", "--clear", str(environment)])
    command = f"{make} && {install}"
    if _has_setup(project.directory / "Makefile"):
        command = shlex.join(["make", "-C", str(project.directory), "setup"])
    return f"the virtualenv {environment} {environment_of(project).unfit}: `{command}`"


def _wanted(directory: Path, package: str) -> tuple[Sequence[str], str]:
    """Return what pip installs, and the command that installs all where a tool has locked it."""
    requirements = directory / "requirements.txt"
    if requirements.exists():
        return ["-r", str(requirements)], ""
    found = next((line for file, line in _LOCKED.items() if (directory / file).exists()), ())
    return [package], shlex.join([*found, str(directory)]) if found else ""


def _activated() -> Path | None:
    found = os.environ.get("VIRTUAL_ENV")
    return Path(found) if found else None


def _library(environment: Path) -> Path:
    """Return the newest `lib/pythonX.Y` of a virtual environment; one that is not there has none."""
    return max(environment.glob("lib/python*"), key=_version, default=environment / "lib" / "python")


def _version(library: Path) -> tuple[int, ...]:
    found = _LIBRARY.fullmatch(library.name)
    return tuple(map(int, found.groups())) if found else ()


def _place_of(package: str) -> str:
    """Return the directory from which this process imports a package."""
    spec = find_spec(package)
    return str(Path(spec.origin).parents[1]) if spec and spec.origin else ""


def _has_setup(makefile: Path) -> bool:
    rules = makefile.read_text("utf-8", "replace") if makefile.is_file() else ""
    return re.search(r"^setup\s*:", rules, re.MULTILINE) is not None
