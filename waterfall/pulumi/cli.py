"""Pulumi's CLI: what of it may run here, and how it is run."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from waterfall.pulumi.workspace import Workspace
from waterfall.traces.client import ReadError

_CONFIGURED = frozenset({"up", "update", "preview", "pre", "refresh", "destroy", "down", "dn", "import"})
"""What reads a stack's settings, and takes the file that they are in."""
_STACK = frozenset({"output", "export", "graph", "history", "ls", "list"})
_ALLOWED = (
    "up, preview, refresh, destroy, import, cancel, config, config get, stack, "
    "stack output, export, graph, history and ls, about, version, whoami"
)
_OURS = re.compile(
    r"--(?:cwd|stack|config|config-file|config-path|secrets-provider)(?:=.*)?|-[a-zA-Z]*[Csc].*"
)
_INSTEAD = "give -C DIR, --stack NAME and --config KEY=VALUE before --"


@dataclass(frozen=True, slots=True)
class Cli:
    """The CLI in a project's folder, with the state of a workspace."""

    workspace: Workspace
    directory: Path
    environment: Mapping[str, str]

    def create_stack(self) -> None:
        """Make the stack where there is none: in the workspace's folder, because that writes a stack file.

        Raises ReadError with what the CLI says.
        """
        if self.workspace.checkpoint.exists():
            return
        words = ["stack", "init", self.workspace.stack, "--non-interactive"]
        done = self._told(words, self.workspace.own)
        if done.returncode:
            raise ReadError(f"pulumi {' '.join(words)}: {(done.stderr or done.stdout).strip()}")

    def run(self, arguments: Sequence[str]) -> int:
        """Run a command that `checked` let through, in this terminal; return its exit status."""
        words = [_binary(), *_completed(arguments, self.workspace)]
        with subprocess.Popen(words, cwd=self.directory, env=dict(self.environment)) as process:
            while True:
                with suppress(KeyboardInterrupt):  # the CLI has it too, and decides what it means
                    return process.wait()

    def outputs(self) -> dict[str, Any]:
        """Return the stack's outputs, secrets masked; none where the CLI has none to tell."""
        words = ["stack", "output", "--json", "--stack", self.workspace.stack]
        done = self._told(words, self.directory)
        with suppress(ValueError):
            told = json.loads(done.stdout)
            return told if isinstance(told, dict) else {}
        return {}

    def _told(self, words: Sequence[str], directory: Path) -> subprocess.CompletedProcess[str]:
        command, environment = [_binary(), *words], dict(self.environment)
        return subprocess.run(
            command, cwd=directory, env=environment, capture_output=True, text=True, check=False
        )


def checked(arguments: Sequence[str]) -> list[str]:
    """Return a command line that stays in its own backend; raises ReadError for another.

    Others would write to the project's folder, or are about a backend that is the user's.
    """
    words = list(arguments)
    if found := next((word for word in words if _OURS.fullmatch(word)), None):
        raise ReadError(f"{found} is not taken after --: {_INSTEAD}")
    command, second = [*words, "", ""][:2]
    second = "" if second.startswith("-") else second
    if command in _CONFIGURED | {"about", "version", "whoami", "cancel"}:
        return words
    if (command == "config" and second in {"", "get"}) or (command == "stack" and second in {"", *_STACK}):
        return words
    named = " ".join(filter(None, (command, second))) or "without a command"
    raise ReadError(
        f"`pulumi {named}` does not run here, so that your own state and files stay as they are; what does: "
        f"{_ALLOWED}. {_INSTEAD[0].upper()}{_INSTEAD[1:]}"
    )


def _completed(arguments: Sequence[str], workspace: Workspace) -> list[str]:
    command, rest = arguments[0], list(arguments[1:])
    if command in {"about", "version", "whoami"}:
        return [command, *rest]
    file = ["--config-file", str(workspace.config_file)] if command in {*_CONFIGURED, "config"} else []
    below = [rest.pop(0)] if command in {"config", "stack"} and rest and not rest[0].startswith("-") else []
    stack = [] if below in (["ls"], ["list"]) else ["--stack", workspace.stack]
    return [command, *below, *stack, *file, *rest]


def _binary() -> str:
    found = shutil.which("pulumi")
    if not found:
        raise ReadError("there is no `pulumi` on the PATH: https://www.pulumi.com/docs/iac/download-install/")
    return found
