"""Virtual environments that hold a wheel and what its metadata asks for, nothing else.

The packages are those of this environment, linked: nothing is fetched, and what the metadata forgets is
missing there as it would be anywhere else.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import Distribution, PathDistribution, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Installed:
    """A virtual environment."""

    directory: Path

    @property
    def packages(self) -> Path:
        (found,) = self.directory.glob("lib/python*/site-packages")
        return found

    def run(
        self, name: str, *arguments: str, cwd: Path, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """Run one of its programs, in a shell that knows nothing of this repository."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "TRACING"))}
        return subprocess.run(
            [str(self.directory / "bin" / name), *arguments],
            cwd=cwd,
            env={**kept, "COLUMNS": "200", **variables},
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )


def build_wheel(folder: Path) -> Path:
    """Build the wheel of this repository."""
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*command, "--wheel-dir", str(folder), str(ROOT)], check=True)
    (wheel,) = folder.glob("*.whl")
    return wheel


def install(wheel: Path, extras: Sequence[str], folder: Path, *others: str) -> Installed:
    """Install a wheel with extras, and `others` beside it, into an empty environment."""
    venv.EnvBuilder(symlinks=True).create(folder)
    environment = Installed(folder)
    command = [sys.executable, "-m", "pip", "--python", str(folder / "bin" / "python"), "install"]
    command += ["--quiet", "--no-index", "--no-deps", "--no-compile", "--disable-pip-version-check"]
    subprocess.run([*command, str(wheel)], check=True)
    for needed in {each.name: each for each in needs(metadata_of(environment), extras, *others)}.values():
        _link(needed, environment.packages)
    return environment


def metadata_of(environment: Installed) -> Distribution:
    (found,) = environment.packages.glob("traced_api-*.dist-info")
    return PathDistribution(found)


def needs(package: Distribution, extras: Sequence[str], *others: str) -> Iterator[Distribution]:
    """Yield what a package needs with these extras, and what that needs in turn."""
    wanted = [*_requirements(package, extras), *map(Requirement, others)]
    seen: set[str] = set()
    while wanted:
        requirement = wanted.pop()
        key = f"{canonicalize_name(requirement.name)}{sorted(requirement.extras)}"
        if key not in seen:
            seen.add(key)
            found = distribution(requirement.name)
            assert requirement.specifier.contains(found.version, prereleases=True), requirement
            yield found
            wanted += _requirements(found, sorted(requirement.extras))


def _requirements(package: Distribution, extras: Sequence[str]) -> Iterator[Requirement]:
    for text in package.requires or []:
        requirement = Requirement(text)
        cases = [{"extra": extra} for extra in ("", *extras)]
        if requirement.marker is None or any(map(requirement.marker.evaluate, cases)):
            yield requirement


def _link(package: Distribution, packages: Path) -> None:
    """Link a package's folders and modules; of a folder that several share, its files."""
    files = [file for file in package.files or [] if ".." not in file.parts]
    whole = {file.parts[0] for file in files if file.parts[1:] in {("__init__.py",), ("METADATA",)}}
    for top in whole:
        (packages / top).symlink_to(package.locate_file(top))  # type: ignore[arg-type] # it is a path
    for file in files:
        if file.parts[0] not in whole and "__pycache__" not in file.parts:
            place = packages / file
            place.parent.mkdir(parents=True, exist_ok=True)
            place.symlink_to(Path(str(package.locate_file(file))))


def copy_program(folder: Path) -> Path:
    """Copy this repository's program; it imports the components by the name that they have elsewhere."""
    folder.mkdir()
    for file in (ROOT / "__main__.py", *ROOT.glob("Pulumi*.yaml")):
        text = file.read_text(encoding="utf-8")
        (folder / file.name).write_text(
            text.replace("from components.", "from traced_api."), encoding="utf-8"
        )
    shutil.copytree(ROOT / "handlers", folder / "handlers", ignore=shutil.ignore_patterns("__pycache__"))
    return folder
