from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from embedded_aws.awslambda.catalog import Function
from embedded_aws.awslambda.logging_config import LoggingConfig
from embedded_aws.awslambda.runtime.environ import HOST_RUNTIME, Directories, WorkerSettings, worker_environ

FUNCTION = Function(
    name="f",
    arn="arn",
    invoked_arn="arn",
    version="3",
    handler="app.handler",
    runtime="python3.13",
    code=b"",
    code_digest="",
    memory=512,
    logging=LoggingConfig("/aws/lambda/f"),
)
SETTINGS = WorkerSettings(FUNCTION, "stream", "eu-west-1", "http://127.0.0.1:4566", "127.0.0.1:2000")


@pytest.fixture
def directories(tmp_path: Path) -> Directories:
    opt = tmp_path / "opt"
    opt.mkdir()
    (opt / "wrapper").touch()
    return Directories(Path("/l"), Path("/r"), Path("/t"), opt, Path("/x"))


def with_variables(**variables: str) -> WorkerSettings:
    return dataclasses.replace(SETTINGS, function=dataclasses.replace(FUNCTION, variables=variables))


def test_lambdas_variables_win(directories: Directories) -> None:
    """A function cannot override what Lambda sets."""
    environ = worker_environ(with_variables(AWS_REGION="moon", _HANDLER="x"), directories)
    assert (environ["AWS_REGION"], environ["_HANDLER"]) == ("eu-west-1", "app.handler")


def test_the_daemons_address_is_given_in_all_its_forms(directories: Directories) -> None:
    """Whole, host and port are preset, as the SDKs read them."""
    environ = worker_environ(SETTINGS, directories)
    assert environ["AWS_XRAY_DAEMON_ADDRESS"] == "127.0.0.1:2000"
    assert (environ["_AWS_XRAY_DAEMON_ADDRESS"], environ["_AWS_XRAY_DAEMON_PORT"]) == ("127.0.0.1", "2000")
    assert environ["AWS_XRAY_CONTEXT_MISSING"] == "LOG_ERROR"


def test_paths_that_exist_in_a_layer_are_mapped(directories: Directories) -> None:
    """`/opt/…` names the environment's own directory when the file is there, and stays otherwise."""
    environ = worker_environ(with_variables(A="/opt/wrapper", B="/opt/none", C="/etc/opt"), directories)
    assert environ["A"] == f"{directories.opt}/wrapper"
    assert (environ["B"], environ["C"]) == ("/opt/none", "/etc/opt")


def test_modules_are_looked_up_in_lambdas_order(directories: Directories) -> None:
    """The function's code first, then its own path, the layers, and the runtime last."""
    path = worker_environ(with_variables(PYTHONPATH="/mine"), directories)["PYTHONPATH"].split(":")
    assert path == [
        "/t",
        "/mine",
        f"{directories.opt}/python/lib/{HOST_RUNTIME}/site-packages",
        f"{directories.opt}/python",
        "/r",
    ]
