"""What workers need and cannot take from the host: the Lambda runtime and the managed ADOT layer.

Both are built once into the user's cache directory, `$XDG_CACHE_HOME/traced-api` or `~/.cache/traced-api`:
`runtime/<key>/lang` is an interpreter without packages (on AWS `/var/lang`), `…/runtime` the runtime client
and boto3 (`/var/runtime`); `adot/<key>` is what the ADOT layer's ARN puts into `/opt`. A key covers lock,
Python and platform. `waterfall up` builds what is missing; so does, ahead of it,
`python -m embedded_aws.awslambda.runtime.provision`.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

_HERE = Path(__file__).parent
LOCKS = _HERE / "locks"
ADOT_FILES = (_HERE / "adot" / "otel-instrument", _HERE / "adot" / "otel_wrapper.py")
BOOTSTRAP = _HERE / "bootstrap.py"


def cache_directory(environ: Mapping[str, str] = os.environ) -> Path:
    """Return where built things are kept, for every project of a user.

    https://specifications.freedesktop.org/basedir-spec/latest/ says to ignore a relative `XDG_CACHE_HOME`.
    """
    given = Path(environ.get("XDG_CACHE_HOME", ""))
    return (given if given.is_absolute() else Path.home() / ".cache") / "traced-api"


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


@dataclass(frozen=True)
class Places:
    """Where the two are, or will be: built into `cache` from the files of `locks`."""

    cache: Path
    locks: Path = LOCKS

    @property
    def runtime(self) -> Path:
        return self.cache / "runtime" / _key(self.locks / "runtime.lock", BOOTSTRAP)

    @property
    def adot(self) -> Path:
        return self.cache / "adot" / _key(self.locks / "adot.lock", *ADOT_FILES)


def find_runtime(places: Places | None = None) -> Runtime:
    """Return the provisioned runtime; raises `ProvisionError` when it was not built."""
    directory = (places or Places(cache_directory())).runtime
    if not directory.exists():
        raise ProvisionError(
            "the Lambda runtime is not built for this Python; "
            "run `python -m embedded_aws.awslambda.runtime.provision`"
        )
    return Runtime(directory)


def find_adot(places: Places | None = None) -> Path | None:
    """Return the ADOT layer's directory, or `None` when it was not built."""
    directory = (places or Places(cache_directory())).adot
    return directory if directory.exists() else None


def provision(report: Callable[[str], None], places: Places | None = None) -> tuple[Runtime, Path]:
    """Build what is missing, and nothing twice when several processes ask; `report` takes progress lines.

    Raises `ProvisionError`.
    """
    places = places or Places(cache_directory())
    runtime, adot = places.runtime, places.adot
    if not (runtime.exists() and adot.exists()):
        # Most runs find both, and do without these imports.
        from embedded_aws.awslambda.runtime import building  # noqa: PLC0415

        try:
            # What others could write there would run as the user.
            places.cache.mkdir(mode=0o700, parents=True, exist_ok=True)
            building.build_runtime(runtime, places.locks / "runtime.lock", report)
            building.build_adot(adot, places.locks / "adot.lock", report)
        except building.BuildError as problem:
            raise ProvisionError(str(problem)) from problem
        except OSError as problem:
            raise ProvisionError(
                f"the Lambda runtime cannot be built in {places.cache}: {problem.strerror or problem}; "
                "XDG_CACHE_HOME names another place"
            ) from problem
    return Runtime(runtime), adot


def _key(*files: Path) -> str:
    import sysconfig  # noqa: PLC0415 - named by `cache_tag` alone, two platforms would share a home directory

    digest = hashlib.sha256()
    for file in files:
        digest.update(file.read_bytes())
    # A worker's interpreter refers to the base installation, so that belongs to the key as well.
    digest.update(f"{sys.version}\n{sys.base_prefix}".encode())
    return f"{sys.implementation.cache_tag}-{sysconfig.get_platform()}-{digest.hexdigest()[:16]}"


def main() -> int:
    """Provision, with progress on stdout; return the exit code."""
    try:
        provision(lambda line: print(line, flush=True))  # noqa: T201 - this is a command
    except ProvisionError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
