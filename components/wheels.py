"""Wheels for Lambda's processor, Python and C library, whatever the machine that installs them."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from .settings import Target
from .zips import PackagingError

_VARYING = ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json")  # what pip writes about the installation
_NO_WHEEL = re.compile(r"No matching distribution found for (.+)")

MACHINES = {"arm64": "aarch64", "x86_64": "x86_64"}
"""Processors as Linux and Python name them."""


def wheel_platforms(target: Target) -> list[str]:
    """Return the wheel platforms that the runtime's C library can load, newest first."""
    machine = MACHINES[target.architecture]
    newer = [f"manylinux_2_{minor}_{machine}" for minor in range(_glibc(target), 16, -1)]
    return [*newer, f"manylinux2014_{machine}"]


def install(
    requirements: Path, target: Target, into: Path, *options: str, source: Path | None = None
) -> None:
    """Install what a file names and nothing else, as wheels, without what differs between two installations.

    Raises PackagingError, which names the package that has no wheel for the target, and `source` as the file
    to correct.
    """
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
    command += ["--no-deps", "--no-compile", "--only-binary=:all:", *options, *_platform(target)]
    command += ["--target", str(into), "-r", str(requirements)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise PackagingError(_refusal(source or requirements, target, done.stderr.strip()))
    shutil.rmtree(into / "bin", ignore_errors=True)  # scripts that name the interpreter of this machine
    for name in _VARYING:
        for path in into.glob(f"*.dist-info/{name}"):
            path.unlink()


def _platform(target: Target) -> Sequence[str]:
    platforms = [option for platform in wheel_platforms(target) for option in ("--platform", platform)]
    return [*platforms, "--implementation", "cp", "--python-version", target.version]


def _refusal(requirements: Path, target: Target, said: str) -> str:
    where = f"{target.runtime} on {target.architecture}"
    if missing := _NO_WHEEL.search(said):
        return (
            f"pip found no wheel of {missing[1]} for {where} (Linux with glibc 2.{_glibc(target)}); choose a "
            f"version that has one in {requirements}, or another runtime or architecture. The first build "
            f"needs a package index. pip said:\n{said}"
        )
    return (
        f"pip could not install {requirements} for {where}; it needs a package index at the first build. "
        f"pip said:\n{said}"
    )


def _glibc(target: Target) -> int:
    """Return the minor version of the runtime's C library.

    Lambda's Python 3.11 runs on Amazon Linux 2 with glibc 2.26, later ones on AL2023 with glibc 2.34:
    https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html
    """
    return 26 if target.version == "3.11" else 34
