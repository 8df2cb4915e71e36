"""Zips for Lambda with the same bytes wherever and whenever they are built.

Locked packages are installed once per lock, runtime and architecture, and kept; later runs need no network.
"""

from __future__ import annotations

import functools
import hashlib
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pulumi

from .settings import Target

BUILD = Path(".build")
"""Finished zips, relative to the project directory so that no machine's path reaches Pulumi's state."""

MAX_UNZIPPED = 250 * 1024 * 1024
"""Lambda's limit in bytes: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""

_FORMAT = b"1"  # raise it to make every kept zip be built again
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip can hold
_VARYING = ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json")  # what pip writes about the installation
_LEFT_OUT = {"__pycache__", "tests"}
_WHEEL_ARCHITECTURES = {"arm64": "aarch64", "x86_64": "x86_64"}


class PackagingError(pulumi.RunError):
    """A zip could not be built; Pulumi prints the message without a traceback."""


def locked_layer(lock: Path, target: Target, build: Path = BUILD) -> Path:
    """Return the layer zip with the packages that `lock` names, built unless it is kept in `build`.

    Raises PackagingError when pip cannot install them.
    """

    def fill(python: Path) -> None:
        _say(f"building the {lock.stem} layer for {target.runtime} on {target.architecture}")
        _install(lock, target, python)

    return _kept(locked_layer_path(lock, target, build), target, fill)


def locked_layer_path(lock: Path, target: Target, build: Path = BUILD) -> Path:
    """Return where `locked_layer` keeps its zip; the name changes with anything that goes into it."""
    if not lock.is_file():
        raise PackagingError(f"there is no lock file {lock}")
    return _layer_path(lock.stem, [lock.read_bytes()], target, build)


def package_layer(package: Path, target: Target, build: Path = BUILD) -> Path:
    """Return the layer zip with one Python package of this project, without its tests and caches.

    Raises PackagingError when the package has no modules.
    """

    def fill(python: Path) -> None:
        for source in sources:
            copy = python / package.name / source
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes((package / source).read_bytes())

    sources = [path.relative_to(package) for path in _files(package)]
    sources = [source for source in sources if not _LEFT_OUT & set(source.parts)]
    if not sources:
        raise PackagingError(f"there is no Python package {package}")
    content = [part for source in sources for part in (bytes(source), (package / source).read_bytes())]
    return _kept(_layer_path(package.name, content, target, build), target, fill)


def function_zip(module: Path, build: Path = BUILD) -> Path:
    """Return the zip of a function whose code is one module.

    Raises PackagingError when there is no such file.
    """
    if not module.is_file():
        raise PackagingError(f"there is no handler module {module}")
    path = build / "functions" / f"{module.stem}.zip"
    with _replacing(path) as unfinished:
        _write_zip(unfinished, {module.name: module})
    return path


def wheel_platforms(target: Target) -> list[str]:
    """Return the wheel platforms that the runtime's C library can load, newest first.

    Lambda's Python 3.11 runs on Amazon Linux 2 with glibc 2.26, later ones on AL2023 with glibc 2.34:
    https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html
    """
    machine = _WHEEL_ARCHITECTURES[target.architecture]
    glibc = 26 if target.version == "3.11" else 34
    newer = [f"manylinux_2_{minor}_{machine}" for minor in range(glibc, 16, -1)]
    return [*newer, f"manylinux2014_{machine}"]


def _layer_path(name: str, content: Sequence[bytes], target: Target, build: Path) -> Path:
    bytecode = b"compiled" if _interpreter(target.version) else b"source only"
    key = _digest(_FORMAT, target.runtime.encode(), target.architecture.encode(), bytecode, *content)[:16]
    return build / "layers" / f"{name}-{target.runtime}-{target.architecture}-{key}.zip"


def _kept(path: Path, target: Target, fill: Callable[[Path], None]) -> Path:
    if not path.exists():
        with tempfile.TemporaryDirectory() as scratch, _replacing(path) as unfinished:
            root = Path(scratch).resolve()
            python = root / "python"
            python.mkdir()
            fill(python)
            _remove_varying(python)
            _compile(python, target.version)
            _write_zip(unfinished, {file.relative_to(root).as_posix(): file for file in _files(root)})
    return path


def _install(lock: Path, target: Target, python: Path) -> None:
    platforms = [option for platform in wheel_platforms(target) for option in ("--platform", platform)]
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
    command += ["--no-deps", "--no-compile", "--require-hashes", "--only-binary=:all:", *platforms]
    command += ["--implementation", "cp", "--python-version", target.version, "--target", str(python)]
    done = subprocess.run([*command, "-r", str(lock)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise PackagingError(
            f"pip could not install {lock} for {target.runtime} on {target.architecture}; "
            f"it needs a package index at the first build. pip said:\n{done.stderr.strip()}"
        )


def _remove_varying(python: Path) -> None:
    shutil.rmtree(python / "bin", ignore_errors=True)  # scripts that name the interpreter of this machine
    for name in _VARYING:
        for path in python.glob(f"*.dist-info/{name}"):
            path.unlink()


def _interpreter(version: str) -> str | None:
    """Return a Python of this minor version; what the PATH names so may be a shim without one behind."""
    if version == "{}.{}".format(*sys.version_info):
        return sys.executable
    found = shutil.which(f"python{version}")
    return found if found and _version(found) == version else None


@functools.cache
def _version(interpreter: str) -> str:
    probe = [interpreter, "-c", "import sys; print('{}.{}'.format(*sys.version_info))"]
    return subprocess.run(probe, capture_output=True, text=True, check=False).stdout.strip()


def _compile(python: Path, version: str) -> None:
    """Compile in advance, since `/opt` is read-only and every cold start would compile again.

    Only when that version of Python is here: bytecode of another one is of no use to the runtime. Unchecked,
    because a zip keeps no times that a check could trust. A file that does not compile stays source, as in
    an installed package.
    """
    interpreter = _interpreter(version)
    if interpreter is None:
        return
    command = [interpreter, "-I", "-m", "compileall", "-qq", "--invalidation-mode", "unchecked-hash"]
    subprocess.run([*command, "-s", str(python.parent), "-p", "/opt", str(python)], check=False)


def _write_zip(path: Path, entries: Mapping[str, Path]) -> None:
    size = sum(file.stat().st_size for file in entries.values())
    if size > MAX_UNZIPPED:
        raise PackagingError(f"{path.stem} has {size:,} bytes unzipped; Lambda allows {MAX_UNZIPPED:,}")
    with zipfile.ZipFile(path, "w") as archive:
        for name in sorted(entries):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.create_system = 3  # Unix, wherever it is built
            entry.external_attr = 0o100644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, entries[name].read_bytes(), compresslevel=9)


@contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    """Yield a file beside `path` that takes its place once complete, so that no one sees half a zip."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent) as scratch:
        unfinished = Path(scratch) / path.name
        yield unfinished
        unfinished.replace(path)


def _files(root: Path) -> list[Path]:
    return sorted(path for path in root.rglob("*") if path.is_file())


def _digest(*parts: bytes) -> str:
    sha = hashlib.sha256()
    for part in parts:
        sha.update(len(part).to_bytes(8, "big") + part)
    return sha.hexdigest()


def _say(message: str) -> None:
    sys.stderr.write(f"{message}\n")
