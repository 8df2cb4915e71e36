"""From a function's configuration to an execution environment that can be started."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from local.ids import Clock, Ids
from local.lambda_.catalog import Function, Layer
from local.lambda_.environ import HOST_RUNTIME, Places, WorkerSettings, worker_environ
from local.lambda_.environment import Environment, Launch
from local.lambda_.provision import Runtime
from local.lambda_.unpack import layer_directory, opt_directory, task_directory

_log = logging.getLogger(__name__)

WRAPPER = "AWS_LAMBDA_EXEC_WRAPPER"


@dataclass(frozen=True)
class Workshop:
    """Where workers are made: the interpreter, the work directory, and the AWS that they are to see."""

    runtime: Runtime
    work_dir: Path
    region: str
    endpoint_url: str
    daemon_address: str
    clock: Clock
    ids: Ids

    def environment(self, function: Function, output: Callable[[bytes], None]) -> Environment:
        """Return an execution environment for a function, not yet started."""
        return Environment(lambda: self._launch(function), self.clock, output)

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

    def _launch(self, function: Function) -> Launch:
        places = self._places(function)
        environ = worker_environ(self._settings(function), places)
        wrapper = [environ[WRAPPER]] if WRAPPER in environ else []
        command = [*wrapper, str(self.runtime.python), str(self.runtime.bootstrap)]
        return Launch(command, environ, places.task, places.tmp)

    def _settings(self, function: Function) -> WorkerSettings:
        return WorkerSettings(
            name=function.name,
            version=function.version,
            memory=function.memory,
            handler=function.handler,
            log_group=function.log_group,
            log_stream=f"[{function.version}]{self.ids.request_id().replace('-', '')}",
            region=self.region,
            endpoint_url=self.endpoint_url,
            daemon_address=self.daemon_address,
            variables=function.variables,
        )

    def _places(self, function: Function) -> Places:
        temporary = self.work_dir / "tmp"
        temporary.mkdir(parents=True, exist_ok=True)
        return Places(
            lang=self.runtime.lang,
            runtime=self.runtime.packages,
            task=task_directory(self.work_dir, function.code, function.code_digest),
            opt=opt_directory(self.work_dir, [self.layer(layer) for layer in function.layers]),
            tmp=Path(tempfile.mkdtemp(prefix=f"{function.name[:20]}-", dir=temporary)),
        )
