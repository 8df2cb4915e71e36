"""The user's program: its surroundings, its `__main__`, and what to say when it raises."""

from __future__ import annotations

import logging
import os
import platform
import re
import runpy
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pulumi import ConfigMissingError, RunError

from embedded_aws.engine.errors import EngineError
from embedded_aws.engine.packages import advice
from embedded_aws.engine.places import PlaceOf, place_of
from embedded_aws.host.user_account import without_account

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from embedded_aws.engine.project import Project

_ARCHITECTURES = {"aarch64": "arm64", "arm64": "arm64", "x86_64": "x86_64", "amd64": "x86_64"}

_SDKS = ("boto3", "botocore", "s3transfer", "urllib3")

_WRAPPED = re.compile(r"While processing (input|resource): '([^']*)'")


def host_settings(runtime: str) -> dict[str, str]:
    """Return the values of the settings `runtime`, `architecture` and `local` that fit this machine."""
    machine = platform.machine().lower()
    return {
        "runtime": runtime,
        "architecture": _ARCHITECTURES.get(machine, machine),
        "local": "true",
    }


def environment(inherited: Mapping[str, str], endpoint: str, region: str) -> dict[str, str]:
    """Return the environment for the program: the inherited one, with every AWS SDK sent to the endpoint.

    Profiles, credentials and Pulumi configuration of the caller stay out: they belong to a real account.
    """
    kept = {key: value for key, value in inherited.items() if not key.startswith("PULUMI_CONFIG")}
    return without_account(kept) | {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
    }


def enter(project: Project, endpoint: str, region: str) -> None:
    """Make this process the program's own: environment, working directory, import path, log.

    A program that logs all there is does not log what the SDK writes of the engine's own calls, by the
    hundreds: with Pulumi a provider is another process.
    """
    surroundings = environment(os.environ, endpoint, region)
    os.environ.clear()
    os.environ.update(surroundings)
    os.chdir(project.working_directory)
    sys.path.insert(0, str(project.working_directory.resolve()))
    for sdk in _SDKS:
        logging.getLogger(sdk).setLevel(logging.WARNING)


def main_of(project: Project) -> Callable[[], Any]:
    """Return the program as a function; each call runs it as a fresh `__main__`.

    Raises EngineError when it raises or exits, with the type, the text and the user's own line.
    """

    def program() -> None:
        try:
            runpy.run_path(str(project.main.resolve()), run_name="__main__")
        except SystemExit as exit_:
            if exit_.code not in (None, 0):
                raise EngineError(f"the program exited with {exit_.code!r}") from exit_

    return program


def describe(error: BaseException, project: Project) -> str:
    """Return one message for what a program raised, with the innermost line of the user's own code."""
    match error:
        case EngineError():
            return str(error)
        case ConfigMissingError():
            key = error.key.removeprefix(f"{project.name}:")
            text = f"missing configuration value '{error.key}'; give it with --config {key}=VALUE"
            return f"{text}{_place(error, project)}"
        case RunError():
            return f"{error}{_place(error, project)}"
        case SyntaxError():
            place = f" ({_shown(Path(error.filename), project)}:{error.lineno})" if error.filename else ""
            return f"the program raised {type(error).__name__}: {error.msg}{place}"
        case ModuleNotFoundError():
            place, hint = _place(error, project), advice(project, error.name)
            return f"the program raised {type(error).__name__}: {error}{place}; {hint}"
    return f"the program raised {type(error).__name__}: {_said(error)}{_place(error, project)}"


def _said(error: BaseException) -> str:
    """Return an error's text; what Pulumi put around it shows objects and spans lines."""
    text = str(error)
    places = "".join(f", in {kind} '{name}'" for kind, name in _WRAPPED.findall(text))
    return f"{text.rpartition(' has risen: ')[2]}{places}" if places else text


def _place(error: BaseException, project: Project) -> str:
    calls = [
        (frame.filename, frame.lineno or 0)
        for link in _chain(error)
        for frame in traceback.extract_tb(link.__traceback__)
    ][::-1]
    noted = (note for link in _chain(error) for note in getattr(link, "__notes__", ()))
    own = place_of(project.directory)
    place = own(calls) or next(noted, "")
    return f" ({place}{_within(calls, own)})" if place else ""


def _within(calls: Iterable[tuple[str, int]], own: PlaceOf) -> str:
    """Return where in a package the user's line failed: it may be the package's mistake, but for Pulumi's."""
    for file, line in calls:
        package = file.rpartition(f"{os.sep}site-packages{os.sep}")[2]
        if own([(file, line)]):
            break
        if package != file and not package.startswith(("pulumi", "embedded_aws")):
            return f", in {package}:{line}"
    return ""


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and its causes, outermost first; Pulumi makes errors that are their own cause."""
    seen: list[BaseException] = []
    link: BaseException | None = error
    while link is not None and link not in seen:
        yield link
        seen.append(link)
        if link.__cause__ is link:
            link = link.__context__
        else:
            link = link.__cause__ or (None if link.__suppress_context__ else link.__context__)


def _shown(file: Path, project: Project) -> Path:
    root = project.directory.resolve()
    return file.relative_to(root) if file.is_relative_to(root) else file
