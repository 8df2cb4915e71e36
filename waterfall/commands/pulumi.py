"""`waterfall pulumi`: Pulumi's own CLI on a running stack, with a state of its own."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING

from waterfall.commands import options
from waterfall.commands.options import Command
from waterfall.commands.running import Running, add_endpoint, running_stack
from waterfall.pulumi.addresses import local
from waterfall.pulumi.cli import Cli, checked
from waterfall.pulumi.configuration import copied
from waterfall.pulumi.project import read_project
from waterfall.pulumi.workspace import Kept, Workspace
from waterfall.terminal.screen import screen_of
from waterfall.terminal.teller import Teller
from waterfall.terminal.text import clean

if TYPE_CHECKING:
    import argparse

    from waterfall.pulumi.project import Project

_TELLING = frozenset({"up", "update", "refresh"})
"""After these, outputs are told as they are reached here; `stack` and `stack output` show them too."""


def _add_options(parser: argparse.ArgumentParser) -> None:
    options.add_program(parser)
    add_endpoint(parser)
    parser.add_argument("words", nargs="*", metavar="ARG", help="after --: of Pulumi's CLI, such as up --yes")


def _run(given: argparse.Namespace) -> int:
    words = checked(given.words)
    stack = running_stack(given)
    project = read_project(given.directory, given.stack)
    workspace = Workspace(stack.data / "pulumi", project.name, project.stack)
    given_here = {**workspace.kept().given, **dict(given.config)}
    settings = copied(project, given_here, stack.endpoint, stack.region)
    workspace.prepare(os.environ)
    workspace.keep(Kept(str(project.directory), given_here, stack.started))
    cli = Cli(workspace, project.directory, workspace.environment(os.environ, stack.endpoint, stack.region))
    workspace.write_project()
    cli.create_stack()
    workspace.write_config(settings)
    _tell_region(project, stack)
    status = cli.run(words)
    if not status and _shows_outputs(words):
        _tell_outputs(cli, stack.endpoint)
    return status


def _tell_region(project: Project, stack: Running) -> None:
    own = project.settings.get("aws:region", stack.region)
    if own != stack.region:
        message = (
            f"the stack's region is {own}, this AWS is in {stack.region}: AWS_REGION={own} before `serve`"
        )
        Teller(sys.stderr, screen_of(sys.stderr)).note(message)


def _shows_outputs(words: list[str]) -> bool:
    shows = words[0] in _TELLING or (words[0] == "stack" and words[1:2] in ([], ["output"]))
    return shows and not {"--json", "-j", "--show-name"} & {*words}


def _tell_outputs(cli: Cli, endpoint: str) -> None:
    found = {name: (value, local(value, endpoint)) for name, value in sorted(cli.outputs().items())}
    changed = {name: here for name, (there, here) in found.items() if here != there}
    if changed:
        sys.stdout.write("\nOutputs, as they are reached here:\n")
    for name, here in changed.items():
        shown = here if isinstance(here, str) else json.dumps(here, ensure_ascii=False)
        sys.stdout.write(f"    {clean(name)}: {clean(shown)}\n")


COMMAND = Command(
    "Run Pulumi's own CLI against a running stack, for a program in any language: waterfall pulumi -- up. "
    "State, settings and secrets are kept apart, in the stack's data directory; your backend, your stack "
    "files and your credentials stay as they are.",
    _add_options,
    _run,
)
