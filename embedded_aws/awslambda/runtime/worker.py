"""From a function's configuration to an execution environment that can be started.

Zips become the directories `/var/task` and `/opt` of environments, unpacked once per content.
"""

from __future__ import annotations

import errno
import hashlib
import io
import logging
import lzma
import os
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from embedded_aws.aws.interfaces import LogStream
from embedded_aws.awslambda.catalog import Function, Layer
from embedded_aws.awslambda.runtime.environ import HOST_RUNTIME, Directories, WorkerSettings, worker_environ
from embedded_aws.awslambda.runtime.environment import Environment, Launch
from embedded_aws.awslambda.runtime.logs import StreamLog, stream_name
from embedded_aws.awslambda.runtime.provision import Runtime
from embedded_aws.awslambda.services import Services
from embedded_aws.debugging.debugger import SCRIPT as DEBUGGEE

_log = logging.getLogger(__name__)

WRAPPER = "AWS_LAMBDA_EXEC_WRAPPER"

MAX_UNZIPPED = 262_144_000
"""Bytes of a function's or a layer's files: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""

_BROKEN = (EOFError, NotImplementedError, RuntimeError, ValueError, lzma.LZMAError, zlib.error)
"""What zipfile raises for archives that are cut, encrypted, or packed in ways that it does not know."""
_BAD_NAMES = {errno.EEXIST, errno.EINVAL, errno.EISDIR, errno.ENAMETOOLONG, errno.ENOTDIR}


@dataclass(frozen=True)
class WorkerFactory:
    """Makes workers: with which interpreter, where, for which AWS.

    `work_dir` takes unpacked code and the workers' temporary files.
    """

    runtime: Runtime
    work_dir: Path
    region: str
    endpoint_url: str
    daemon_address: str
    services: Services

    def environment(self, function: Function) -> Environment:
        """Return an execution environment for a function, not yet started; each has a log stream."""
        clock, ids = self.services.clock, self.services.ids
        name = stream_name(function.version, clock(), ids.request_id().replace("-", ""))
        stream = LogStream(self.region, function.log_group, name)
        log = StreamLog(self.services.logs, stream, function.logging, clock)
        debugger = self.services.debugger
        debuggee = debugger.debuggee(function.name) if debugger else None
        return Environment(lambda: self._launch(function, name), clock, log, debuggee)

    def warn_about_runtime(self, function: Function) -> None:
        """Say that a function runs on another Python than it asks for."""
        if function.runtime != HOST_RUNTIME:
            _log.warning(
                "function %s asks for %s; the embedded AWS runs it on the host's %s",
                function.name, function.runtime, HOST_RUNTIME,
            )  # fmt: skip

    def layer(self, layer: Layer) -> Path:
        """Return the directory with a layer's content."""
        return layer.directory or layer_directory(self.work_dir, layer.code, layer.digest)

    def _launch(self, function: Function, log_stream: str) -> Launch:
        directories = self._directories(function)
        settings = WorkerSettings(function, log_stream, self.region, self.endpoint_url, self.daemon_address)
        environ = worker_environ(settings, directories)
        wrapper = [environ[WRAPPER]] if WRAPPER in environ else []
        debugger = [str(DEBUGGEE)] if self.services.debugger else []
        command = [*wrapper, str(self.runtime.python), *debugger, str(self.runtime.bootstrap)]
        return Launch(command, environ, directories.task, directories.tmp)

    def _directories(self, function: Function) -> Directories:
        temporary = self.work_dir / "tmp"
        temporary.mkdir(parents=True, exist_ok=True)
        return Directories(
            lang=self.runtime.lang,
            runtime=self.runtime.packages,
            task=task_directory(self.work_dir, function.code, function.code_digest),
            opt=opt_directory(self.work_dir, [self.layer(layer) for layer in function.layers]),
            tmp=Path(tempfile.mkdtemp(prefix=f"{function.name[:20]}-", dir=temporary)),
        )


@contextmanager
def opened(code: bytes) -> Iterator[zipfile.ZipFile]:
    """Open a zip; raises `BadZipFile` for all that is wrong with it, here and where it is read."""
    try:
        with zipfile.ZipFile(io.BytesIO(code)) as archive:
            if sum(member.file_size for member in archive.infolist()) > MAX_UNZIPPED:
                raise zipfile.BadZipFile(f"Unzipped size must be smaller than {MAX_UNZIPPED} bytes")
            yield archive
    except _BROKEN as error:
        raise zipfile.BadZipFile(str(error)) from error
    except OSError as error:
        if error.errno not in _BAD_NAMES:
            raise
        raise zipfile.BadZipFile(f"{error.strerror}: the name of an entry") from error


def task_directory(work_dir: Path, code: bytes, digest: str) -> Path:
    """Return the directory with a function's code."""
    return _once(work_dir / "task" / _key(digest), lambda target: _unpack(code, target))


def layer_directory(work_dir: Path, code: bytes, digest: str) -> Path:
    """Return the directory with one layer's content."""
    return _once(work_dir / "layer" / _key(digest), lambda target: _unpack(code, target))


def opt_directory(work_dir: Path, layers: Sequence[Path]) -> Path | None:
    """Return `/opt` for these layers: merged in order, a later one wins, as on AWS."""
    if not layers:
        return None
    if len(layers) == 1:
        return layers[0]
    key = _key("\n".join(str(layer.resolve()) for layer in layers))

    def merge(target: Path) -> None:
        for layer in layers:
            shutil.copytree(layer, target, copy_function=_link, dirs_exist_ok=True)

    return _once(work_dir / "opt" / key, merge)


def _once(directory: Path, fill: Callable[[Path], None]) -> Path:
    """Fill a directory beside its place and rename it, so that it is either absent or complete."""
    if directory.exists():
        return directory
    directory.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=directory.parent) as temporary:
        target = Path(temporary) / "content"
        target.mkdir()
        try:
            fill(target)
        except shutil.Error as problem:  # has a line for each of what may be thousands of files
            raise OSError(problem.args[0][0][2]) from problem
        try:
            target.rename(directory)
        except OSError:
            if not directory.exists():
                raise
    return directory


def _unpack(code: bytes, target: Path) -> None:
    with opened(code) as archive:
        for member in archive.infolist():
            path = Path(archive.extract(member, target))
            mode = (member.external_attr >> 16) & 0o777
            if mode and path.is_file():
                # zipfile drops the executable bit, which wrapper scripts need.
                path.chmod(mode | 0o400)


def _link(source: str, target: str) -> None:
    Path(target).unlink(missing_ok=True)
    try:
        os.link(source, target)
    except OSError:  # another file system
        shutil.copy2(source, target)


def _key(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:24]
