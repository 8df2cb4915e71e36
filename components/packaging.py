"""What Lambda gets: the zips of layers and of functions.

They are built once for their content and their target, and kept; later runs need no network.
"""

from __future__ import annotations

import functools
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from .requirements import Requirements, read_requirements
from .settings import Target
from .wheels import install
from .zips import PackagingError, digest, files_of, is_executable, refuse_too_large, replacing, write_zip

BUILD = Path(".build")
"""Finished zips, relative to the project directory so that no machine's path reaches Pulumi's state."""

REQUIREMENTS = "requirements.txt"
"""The file of a function's directory that names the packages beside its modules."""

_FORMAT = b"2"  # raise it to make every kept zip be built again
_LEFT_OUT = {"__pycache__", "tests"}


def locked_layer(lock: Path, target: Target, build: Path = BUILD) -> Path:
    """Return the layer zip with the packages that `lock` names, built unless it is kept in `build`.

    Raises PackagingError when pip cannot install them.
    """

    def fill(python: Path) -> None:
        _say(f"building the {lock.stem} layer for {target.runtime} on {target.architecture}")
        install(lock, target, python, "--require-hashes")

    return _kept_layer(locked_layer_path(lock, target, build), target, fill)


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

    sources = [path.relative_to(package) for path in files_of(package)]
    sources = [source for source in sources if not _LEFT_OUT & set(source.parts)]
    if not sources:
        raise PackagingError(f"there is no Python package {package}")
    content = [part for source in sources for part in (bytes(source), (package / source).read_bytes())]
    return _kept_layer(_layer_path(package.name, content, target, build), target, fill)


def function_zip(code: Path, target: Target, build: Path = BUILD) -> Path:
    """Return the zip of a function whose code is one module, or a directory with all that it imports.

    The packages of a directory's `requirements.txt` are installed for the target, beside the directory's own
    files. Tests, caches and hidden files stay at home.

    Raises PackagingError when there is no such code, when Lambda would refuse the zip, when a package is not
    pinned, or has no wheel for the target.
    """
    own = dict(_code(code))
    refuse_too_large(code.stem, own)
    content = [part for name, path in own.items() for part in _told(name, path)]
    if REQUIREMENTS in own:
        requirements = read_requirements(own[REQUIREMENTS], target)
        packages = _kept_packages(requirements, build)
        content.append(packages.name.encode())
        installed = {path.relative_to(packages).as_posix(): path for path in files_of(packages)}
        own = {**installed, **own}
    path = build / "functions" / f"{code.stem}-{digest(_FORMAT, *content)[:16]}.zip"
    if not path.exists():
        with replacing(path) as unfinished:
            write_zip(unfinished, own)
    return path


def _code(code: Path) -> Iterator[tuple[str, Path]]:
    """Yield a function's own files, with the names that they have in its zip."""
    if not code.exists():
        raise PackagingError(f"there is no handler module or directory {code}")
    if code.is_file():
        yield code.name, code
        return
    for path in files_of(code):
        name = path.relative_to(code)
        if not _LEFT_OUT & set(name.parts) and not any(part.startswith(".") for part in name.parts):
            yield name.as_posix(), path


def _told(name: str, path: Path) -> Sequence[bytes]:
    return name.encode(), b"x" if is_executable(path) else b"", path.read_bytes()


def _kept_packages(requirements: Requirements, build: Path) -> Path:
    """Return the directory with a function's packages."""
    target = requirements.target
    about = (target.runtime.encode(), target.architecture.encode(), requirements.text.encode())
    path = build / "packages" / digest(_FORMAT, *about)[:16]
    if not path.exists():
        _say(f"installing {requirements.path} for {target.runtime} on {target.architecture}")
        with replacing(path) as unfinished:
            unfinished.mkdir()
            requirements.install(unfinished)
    return path


def _layer_path(name: str, content: Sequence[bytes], target: Target, build: Path) -> Path:
    bytecode = b"compiled" if _interpreter(target.version) else b"source only"
    key = digest(_FORMAT, target.runtime.encode(), target.architecture.encode(), bytecode, *content)[:16]
    return build / "layers" / f"{name}-{target.runtime}-{target.architecture}-{key}.zip"


def _kept_layer(path: Path, target: Target, fill: Callable[[Path], None]) -> Path:
    if not path.exists():
        with tempfile.TemporaryDirectory() as scratch, replacing(path) as unfinished:
            root = Path(scratch).resolve()
            python = root / "python"
            python.mkdir()
            fill(python)
            _compile(python, target.version)
            write_zip(unfinished, {file.relative_to(root).as_posix(): file for file in files_of(root)})
    return path


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


def _say(message: str) -> None:
    sys.stderr.write(f"{message}\n")
