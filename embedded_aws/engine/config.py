"""Merge and check the configuration of a stack, as the Pulumi CLI does before it runs a program.

https://www.pulumi.com/docs/iac/concepts/config/
"""

from __future__ import annotations

import difflib
import json
import os
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import yaml

from embedded_aws.engine.errors import EngineError
from embedded_aws.engine.passphrase import cipher_of, passphrase_of
from embedded_aws.engine.project import NO_VALUE, Project, Setting, read_mapping

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

SECRET = "[secret]"  # noqa: S105 - what is shown in a secret's place
_AWS_KEYS = ("aws:region", "aws:defaultTags")
_SLIP = 0.92
"""How alike two keys are when one is taken for a slip of the other: `tracig` and `tracing`."""


@dataclass(frozen=True)
class Config:
    """The configuration of one run; keys are full (`project:name`), values native (int, bool, list...).

    `given` are those of the project that this run was given with `--config`, `asked` those that the program
    asked for, once it ran.
    """

    values: Mapping[str, Any]
    secret_keys: frozenset[str] = frozenset()
    warnings: tuple[str, ...] = ()
    given: tuple[str, ...] = ()
    asked: set[str] = field(default_factory=set)

    def wire(self) -> dict[str, str]:
        """Return the values as Pulumi hands them to a program: text, JSON for lists and maps."""
        return {
            key: value if isinstance(value, str) else json.dumps(value) for key, value in self.values.items()
        }

    def unasked(self) -> Iterator[str]:
        """Yield a warning for each setting that was given, and that the program never asked for."""
        for key in self.given:
            if key not in self.asked:
                name = key.partition(":")[2]
                told = f"--config {name}: the program does not ask for this setting, so it changes nothing"
                more = "; its functions trace as their code does, and with --instrument"
                yield told + (more if name == "tracing" else "")

    def shown(self, project: str) -> dict[str, Any]:
        """Return the values for display: project keys without their namespace, secrets masked."""
        return {
            key.removeprefix(f"{project}:"): SECRET if key in self.secret_keys else value
            for key, value in self.values.items()
        }


def load_config(
    project: Project, stack: str, overrides: Sequence[str] = (), *, host: Mapping[str, str] | None = None
) -> Config:
    """Return the configuration of a stack: Pulumi.yaml's defaults < stack file < `host` < overrides.

    `overrides` are `KEY=VALUE` texts; a key without namespace is the project's.
    `host` holds settings that must match the machine, by project key: each replaces the stack's value
    when the project's schema declares that key, because the embedded AWS runs functions on the host.
    Encrypted values are read with the passphrase in the environment, and are secrets, whatever replaces them.
    Raises EngineError for a missing value, a value of the wrong type, one that cannot be decrypted, or an
    unknown override.
    """
    file = project.stacks.get(stack)
    content = read_mapping(file) if file else {}
    given = _parse_overrides(project, overrides)
    values = {
        key: setting.value for key, setting in project.settings.items() if setting.value is not NO_VALUE
    }
    values |= _stack_values(project, content, stack)
    encrypted = {key for key, value in values.items() if _is_encrypted(value)}
    values |= {
        full: value
        for key, value in (host or {}).items()
        if (full := f"{project.name}:{key}") in project.settings
    }
    values |= given
    values = _decrypted(values, stack, str(content.get("encryptionsalt") or ""))
    checked = {key: _checked(project.settings.get(key), key, value, stack) for key, value in values.items()}
    _refuse_missing(project.settings.values(), checked, stack)
    secrets = encrypted.union(key for key, setting in project.settings.items() if setting.secret)
    own = tuple(key for key in given if key.startswith(f"{project.name}:"))
    return Config(checked, frozenset(secrets), tuple(_warnings(stack, content, checked)), own)


def _stack_values(project: Project, content: Mapping[str, Any], stack: str) -> dict[str, Any]:
    values = content.get("config") or {}
    if not isinstance(values, dict):
        raise EngineError(
            f"{project.stacks[stack]}: `config` must be a mapping, found {type(values).__name__}"
        )
    return {_full(project, str(key)): value for key, value in values.items()}


def _full(project: Project, key: str) -> str:
    return key if ":" in key else f"{project.name}:{key}"


def _parse_overrides(project: Project, overrides: Sequence[str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for text in overrides:
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise EngineError(f"--config '{text}' is not of the form KEY=VALUE")
        full = _full(project, key)
        _check_known(project, key, full)
        setting = project.settings.get(full)
        structured = (setting and setting.type in {"array", "object"}) or full == "aws:defaultTags"
        values[full] = _parse_structured(key, value) if structured else value
    return values


def _check_known(project: Project, key: str, full: str) -> None:
    namespace = full.partition(":")[0]
    if namespace == "aws":
        known: Iterable[str] = _AWS_KEYS
    elif namespace == project.name and project.settings:
        known = [name.removeprefix(f"{project.name}:") for name in project.settings]
    else:
        return
    if key not in known and full not in known and full not in project.settings:
        if namespace == project.name and not difflib.get_close_matches(key, known, cutoff=_SLIP):
            return  # as with Pulumi, a program may ask for what its schema does not declare
        close = difflib.get_close_matches(key, known, n=3)
        hint = f"did you mean {' or '.join(close)}?" if close else f"known keys: {', '.join(sorted(known))}"
        raise EngineError(f"--config: unknown key '{key}'; {hint}")


def _parse_structured(key: str, text: str) -> Any:
    try:
        return yaml.safe_load(text)
    except (RecursionError, yaml.YAMLError) as error:
        raise EngineError(f"--config {key}: '{text}' is neither JSON nor YAML") from error


def _decrypted(values: dict[str, Any], stack: str, salt: str) -> dict[str, Any]:
    keys = [key for key, value in values.items() if _is_encrypted(value)]
    if not keys:
        return values
    phrase = passphrase_of(os.environ) if salt else None
    if phrase is None:
        raise EngineError(_no_key(keys, stack, with_passphrase=bool(salt)))
    cipher = cipher_of(stack, salt, phrase)
    return values | {key: _plain(values[key], partial(cipher.decrypt, key)) for key in keys}


def _no_key(keys: Sequence[str], stack: str, *, with_passphrase: bool) -> str:
    named = f"key {keys[0]!r}" if len(keys) == 1 else f"keys {', '.join(map(repr, keys))}"
    are, their, a_value = ("is", "its", "a value") if len(keys) == 1 else ("are", "their", "values")
    options = " ".join(f"--config {key}=VALUE" for key in keys)
    passphrase = "set the stack's passphrase in PULUMI_CONFIG_PASSPHRASE, or " if with_passphrase else ""
    return (
        f"configuration {named} of stack '{stack}' {are} encrypted (`secure:`), and {their} key is not "
        f"at hand on this machine; {passphrase}give {a_value} for this run with {options}"
    )


def _plain(value: Any, decrypt: Callable[[str], str]) -> Any:
    if isinstance(value, dict):
        if set(value) == {"secure"}:
            return decrypt(str(value["secure"]))
        return {key: _plain(item, decrypt) for key, item in value.items()}
    return [_plain(item, decrypt) for item in value] if isinstance(value, list) else value


def _is_encrypted(value: Any) -> bool:
    if isinstance(value, dict):
        return set(value) == {"secure"} or any(_is_encrypted(item) for item in value.values())
    return isinstance(value, list) and any(_is_encrypted(item) for item in value)


def _refuse_missing(settings: Iterable[Setting], values: Mapping[str, Any], stack: str) -> None:
    missing = [setting.key for setting in settings if setting.key not in values]
    if missing:
        keys = ", ".join(f"'{key}'" for key in missing)
        raise EngineError(
            f"stack '{stack}' is missing configuration value {keys}; "
            f"set it in Pulumi.{stack}.yaml or with --config {missing[0].partition(':')[2]}=VALUE"
        )


def _checked(setting: Setting | None, key: str, value: Any, stack: str) -> Any:
    if setting is None or setting.type is None:
        return value
    try:
        return _convert(setting.type, setting.items, value)
    except ValueError as error:
        kind = f"array of {setting.items.get('type')}" if setting.type == "array" else setting.type
        raise EngineError(
            f"stack '{stack}': configuration key '{key}' must be of type '{kind}', not {json.dumps(value)}"
        ) from error


def _convert(kind: str, items: Mapping[str, Any], value: Any) -> Any:
    if kind == "integer":
        return _integer(value)
    if kind == "boolean":
        return _boolean(value)
    if kind == "array" and isinstance(value, list):
        return [_convert(items["type"], items.get("items") or {}, item) for item in value]
    if kind == "object" and isinstance(value, dict):
        return value
    if kind == "string" and isinstance(value, str | int | float):
        return value if isinstance(value, str) else json.dumps(value)  # YAML reads `3.11` as a number
    raise ValueError(kind)


def _integer(value: Any) -> int:
    if isinstance(value, bool) or (isinstance(value, float) and not value.is_integer()):
        raise ValueError(value)
    if isinstance(value, int | float | str):
        return int(value)
    raise ValueError(value)


def _boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if value in {"true", "false"}:
        return bool(value == "true")
    raise ValueError(value)


def _warnings(stack: str, content: Mapping[str, Any], values: Mapping[str, Any]) -> Iterable[str]:
    if content.get("environment"):
        yield f"Pulumi.{stack}.yaml: `environment` (Pulumi ESC) needs Pulumi Cloud and was not read"
    if "pulumi:autonaming" in values:
        yield "configuration key 'pulumi:autonaming' has no effect; physical names follow Pulumi's default"
