"""The environment variables of a worker, built from nothing: the host's own never leak in.

https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from embedded_aws.awslambda.catalog import Function
from embedded_aws.host.user_account import NO_ACCOUNT

HOST_RUNTIME = f"python{sys.version_info[0]}.{sys.version_info[1]}"
"""Lambda's name of the Python that runs the workers."""

RESERVED = frozenset(
    {
        "_HANDLER", "_X_AMZN_TRACE_ID", "AWS_DEFAULT_REGION", "AWS_REGION", "AWS_EXECUTION_ENV",
        "AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_INITIALIZATION_TYPE", "AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME",
        "AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
        "AWS_LAMBDA_RUNTIME_API", "LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR",
    }
)  # fmt: skip
"""Variables that a function's configuration must not set."""


@dataclass(frozen=True)
class Directories:
    """The directories of one execution environment; `opt` is `None` without layers.

    On AWS these are `/var/lang`, `/var/runtime`, `/var/task`, `/opt` and `/tmp`.
    """

    lang: Path
    runtime: Path
    task: Path
    opt: Path | None
    tmp: Path


@dataclass(frozen=True)
class WorkerSettings:
    """What the variables say of the function and of where AWS is."""

    function: Function
    log_stream: str
    region: str
    endpoint_url: str
    daemon_address: str


def worker_environ(settings: WorkerSettings, directories: Directories) -> dict[str, str]:
    """Return a worker's variables but `AWS_LAMBDA_RUNTIME_API`: Lambda's own win over the function's."""
    function = settings.function
    variables = {key: _in_opt(value, directories.opt) for key, value in function.variables.items()}
    user_path = variables.pop("PYTHONPATH", "")
    python_path = [
        str(directories.task),
        *_split(user_path),
        *_opt_paths(directories),
        str(directories.runtime),
    ]
    host, _, port = settings.daemon_address.rpartition(":")
    return {
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "PATH": _path(directories),
        "AWS_ENDPOINT_URL": settings.endpoint_url,
        # Some operations have a host of their own, such as `sync-states.…`; `sync-127.0.0.1` is none.
        "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",
        **NO_ACCOUNT,
        "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
        "AWS_XRAY_DAEMON_ADDRESS": settings.daemon_address,
        "_AWS_XRAY_DAEMON_ADDRESS": host,
        "_AWS_XRAY_DAEMON_PORT": port,
        **variables,
        # Lambda keeps /tmp for the environment; a machine's own is shared, so each gets a directory.
        "TMPDIR": str(directories.tmp),
        "LD_LIBRARY_PATH": os.pathsep.join(_library_paths(directories)),
        "PYTHONPATH": os.pathsep.join(python_path),
        "_HANDLER": function.handler,
        "LAMBDA_TASK_ROOT": str(directories.task),
        "LAMBDA_RUNTIME_DIR": str(directories.runtime),
        "AWS_REGION": settings.region,
        "AWS_DEFAULT_REGION": settings.region,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_SESSION_TOKEN": "test",
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{HOST_RUNTIME}",
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_VERSION": function.version,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory),
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": function.logging.group,
        "AWS_LAMBDA_LOG_STREAM_NAME": settings.log_stream,
        **function.logging.environ(),
    }  # fmt: skip


def _in_opt(value: str, opt: Path | None) -> str:
    """Map `/opt/…` to the environment's own directory, when that file exists there."""
    if opt and value.startswith("/opt/") and (opt / value.removeprefix("/opt/")).exists():
        return str(opt / value.removeprefix("/opt/"))
    return value


def _path(directories: Directories) -> str:
    opt = [str(directories.opt / "bin")] if directories.opt else []
    return os.pathsep.join([str(directories.lang / "bin"), "/usr/local/bin", "/usr/bin", "/bin", *opt])


def _opt_paths(directories: Directories) -> list[str]:
    if directories.opt is None:
        return []
    return [
        str(directories.opt / "python/lib" / HOST_RUNTIME / "site-packages"),
        str(directories.opt / "python"),
    ]


def _library_paths(directories: Directories) -> list[str]:
    opt = [str(directories.opt / "lib")] if directories.opt else []
    return [str(directories.task), str(directories.task / "lib"), *opt]


def _split(path: str) -> list[str]:
    return [part for part in path.split(os.pathsep) if part]
