"""Another version of a program, to run beside the one that is here."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from waterfall.proof.observing import Place
from waterfall.proof.redaction import Redaction
from waterfall.stack.child import Program, RunningStack, run_stack
from waterfall.traces.client import ReadError, Source, connect

_BUILD = ".build"
"""Where our components keep finished zips, each under the name of its content."""
_VIRTUALENV = re.compile(r"^\s+virtualenv:\s*(\S+)\s*$", re.MULTILINE)


@contextmanager
def checked_out(program: Program, ref: str) -> Iterator[Program]:
    """Give the program as it is at a Git revision, in a folder that is gone afterwards; raises ReadError.

    A folder is taken as it is. Both versions run in one virtual environment, and share finished zips.
    """
    if Path(ref).is_dir():
        yield replace(program, directory=Path(ref))
        return
    here = program.directory.resolve()
    top = Path(_git(here, "rev-parse", "--show-toplevel"))
    commit = _git(here, "rev-parse", "--verify", "--end-of-options", f"{ref}^{{commit}}")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
        tree = Path(scratch) / "base"
        _git(here, "worktree", "add", "--quiet", "--detach", str(tree), commit)
        try:
            there = tree / here.relative_to(top)
            if not there.is_dir():
                raise ReadError(f"there is no {here.relative_to(top)} in {ref}")
            _lend(here, there)
            yield replace(program, directory=there)
        finally:
            _git(here, "worktree", "remove", "--force", str(tree))


def _lend(here: Path, there: Path) -> None:
    project = here / "Pulumi.yaml"
    named = _VIRTUALENV.search(project.read_text("utf-8", "replace")) if project.is_file() else None
    environment = here / (named[1].strip("'\"") if named else ".venv")
    target = there / environment.relative_to(here) if environment.is_relative_to(here) else environment
    if environment.is_dir() and not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        target.symlink_to(environment)
    for zips in (here / _BUILD).glob("layers"):
        shutil.copytree(zips, there / _BUILD / zips.name, copy_function=_link, dirs_exist_ok=True)


def _link(source: str, target: str) -> str:
    Path(target).hardlink_to(source) if _same_disk(source, target) else shutil.copy2(source, target)
    return target


def _same_disk(source: str, target: str) -> bool:
    return Path(source).stat().st_dev == Path(target).parent.stat().st_dev


def _git(folder: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=True
        )
    except FileNotFoundError as error:
        raise ReadError("git is not installed, and --base names a revision of it") from error
    except subprocess.CalledProcessError as error:
        raise ReadError(f"git {arguments[0]}: {' '.join(error.stderr.split())}") from error
    return done.stdout.strip()


@contextmanager
def running(
    programs: dict[str, Program], redact: Redaction, say: Callable[[str], None], kind: str
) -> Iterator[list[Place]]:
    """Run programs side by side until the block ends; raises ReadError when one does not start."""
    with ExitStack() as held:
        stacks = [
            held.enter_context(run_stack(program, name, say, kind=kind)) for name, program in programs.items()
        ]
        yield [_place(stack, redact) for stack in stacks]


def _place(stack: RunningStack, redact: Redaction) -> Place:
    status = stack.status()
    source = Source(status["endpoint"], region=status["region"])
    return Place(source, connect(source), status["apis"], redact)
