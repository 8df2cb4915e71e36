"""From a function's configuration to an execution environment that can be started."""

from __future__ import annotations

import logging
import tempfile
from dataclasses import dataclass
from pathlib import Path

from embedded_aws.aws.interfaces import LogStream
from embedded_aws.awslambda.catalog import Function, Layer
from embedded_aws.awslambda.runtime.environ import HOST_RUNTIME, Directories, WorkerSettings, worker_environ
from embedded_aws.awslambda.runtime.environment import Environment, Launch
from embedded_aws.awslambda.runtime.logs import StreamLog, stream_name
from embedded_aws.awslambda.runtime.provision import Runtime
from embedded_aws.awslambda.runtime.unpack import layer_directory, opt_directory, task_directory
from embedded_aws.awslambda.services import Services

_log = logging.getLogger(__name__)

WRAPPER = "AWS_LAMBDA_EXEC_WRAPPER"


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
        return Environment(lambda: self._launch(function, name), clock, log)

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
        environ = worker_environ(self._settings(function, log_stream), directories)
        wrapper = [environ[WRAPPER]] if WRAPPER in environ else []
        command = [*wrapper, str(self.runtime.python), str(self.runtime.bootstrap)]
        return Launch(command, environ, directories.task, directories.tmp)

    def _settings(self, function: Function, log_stream: str) -> WorkerSettings:
        return WorkerSettings(
            name=function.name,
            version=function.version,
            memory=function.memory,
            handler=function.handler,
            logging=function.logging,
            log_stream=log_stream,
            region=self.region,
            endpoint_url=self.endpoint_url,
            daemon_address=self.daemon_address,
            variables=function.variables,
        )

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
