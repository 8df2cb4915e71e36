"""The files beside recordings: what is requested, what is redacted, which differences are expected."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import yaml

from waterfall.proof.budgets import Budget, read_budget
from waterfall.proof.redaction import SECTIONS, Redaction, redaction
from waterfall.stack.requests import Request, read_request
from waterfall.traces.client import ReadError

T = TypeVar("T")

FOLDER = "traces"
REQUESTS = "requests.yaml"
EXPECTED = "expected.yaml"
REDACT = "redact.yaml"
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_EXAMPLE = "such as `hello: GET /hello` or `nightly: {invoke: report, event: {}}`"
_RUNS = 3
_MOST_RUNS = 1000


class WrongEntryError(Exception):
    """An entry of a file is wrong; the message says how."""


@dataclass(frozen=True, slots=True)
class Invocation:
    """A function, by its name or that in the program, and the event as JSON."""

    function: str
    event: bytes


@dataclass(frozen=True, slots=True)
class Filter:
    """Nothing is sent: the newest traces of X-Ray's filter expression, from epoch seconds on."""

    expression: str
    since: float


@dataclass(frozen=True, slots=True)
class Case:
    """One request or invocation; `runs` is how often it is sent, after one to warm up."""

    name: str
    asked: Request | Invocation | Filter
    api: str | None = None
    runs: int = _RUNS
    budgets: tuple[Budget, ...] = ()

    @property
    def title(self) -> str:
        if isinstance(self.asked, Invocation):
            return f"invoke {self.asked.function}"
        if isinstance(self.asked, Filter):
            return f"traces of {self.asked.expression}"
        return f"{self.asked.method} {self.asked.target}"


@dataclass(frozen=True, slots=True)
class Expectation:
    """A difference that is meant, and why; the patterns are the shell's."""

    reason: str
    request: str = "*"
    change: str = "*"
    span: str = "*"
    field: str = "*"

    def covers(self, request: str, change: str, path: Sequence[str], field: str) -> bool:
        """Tell whether it is about this difference: `span` is a label, or labels with ` > ` between."""
        places = (path[-1] if path else "", " > ".join(path))
        return (
            fnmatchcase(request, self.request)
            and fnmatchcase(change, self.change)
            and any(fnmatchcase(place, self.span) for place in places)
            and fnmatchcase(field, self.field)
        )


def read_cases(folder: Path) -> list[Case]:
    """Return the requests of a folder; raises ReadError that names what is wrong where."""
    file = folder / REQUESTS
    if not file.exists():
        raise ReadError(f"there is no {file}: name the requests there, {_EXAMPLE}")
    return [
        _told(file, name, partial(_case, name, given, folder))
        for name, given in _entries(file, _content(file))
    ]


def chosen(cases: Sequence[Case], names: Sequence[str]) -> list[Case]:
    """Return the cases of these names, or all; raises ReadError naming those that there are."""
    known = {case.name: case for case in cases}
    for name in names:
        if name not in known:
            raise ReadError(f"there is no request {name!r}: there are {', '.join(known)}")
    return [known[name] for name in names] if names else list(cases)


def read_redaction(folder: Path) -> Redaction:
    """Return what is redacted: the defaults, and what the folder's file names."""
    file = folder / REDACT
    content = _content(file) or {}
    for section, names in content.items() if isinstance(content, Mapping) else [("", None)]:
        if (
            section not in SECTIONS
            or not isinstance(names, list)
            or not all(isinstance(each, str) for each in names)
        ):
            raise ReadError(f"{file}: {section!r}: give lists of names under {', '.join(SECTIONS)}")
    return redaction(content)


def read_expected(folder: Path) -> list[Expectation]:
    """Return the differences that are expected; each must say why."""
    file = folder / EXPECTED
    content = _content(file) or []
    if not isinstance(content, list):
        raise ReadError(f"{file}: give a list, each entry with a `reason`")
    return [_told(file, f"entry {at}", partial(_expectation, given)) for at, given in enumerate(content, 1)]


def _content(file: Path) -> Any:
    try:
        return yaml.safe_load(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, RecursionError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ReadError(f"{file} cannot be read: {' '.join(str(error).split())}") from error


def _entries(file: Path, content: Any) -> list[tuple[str, Any]]:
    if not isinstance(content, Mapping) or not content:
        raise ReadError(f"{file}: give a name for each request, {_EXAMPLE}")
    for name in content:
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise ReadError(f"{file}: {name!r} names a file: use letters, digits, `_`, `.` and `-`")
    return list(content.items())


def _told(file: Path, entry: str, read: Callable[[], T]) -> T:
    try:
        return read()
    except (ValueError, WrongEntryError) as error:
        raise ReadError(f"{file}: {entry}: {error}") from error


def _case(name: str, given: Any, folder: Path) -> Case:
    fields = {"request": given} if isinstance(given, str) else given
    if not isinstance(fields, Mapping):
        raise WrongEntryError(f"give a request, {_EXAMPLE}")
    is_request = "request" in fields
    allowed = {"runs", "budgets"} | (
        {"request", "headers", "body", "api"} if is_request else {"invoke", "event"}
    )
    if unknown := sorted(str(key) for key in fields if key not in allowed):
        raise WrongEntryError(f"{unknown[0]!r} is unknown: allowed are {', '.join(sorted(allowed))}")
    asked = _request(fields) if is_request else _invocation(fields, folder)
    runs = fields.get("runs", _RUNS)
    if not isinstance(runs, int) or isinstance(runs, bool) or not 1 <= runs <= _MOST_RUNS:
        raise WrongEntryError(f"runs: {runs!r} is not a number from 1 to {_MOST_RUNS}")
    budgets = fields.get("budgets", [])
    if not isinstance(budgets, list):
        raise WrongEntryError("budgets: give a list, such as [p95 <= 300ms, no errors]")
    return Case(name, asked, fields.get("api"), runs, tuple(read_budget(str(each)) for each in budgets))


def _request(fields: Mapping[str, Any]) -> Request:
    headers, body = fields.get("headers", {}), fields.get("body")
    if not isinstance(headers, Mapping):
        raise WrongEntryError("headers: give names and values, such as {Accept: text/plain}")
    text = str(fields["request"])
    if body is not None:
        text += f" {body if isinstance(body, str) else json.dumps(body)}"
    return read_request(text, [f"{key}: {value}" for key, value in headers.items()])


def _invocation(fields: Mapping[str, Any], folder: Path) -> Invocation:
    function, event = fields.get("invoke"), fields.get("event", {})
    if not isinstance(function, str):
        raise WrongEntryError(f"give `request` or `invoke`, {_EXAMPLE}")
    if not isinstance(event, str):
        return Invocation(function, json.dumps(event).encode())
    try:
        content = (folder / event).read_bytes()
        json.loads(content)
    except (OSError, RecursionError, ValueError) as error:
        raise WrongEntryError(f"event: {folder / event} is not a file with JSON: {error}") from error
    return Invocation(function, content)


def _expectation(given: Any) -> Expectation:
    allowed = ("request", "change", "span", "field", "reason")
    if not isinstance(given, Mapping) or not given.get("reason"):
        raise WrongEntryError("give a `reason`, and what it is about: request, change, span, field")
    if unknown := [key for key in given if key not in allowed]:
        raise WrongEntryError(f"{unknown[0]!r} is unknown: allowed are {', '.join(allowed)}")
    return Expectation(**{str(key): str(value) for key, value in given.items()})
