"""Builds the Lambda runtime and the ADOT layer: packages by pip, compiled for where they will lie."""

from __future__ import annotations

import compileall
import fcntl
import functools
import py_compile
import shutil
import subprocess
import sys
import time
import venv
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from embedded_aws.awslambda.runtime.provision import ADOT_FILES, BOOTSTRAP

Report = Callable[[str], None]
Install = Callable[..., None]
"""Installs the packages of a lock into a directory, with further options of pip."""

# AWS builds one layer for all runtimes and both processors, on this one: elsewhere what is compiled does not
# load, and packages fall back to Python. It is lambda-layer/src/Dockerfile of
# https://github.com/aws-observability/aws-otel-python-instrumentation
_AS_ADOT = (
    "--python-version=3.13", "--implementation=cp", "--platform=manylinux_2_34_x86_64",
    "--platform=manylinux_2_28_x86_64", "--platform=manylinux2014_x86_64",
)  # fmt: skip


class BuildError(Exception):
    """A package could not be installed; the message has what pip said."""


def build_runtime(directory: Path, lock: Path, report: Report) -> None:
    """Make an interpreter, and beside it what AWS's runtime brings. Raises `BuildError`, `OSError`."""

    def fill(target: Path, install: Install) -> None:
        _make_lang(target / "lang")
        install(lock, target / "runtime")
        shutil.copy(BOOTSTRAP, target / "runtime" / "bootstrap.py")

    _build("the Lambda runtime", directory, fill, report)


def build_adot(directory: Path, lock: Path, report: Report) -> None:
    """Make the managed ADOT layer as AWS does. Raises `BuildError`, `OSError`.

    Its bytecode is for the Python that runs workers, whatever runtime their functions name; AWS's has that of
    Python 3.11 to 3.13.
    """

    def fill(target: Path, install: Install) -> None:
        install(lock, target / "python", *_AS_ADOT)
        for script in (target / "python" / "bin").iterdir():
            _use_path_python(script)
        wrapper, module = ADOT_FILES
        shutil.copy(wrapper, target)
        (target / wrapper.name).chmod(0o755)
        shutil.copy(module, target / "python")

    _build("the ADOT layer", directory, fill, report)


def _build(what: str, directory: Path, fill: Callable[[Path, Install], None], report: Report) -> None:
    """Fill a directory beside its place and rename it: whoever finds it finds all of it."""
    if directory.exists():
        return
    directory.parent.mkdir(parents=True, exist_ok=True)
    with _alone(directory, lambda: report(f"{what}: another process is building it; waiting")) as lock:
        if directory.exists():
            return
        report(f"{what}: installing and compiling, once, into {directory.parent}")
        started = time.monotonic()
        unfinished = directory.with_name(f"{directory.name}.unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)  # of a run that was killed
        try:
            unfinished.mkdir()
            fill(unfinished, functools.partial(_pip_install, lock=lock))
            for part in ("runtime", "python"):
                _compile(unfinished / part, shown_as=directory / part)
            unfinished.rename(directory)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
        report(f"{what}: built in {time.monotonic() - started:.0f} s")


@contextmanager
def _alone(directory: Path, on_wait: Callable[[], None]) -> Iterator[int]:
    """Yield the descriptor of a lock that one process holds; it ends with whoever has the descriptor."""
    with directory.with_name(f"{directory.name}.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            on_wait()
            fcntl.flock(file, fcntl.LOCK_EX)
        yield file.fileno()


def _make_lang(directory: Path) -> None:
    """Make an interpreter whose own site-packages are empty: the host's packages stay out of workers."""
    venv.EnvBuilder(symlinks=True, with_pip=False).create(directory)
    for script in (directory / "bin").glob("[Aa]ctivate*"):
        script.unlink()


def _pip_install(packages: Path, target: Path, *options: str, lock: int) -> None:
    command = [
        sys.executable, "-P", "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
        "--no-compile", "--no-deps", "--require-hashes", "--only-binary=:all:",
        "--target", str(target), "--requirement", str(packages), *options,
    ]  # fmt: skip
    # pip holds the lock too: when this process is killed, the next one waits for what still writes here.
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, pass_fds=(lock,)
    )
    if done.returncode:
        raise BuildError(
            f"pip could not install {packages.name} (is the package index reachable?):\n{done.stdout}"
        )


def _use_path_python(script: Path) -> None:
    """Make an installed script run under the worker's interpreter, not under the one that installed it."""
    text = script.read_text(encoding="utf-8")
    shebang, newline, rest = text.partition("\n")
    if shebang.startswith("#!"):
        script.write_text(f"#!/usr/bin/env python3{newline}{rest}", encoding="utf-8")


def _compile(directory: Path, *, shown_as: Path) -> None:
    # Some packages carry templates and Python 2 files that do not compile; that is theirs.
    if directory.exists():
        compileall.compile_dir(
            directory,
            quiet=2,
            stripdir=str(directory),
            prependdir=str(shown_as),
            invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
            workers=0,
        )
