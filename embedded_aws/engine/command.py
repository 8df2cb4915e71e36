"""Deploy a Pulumi Python program onto the embedded AWS.

`python -m embedded_aws.engine --directory DIR [--stack NAME] --endpoint URL [--config KEY=VALUE ...]`

Exit 0: the last line on standard output is one JSON object with `project`, `stack`, `region`, `config`
(secrets masked), `outputs` (secrets masked), `resources` (how many are `run`, `stored only`, `skipped`) and
`warnings`. Exit 1: one message on standard error, with `--until-stdin-ends` as `error` in such an object, and
the `warnings` until then, if there are any, in one. What the program itself prints goes to standard error.

When the project's schema declares the settings `runtime` or `architecture`, they are set to this
machine's (`python3.11`, `x86_64`), because functions run on it; `--config` overrides that too.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from embedded_aws.engine import again, places, program, stack_references
from embedded_aws.engine.clients import Clients
from embedded_aws.engine.config import load_config
from embedded_aws.engine.deployment import Deployment, Provider
from embedded_aws.engine.errors import EngineError
from embedded_aws.engine.project import choose_stack, load_project
from embedded_aws.engine.region import choose_region, default_tags
from embedded_aws.engine.runner import run as run_program
from embedded_aws.engine.tracing import Tracing

if TYPE_CHECKING:
    from collections.abc import Sequence

_RUNTIME = f"python{sys.version_info.major}.{sys.version_info.minor}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    options = _parser().parse_args(arguments)
    run = again.Run() if options.again else None
    if run:
        run.wait_for_start(options.endpoint)
    if options.until_stdin_ends:
        _end_with_stdin()
    answers = _keep_stdout()
    try:
        answer = deploy(
            options.directory,
            options.stack,
            options.endpoint,
            options.config,
            other_stacks=options.other_stack,
            strict=options.strict,
            instrument=options.instrument,
            runtime=options.runtime,
            run=run,
        )
    except EngineError as error:
        told: dict[str, object] = {"warnings": error.warnings} if error.warnings else {}
        if options.until_stdin_ends:  # whoever started this shows it, after all that the program wrote
            told["error"] = str(error)
        else:
            print(error, file=sys.stderr)  # noqa: T201 - a command's answer
        if told := told | ({"left": run.left()} if run else {}):
            print(json.dumps(told), file=answers, flush=True)
        return 1
    except KeyboardInterrupt:
        return 130
    print(json.dumps(answer | ({"left": run.left()} if run else {})), file=answers, flush=True)
    return 0


def deploy(
    directory: Path,
    stack: str | None,
    endpoint: str,
    overrides: Sequence[str],
    *,
    other_stacks: Sequence[str] = (),
    strict: bool = False,
    instrument: bool = False,
    runtime: str,
    run: again.Run | None = None,
) -> dict[str, object]:
    """Deploy a directory's program and return the answer; this process becomes the program's.

    Raises EngineError for everything that can go wrong, the program's own exceptions included, and when
    `strict` for what was skipped. `instrument` runs Python functions under ADOT's wrapper script. `run` is
    one among several of the same program: what an earlier one left is changed.
    """
    project = load_project(directory)
    stack_name = choose_stack(project, stack)
    config = load_config(project, stack_name, overrides, host=program.host_settings(runtime))
    region = choose_region(config.values, os.environ)
    program.enter(project, endpoint, region)
    default = Provider(region, default_tags(config.values))
    outputs_of = stack_references.stack_outputs(project.name, config.values, other_stacks)
    clients = run.clients if run and run.clients else Clients(endpoint)
    tracing = Tracing(instruments=instrument)
    deployment = Deployment(clients, default, outputs_of, tracing, run.standing if run else ())
    if run:
        run.deployment = deployment
    main_function = program.main_of(project)
    place_of = places.place_of(project.directory)
    try:
        outputs = run_program(
            main_function, deployment, config, project=project.name, stack=stack_name, place_of=place_of
        )
        if strict:
            deployment.refuse_skips()
        deployment.finish()
    except Exception as error:
        warnings = [*config.warnings, *deployment.warnings]
        raise EngineError(program.describe(error, project), warnings) from error
    return {
        "project": project.name,
        "stack": stack_name,
        "region": region,
        "config": config.shown(project.name),
        "outputs": outputs,
        "resources": deployment.counts(),
        "warnings": [*config.warnings, *config.unasked(), *deployment.warnings],
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m embedded_aws.engine", description="Deploy a Pulumi Python program"
    )
    parser.add_argument("--directory", type=Path, required=True, help="the directory of Pulumi.yaml")
    parser.add_argument("--stack", help="the stack; default: the only one, else dev")
    parser.add_argument("--endpoint", required=True, help="the URL of the embedded AWS")
    parser.add_argument(
        "--config", action="append", default=[], metavar="KEY=VALUE", help="a configuration value; repeatable"
    )
    parser.add_argument(
        "--other-stack", action="append", default=[], metavar="URL", help="the AWS of another running stack"
    )
    parser.add_argument("--runtime", default=_RUNTIME, help="what functions run on (default: %(default)s)")
    parser.add_argument("--strict", action="store_true", help="fail when anything is skipped")
    parser.add_argument(
        "--instrument", action="store_true", help="run Python functions under ADOT's wrapper script"
    )
    parser.add_argument(
        "--again",
        action="store_true",
        help="a run among several: standard input has two lines of JSON, the answer `left`: see again.py",
    )
    parser.add_argument(
        "--until-stdin-ends",
        action="store_true",
        help="end, with all that was started, when standard input does: whoever holds it is gone",
    )
    return parser


def _end_with_stdin() -> None:
    """Watch standard input, and give the program and its child processes an empty one in its place."""
    watched = os.dup(0)
    empty = os.open(os.devnull, os.O_RDONLY)
    os.dup2(empty, 0)
    os.close(empty)

    def watch() -> None:
        os.read(watched, 1)
        os.killpg(0, signal.SIGKILL)

    threading.Thread(target=watch, name="stdin", daemon=True).start()


def _keep_stdout() -> TextIO:
    """Return standard output, and give the program and its child processes standard error in its place."""
    kept = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    if isinstance(sys.stdout, io.TextIOWrapper):  # which would keep what is printed for the end
        sys.stdout.reconfigure(line_buffering=True)
    return kept
