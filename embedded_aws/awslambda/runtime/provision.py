"""Build what workers need and cannot take from the host: the Lambda runtime and the managed ADOT layer.

`.build/runtime/<key>/lang` is an interpreter without packages (on AWS `/var/lang`), `…/runtime` the runtime
client and boto3 (`/var/runtime`); `.build/adot/<key>` is what the ADOT layer's ARN puts into `/opt`.
A key covers lock, Python and platform. Run as `python -m embedded_aws.awslambda.runtime.provision`.
"""

from __future__ import annotations

import compileall
import hashlib
import py_compile
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
import venv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[3]
_ADOT_FILES = Path(__file__).parent / "adot"
_BOOTSTRAP = Path(__file__).parent / "bootstrap.py"

BUILD_DIR = _ROOT / ".build"
LOCKS = _ROOT / "locks"


class ProvisionError(Exception):
    """Something could not be built; the message says what failed and what helps."""


@dataclass(frozen=True)
class Runtime:
    """Where workers find their interpreter and the runtime client."""

    directory: Path

    @property
    def lang(self) -> Path:
        return self.directory / "lang"

    @property
    def packages(self) -> Path:
        return self.directory / "runtime"

    @property
    def python(self) -> Path:
        return self.lang / "bin" / "python3"

    @property
    def bootstrap(self) -> Path:
        return self.packages / "bootstrap.py"


def find_runtime(build_dir: Path = BUILD_DIR, locks: Path = LOCKS) -> Runtime:
    """Return the provisioned runtime; raises `ProvisionError` when it was not built."""
    directory = build_dir / "runtime" / _key(locks / "runtime.lock", _BOOTSTRAP)
    if not directory.exists():
        raise ProvisionError(
            "the Lambda runtime is not built for this Python; "
            "run `python -m embedded_aws.awslambda.runtime.provision`"
        )
    return Runtime(directory)


def find_adot(build_dir: Path = BUILD_DIR, locks: Path = LOCKS) -> Path | None:
    """Return the ADOT layer's directory, or `None` when it was not built."""
    directory = build_dir / "adot" / _key(locks / "adot.lock", *_adot_files())
    return directory if directory.exists() else None


def provision(
    report: Callable[[str], None], build_dir: Path = BUILD_DIR, locks: Path = LOCKS
) -> tuple[Runtime, Path]:
    """Build what is missing; raises `ProvisionError`. `report` takes progress lines."""
    runtime = build_dir / "runtime" / _key(locks / "runtime.lock", _BOOTSTRAP)
    adot = build_dir / "adot" / _key(locks / "adot.lock", *_adot_files())
    _build("the Lambda runtime", runtime, lambda target: _fill_runtime(target, locks), report)
    _build("the ADOT layer", adot, lambda target: _fill_adot(target, locks), report)
    return Runtime(runtime), adot


def _build(what: str, directory: Path, fill: Callable[[Path], None], report: Callable[[str], None]) -> None:
    if directory.exists():
        report(f"{what}: ready")
        return
    report(f"{what}: installing and compiling …")
    started = time.monotonic()
    directory.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=directory.parent) as temporary:
        target = Path(temporary) / "content"
        target.mkdir()
        fill(target)
        for part in ("runtime", "python"):
            _compile(target / part, shown_as=directory / part)
        target.rename(directory)
    report(f"{what}: built in {time.monotonic() - started:.0f} s")


def _fill_runtime(target: Path, locks: Path) -> None:
    _make_lang(target / "lang")
    _pip_install(locks / "runtime.lock", target / "runtime")
    shutil.copy(_BOOTSTRAP, target / "runtime" / "bootstrap.py")


def _fill_adot(target: Path, locks: Path) -> None:
    _pip_install(locks / "adot.lock", target / "python")
    for script in (target / "python" / "bin").iterdir():
        _use_path_python(script)
    wrapper = target / "otel-instrument"
    shutil.copy(_ADOT_FILES / "otel-instrument", wrapper)
    wrapper.chmod(0o755)
    shutil.copy(_ADOT_FILES / "otel_wrapper.py", target / "python" / "otel_wrapper.py")


def _make_lang(directory: Path) -> None:
    """Make an interpreter whose own site-packages are empty: the host's packages stay out of workers."""
    venv.EnvBuilder(symlinks=True, with_pip=False).create(directory)
    for script in (directory / "bin").glob("[Aa]ctivate*"):
        script.unlink()


def _pip_install(lock: Path, target: Path) -> None:
    command = [
        sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile",
        "--require-hashes", "--only-binary=:all:", "--target", str(target), "--requirement", str(lock),
    ]  # fmt: skip
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        raise ProvisionError(
            f"pip could not install {lock.name} (is the package index reachable?):\n{done.stdout}"
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


def _adot_files() -> Iterator[Path]:
    return iter(sorted(path for path in _ADOT_FILES.iterdir() if path.is_file()))


def _key(*files: Path) -> str:
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.read_bytes())
    # A worker's interpreter refers to the base installation, so that belongs to the key as well.
    digest.update(f"{sys.version}\n{sys.base_prefix}".encode())
    return f"{_platform()}-{digest.hexdigest()[:16]}"


def _platform() -> str:
    return f"{sys.implementation.cache_tag}-{sysconfig.get_platform()}"


def main() -> int:
    """Provision, with progress on stdout; return the exit code."""
    try:
        provision(lambda line: print(f"  {line}", flush=True))  # noqa: T201 - this is a command
    except ProvisionError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
