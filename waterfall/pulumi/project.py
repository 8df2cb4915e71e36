"""What is read of a Pulumi project, in any language; nothing is ever written to it.

https://www.pulumi.com/docs/iac/concepts/projects/project-file/
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from waterfall.traces.client import ReadError
from waterfall.traces.documents import mapping_of

_NAME = re.compile(r"[A-Za-z0-9_.-]*[A-Za-z0-9_-][A-Za-z0-9_.-]*", re.ASCII)
_ENDINGS = ("yaml", "yml")


@dataclass(frozen=True, slots=True)
class Project:
    """A project in `directory` and one of its stacks.

    `kinds` are the types that `Pulumi.yaml` declares of settings, `settings` those of the stack's file, both
    by whole key, `project:name`.
    """

    directory: Path
    name: str
    stack: str
    kinds: dict[str, str | None]
    settings: dict[str, Any]

    def key(self, name: str) -> str:
        """Return the whole key of a setting: one without a namespace is the project's."""
        return name if ":" in name else f"{self.name}:{name}"


def read_project(directory: Path, stack: str | None) -> Project:
    """Read a project and one of its stacks: the one that is named, else the only one, else `dev`.

    Raises ReadError for a folder without a project, a file that cannot be read, and a name that is none.
    """
    directory = directory.resolve()
    file = _existing(directory, "Pulumi")
    if file is None:
        raise ReadError(f"no Pulumi.yaml in {directory}: name a project's folder with -C DIR, before --")
    content = _mapping(file)
    name = _checked("the project's name in Pulumi.yaml", content.get("name"))
    folder = directory / str(content.get("stackConfigDir") or ".")
    stack = _checked("--stack", (stack or _only_stack(folder)).rpartition("/")[2])
    file = _existing(folder, f"Pulumi.{stack}")
    declared = mapping_of(content.get("config"))
    kinds = {_whole(name, key): mapping_of(entry).get("type") for key, entry in declared.items()}
    settings = mapping_of(_mapping(file).get("config")) if file else {}
    return Project(
        directory, name, stack, kinds, {_whole(name, key): value for key, value in settings.items()}
    )


def _whole(project: str, key: object) -> str:
    return str(key) if ":" in str(key) else f"{project}:{key}"


def _only_stack(folder: Path) -> str:
    found = {path.stem.removeprefix("Pulumi.") for end in _ENDINGS for path in folder.glob(f"Pulumi.*.{end}")}
    if len(found) > 1 and "dev" not in found:
        raise ReadError(f"{folder} has several stacks; choose one with --stack: {', '.join(sorted(found))}")
    return found.pop() if len(found) == 1 else "dev"


def _checked(what: str, name: object) -> str:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ReadError(f"{what} is {name!r}: give letters, digits, and the signs _ . -")
    return name


def _existing(folder: Path, name: str) -> Path | None:
    return next((path for end in _ENDINGS if (path := folder / f"{name}.{end}").is_file()), None)


def _mapping(file: Path) -> dict[str, Any]:
    import yaml  # noqa: PLC0415 - comes with the extra `embedded`, which other commands do without

    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ReadError(f"{file} cannot be read: {error.strerror}") from error
    except (RecursionError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ReadError(f"{file} is not valid YAML: {' '.join(str(error).split())}") from error
    return dict(mapping_of(content))
