"""Read `Pulumi.yaml` and the stack files beside it.

https://www.pulumi.com/docs/iac/concepts/projects/project-file/
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import yaml

from embedded_aws.engine.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

NO_VALUE = object()
"""A configuration key that has neither `default` nor `value`: every stack must give it."""

_MOST_LEVELS = 100
"""No file of Pulumi has ten."""
_TYPES = ("string", "integer", "boolean", "array", "object")
_ENTRY_KEYS = {"type", "items", "description", "secret", "default", "value"}


@dataclass(frozen=True)
class Setting:
    """One entry of `config:` in Pulumi.yaml; `key` is full (`project:name`), `type` None means untyped."""

    key: str
    type: str | None = None
    items: Mapping[str, Any] = field(default_factory=dict)
    secret: bool = False
    value: Any = NO_VALUE


@dataclass(frozen=True)
class Project:
    """A Pulumi project directory.

    `main` is the file to run, or the directory that holds its `__main__.py`.
    `settings` maps full configuration keys to the schema; `stacks` stack names to their files.
    """

    directory: Path
    name: str
    main: Path
    settings: Mapping[str, Setting]
    stacks: Mapping[str, Path]
    virtualenv: Path | None = None

    @property
    def working_directory(self) -> Path:
        """Where Pulumi runs the program, so that its relative paths hold."""
        return self.main if self.main.is_dir() else self.main.parent


def load_project(directory: Path) -> Project:
    """Read the project in a directory; raises EngineError for what Pulumi would refuse."""
    directory = directory.resolve()  # the program changes the working directory
    file = _project_file(directory)
    content = read_mapping(file)
    name = content.get("name")
    if not isinstance(name, str) or not name:
        raise EngineError(f"{file}: `name` is missing; give the project a name")
    options = _python_options(file, content.get("runtime"))
    # uv has its environment there, unless it is told otherwise.
    environment = options.get("virtualenv") or (".venv" if options.get("toolchain") == "uv" else None)
    stack_directory = directory / str(content.get("stackConfigDir") or ".")
    return Project(
        directory=directory,
        name=name,
        main=_main(file, directory, content.get("main")),
        settings=_settings(file, name, content.get("config")),
        stacks=_stack_files(stack_directory),
        virtualenv=directory / str(environment) if environment else None,
    )


_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The faster one, where it was built: each save of a source reads the project again."""


def choose_stack(project: Project, wanted: str | None) -> str:
    """Return the stack to run: the one asked for, else the only one, else `dev`.

    A project without any stack file takes every name, as Pulumi does: its settings have defaults.
    """
    existing = sorted(project.stacks)
    if wanted is not None:
        if existing and wanted not in project.stacks:
            raise EngineError(
                f"no stack named '{wanted}' in {project.directory}; stacks: {', '.join(existing)}"
            )
        return wanted
    if len(existing) == 1:
        return existing[0]
    if not existing or "dev" in existing:
        return "dev"
    raise EngineError(
        f"{project.directory} has several stacks; choose one with --stack: {', '.join(existing)}"
    )


def _loaded(text: str) -> Any:
    """Read YAML; the faster reader would end the process on what is too deep for its stack."""
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _MOST_LEVELS:
            raise yaml.YAMLError(f"it has more than {_MOST_LEVELS} levels")
    return yaml.load(text, Loader=_LOADER)  # noqa: S506 - a safe one


def read_mapping(file: Path) -> dict[str, Any]:
    """Read a YAML file whose top level is a mapping; an empty file is an empty mapping."""
    try:
        content = _loaded(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise EngineError(f"{file} cannot be read: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise EngineError(f"{file} is not valid YAML: {' '.join(str(error).split())}") from error
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise EngineError(f"{file}: expected a mapping of keys, found {type(content).__name__}")
    return content


def _project_file(directory: Path) -> Path:
    for name in ("Pulumi.yaml", "Pulumi.yml"):
        if (directory / name).is_file():
            return directory / name
    raise EngineError(f"no Pulumi.yaml in {directory}; name a Pulumi project's directory with --directory")


def _python_options(file: Path, runtime: object) -> Mapping[str, Any]:
    name = runtime.get("name") if isinstance(runtime, dict) else runtime
    if name != "python":
        raise EngineError(
            f"{file}: runtime is '{name}', but only Pulumi programs in python can run here; for others start "
            "`waterfall serve`, and deploy with Pulumi's own CLI: `waterfall pulumi -- up`"
        )
    options = runtime.get("options") if isinstance(runtime, dict) else None
    return options if isinstance(options, dict) else {}


def _main(file: Path, directory: Path, main: object) -> Path:
    path = directory / str(main or ".")
    if not (path / "__main__.py" if path.is_dir() else path).is_file():
        missing = path / "__main__.py" if path.is_dir() or not main else path
        raise EngineError(f"{file}: the program {missing} does not exist")
    return path


def _stack_files(directory: Path) -> dict[str, Path]:
    files = [*directory.glob("Pulumi.*.yaml"), *directory.glob("Pulumi.*.yml")]
    return {file.stem.removeprefix("Pulumi."): file for file in files}


def _settings(file: Path, project: str, content: object) -> dict[str, Setting]:
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise EngineError(f"{file}: `config` must be a mapping of keys, found {type(content).__name__}")
    settings = (_setting(file, project, str(key), entry) for key, entry in content.items())
    return {setting.key: setting for setting in settings}


def _setting(file: Path, project: str, key: str, entry: object) -> Setting:
    full = key if ":" in key else f"{project}:{key}"
    own = full.startswith(f"{project}:")
    if not isinstance(entry, dict):
        return Setting(full, value=entry)
    where = f"{file}: config '{key}'"
    if unknown := set(entry) - _ENTRY_KEYS:
        raise EngineError(
            f"{where}: unknown {', '.join(sorted(map(str, unknown)))}; allowed: {sorted(_ENTRY_KEYS)}"
        )
    if "default" in entry and "value" in entry:
        raise EngineError(f"{where}: give `default` or `value`, not both")
    if not own and ("value" not in entry or "type" in entry or "default" in entry):
        raise EngineError(
            f"{where}: a key of another namespace takes `value` only, no `type` and no `default`"
        )
    _check_type_name(where, entry)
    return Setting(
        full,
        type=entry.get("type"),
        items=entry.get("items") or {},
        secret=bool(entry.get("secret")),
        value=entry.get("default", entry.get("value", NO_VALUE)),
    )


def _check_type_name(where: str, entry: Mapping[str, Any]) -> None:
    kind = entry.get("type")
    if kind is None and "type" not in entry:
        return
    if kind not in _TYPES:
        raise EngineError(f"{where}: type is '{kind}'; allowed: {', '.join(_TYPES)}")
    if kind == "array":
        items = entry.get("items")
        if not isinstance(items, dict) or "type" not in items:
            raise EngineError(f"{where}: an array needs `items: {{type: ...}}`")
        _check_type_name(f"{where}: items", items)
