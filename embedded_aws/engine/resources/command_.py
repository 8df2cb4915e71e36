"""The provider `pulumi_command`, on this machine: https://www.pulumi.com/registry/packages/command/.

What a command runs is the user's own, as the program is. It has the program's environment: an AWS SDK or CLI
in it talks to the embedded AWS.
"""

from __future__ import annotations

import os
import shlex
import subprocess
from typing import TYPE_CHECKING, Any

from embedded_aws.engine import naming
from embedded_aws.engine.errors import EngineError
from embedded_aws.engine.registration import Update

if TYPE_CHECKING:
    from collections.abc import Mapping

    from embedded_aws.engine.registration import Created, Registration, State
    from embedded_aws.engine.standing import Before

_SHELL = ("/bin/sh", "-c")
_SHOWN = 8
"""Lines of a failed command's own words, the last ones."""


def local(r: Registration) -> Created:
    """Run `create`, and give what it wrote; neither assets nor an archive. `delete` is never run."""
    for key in ("update", "delete", "logging", "addPreviousOutputInEnv"):
        r.inputs.get(key)
    return naming.name_suffix(r.urn, 32), _run(r.inputs, r.inputs.get("create"), {})


def update_local(r: Registration, before: Before) -> State:
    """Run `update`, or `create` where there is none, with the outputs of before in its environment."""
    shell = {}
    if r.inputs.get("addPreviousOutputInEnv", True):
        shell = {f"PULUMI_COMMAND_{key.upper()}": before.standing.state[key] for key in ("stdout", "stderr")}
    return _run(r.inputs, r.inputs.get("update") or r.inputs.get("create"), shell)


def run(args: Mapping[str, Any], _aws: object) -> State:
    """Runs a command of the user's, each time."""
    return {**args, **_run(args, args["command"], {})}


def _run(given: Mapping[str, Any], command: str | None, shell: Mapping[str, str]) -> State:
    """Return what a command wrote; raises EngineError with the end of that when it failed."""
    names = ("dir", "environment", "stdin", "interpreter")
    folder, variables, stdin, interpreter = (given.get(name) for name in names)
    if command is None:
        return {"stdout": "", "stderr": ""}
    line = [*(interpreter or _SHELL), command]
    variables = {key: str(value) for key, value in (variables or {}).items()}
    try:
        done = subprocess.run(
            line,
            cwd=folder,
            env={**os.environ, **shell, **variables},
            input=stdin or "",
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
    except OSError as error:
        raise EngineError(f"`{shlex.join(line)}` cannot be run: {error}") from error
    if done.returncode:
        words = "\n".join((done.stdout + done.stderr).strip().splitlines()[-_SHOWN:])
        raise EngineError(f"`{command}` exited with {done.returncode}" + (f": {words}" if words else ""))
    return {"stdout": done.stdout.removesuffix("\n"), "stderr": done.stderr.removesuffix("\n")}


RESOURCES = {"command:local:Command": local}

UPDATES = {"command:local:Command": Update(update_local, frozenset({"triggers"}))}

FUNCTIONS = {"command:local:run": run}
"""What the provider does for a program without making a resource."""
