"""What Lambda gets: the zips of layers and of functions.

They are built once for their content and their target, and kept; later runs need no network.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from .bytecode import compile_for
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


def locked_layer(lock: Path, target: Target, build: Path = BUILD, *, bytecode: bool = True) -> Path:
    """Return the layer zip with the packages that `lock` names, built unless it is kept in `build`.

    Raises PackagingError when pip cannot install them, and for bytecode that cannot be made here.
    """

    def fill(python: Path) -> None:
        _say(f"building the {lock.stem} layer for {target.runtime} on {target.architecture}")
        install(lock, target, python, "--require-hashes")

    path = locked_layer_path(lock, target, build, bytecode=bytecode)
    return _kept_layer(path, target, fill, bytecode=bytecode)


def locked_layer_path(lock: Path, target: Target, build: Path = BUILD, *, bytecode: bool = True) -> Path:
    """Return where `locked_layer` keeps its zip; the name changes with anything that goes into it."""
    if not lock.is_file():
        raise PackagingError(f"there is no lock file {lock}")
    return _layer_path(lock.stem, [lock.read_bytes()], target, build, bytecode=bytecode)


def package_layer(package: Path, target: Target, build: Path = BUILD, *, bytecode: bool = True) -> Path:
    """Return the layer zip with one Python package of this project, without its tests and caches.

    Raises PackagingError when the package has no modules, and for bytecode that cannot be made here.
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
    path = _layer_path(package.name, content, target, build, bytecode=bytecode)
    return _kept_layer(path, target, fill, bytecode=bytecode)


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


def _layer_path(name: str, content: Sequence[bytes], target: Target, build: Path, *, bytecode: bool) -> Path:
    form = b"compiled" if bytecode else b"source only"
    key = digest(_FORMAT, target.runtime.encode(), target.architecture.encode(), form, *content)[:16]
    return build / "layers" / f"{name}-{target.runtime}-{target.architecture}-{key}.zip"


def _kept_layer(path: Path, target: Target, fill: Callable[[Path], None], *, bytecode: bool) -> Path:
    if not path.exists():
        with tempfile.TemporaryDirectory() as scratch, replacing(path) as unfinished:
            root = Path(scratch).resolve()
            python = root / "python"
            python.mkdir()
            fill(python)
            if bytecode:
                compile_for(target.version, python)
            write_zip(unfinished, {file.relative_to(root).as_posix(): file for file in files_of(root)})
    return path


def _say(message: str) -> None:
    sys.stderr.write(f"{message}\n")
