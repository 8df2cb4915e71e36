"""The `requirements.txt` of a function: each package pinned, so that every machine builds the same zip."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution, distributions
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from .settings import Target
from .wheels import MACHINES, install
from .zips import PackagingError

_COMMENT = re.compile(r"(^|\s)#.*$", re.MULTILINE)
_INDEX = re.compile(
    r"(-i|-f|--(index-url|extra-index-url|find-links|no-index|trusted-host|require-hashes))\b"
)

PROVIDED = frozenset({"boto3", "botocore", "jmespath", "python-dateutil", "s3transfer", "six", "urllib3"})
"""What Lambda's Python brings: https://docs.aws.amazon.com/lambda/latest/dg/lambda-python.html"""


@dataclass(frozen=True)
class Requirements:
    """The packages of one file that are for one target; `text` is what pip reads."""

    path: Path
    target: Target
    pinned: tuple[Requirement, ...]
    text: str

    def install(self, into: Path) -> None:
        """Install the packages; raises PackagingError, also for what they need and the file does not have.

        pip would add that by itself, but in whatever version is the newest, and would choose by the Python
        and the processor of this machine.
        """
        lines = into.with_name(self.path.name)
        lines.write_text(self.text)
        install(lines, self.target, into, source=self.path)
        lines.unlink()
        if lacking := sorted(self._lacking(into)):
            raise PackagingError(
                f"{self.path} lacks {', '.join(lacking)}: add what is missing, pinned, or let it be written "
                f"by: uv pip compile --python-version {self.target.version} --python-platform "
                f"{MACHINES[self.target.architecture]}-unknown-linux-gnu"
            )

    def _lacking(self, installed: Path) -> Iterator[str]:
        found = {canonicalize_name(each.name): each for each in distributions(path=[str(installed)])}
        seen = set()
        wanted = [("", requirement) for requirement in self.pinned]
        while wanted:
            by, requirement = wanted.pop()
            name = canonicalize_name(requirement.name)
            if (name, *requirement.extras, str(requirement.specifier)) in seen:
                continue
            seen.add((name, *requirement.extras, str(requirement.specifier)))
            package = found.get(name)
            if package and requirement.specifier.contains(package.version, prereleases=True):
                about = f"{package.name} {package.version}"
                wanted += [(about, each) for each in _needs(package, requirement.extras, self.target)]
            elif package or not _is_provided(name):
                yield f"{requirement.name}{requirement.specifier} (for {by})"


def read_requirements(path: Path, target: Target) -> Requirements:
    """Read a file in pip's format, without the lines whose marker is not for the target.

    Raises PackagingError for a line that does not pin one package by `==` or a URL; options are those that
    say where packages come from, and `--hash`.
    """
    pinned, text = [], []
    for line in _COMMENT.sub("", path.read_text().replace("\\\n", " ")).splitlines():
        if _INDEX.match(line.strip()):
            text.append(line.strip())
        elif line.strip():
            written, *options = re.split(r"\s+(?=--)", line.strip())
            requirement = _pinned(written, path)
            if requirement.marker is None or requirement.marker.evaluate(_environment(target)):
                requirement.marker = None
                pinned.append(requirement)
                text.append(" ".join([str(requirement), *options]))
    return Requirements(path, target, tuple(pinned), "\n".join([*text, ""]))


def _pinned(written: str, path: Path) -> Requirement:
    try:
        requirement = Requirement(written)
    except InvalidRequirement:
        raise PackagingError(
            f"{path} has {written!r}; each line must be one package of an index, such as requests==2.32.5"
        ) from None
    versions = [*requirement.specifier]
    exact = len(versions) == 1 and versions[0].operator == "==" and not versions[0].version.endswith("*")
    if not exact and not requirement.url:
        raise PackagingError(
            f"{path} has {written!r}; pin it to one version, such as {requirement.name}==1.2.3, so that "
            "every machine builds the same zip"
        )
    return requirement


def _needs(package: Distribution, extras: set[str], target: Target) -> Iterator[Requirement]:
    for text in package.requires or []:
        requirement = Requirement(text)
        environments = [_environment(target, extra) for extra in extras or {""}]
        if requirement.marker is None or any(map(requirement.marker.evaluate, environments)):
            yield requirement


def _environment(target: Target, extra: str = "") -> dict[str, str]:
    """Return what markers ask about, for the target; Lambda keeps Python's newest patch, whatever it is."""
    return {
        "implementation_name": "cpython",
        "implementation_version": f"{target.version}.99",
        "os_name": "posix",
        "platform_machine": MACHINES[target.architecture],
        "platform_python_implementation": "CPython",
        "platform_release": "",
        "platform_system": "Linux",
        "platform_version": "",
        "python_full_version": f"{target.version}.99",
        "python_version": target.version,
        "sys_platform": "linux",
        "extra": extra,
    }


def _is_provided(name: str) -> bool:
    """Tell whether the runtime or a layer has it: a second OpenTelemetry would shadow the layer's."""
    return name in PROVIDED or name.startswith("opentelemetry-")
