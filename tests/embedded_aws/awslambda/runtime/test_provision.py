from __future__ import annotations

from pathlib import Path

import pytest

from embedded_aws.awslambda.runtime.provision import (
    BUILD_DIR,
    LOCKS,
    ProvisionError,
    find_adot,
    find_runtime,
    provision,
)


def test_what_is_built_is_found_again_at_once() -> None:
    """A second run builds nothing and says so."""
    lines: list[str] = []
    runtime, adot = provision(lines.append)
    assert lines == ["the Lambda runtime: ready", "the ADOT layer: ready"]
    assert (runtime, adot) == (find_runtime(), find_adot())


def test_the_runtime_has_an_interpreter_and_the_client() -> None:
    """The runtime directory holds interpreter, runtime client, boto3 and the bootstrap, compiled."""
    runtime = find_runtime()
    assert runtime.python.exists()
    assert runtime.bootstrap.exists()
    assert (runtime.packages / "awslambdaric").is_dir()
    assert list((runtime.packages / "boto3" / "__pycache__").glob("session.*.pyc"))


def test_the_adot_layer_looks_like_the_managed_one() -> None:
    """The layer has its wrapper script, executable, and scripts that run under the worker's interpreter."""
    adot = find_adot()
    assert adot is not None
    assert (adot / "otel-instrument").stat().st_mode & 0o111
    script = (adot / "python" / "bin" / "opentelemetry-instrument").read_text()
    assert script.startswith("#!/usr/bin/env python3\n")


def test_a_runtime_that_was_not_built_is_an_error(tmp_path: Path) -> None:
    """Without set-up the error says how to build it."""
    with pytest.raises(ProvisionError, match=r"run `python -m embedded_aws.awslambda.runtime.provision`"):
        find_runtime(tmp_path)
    assert find_adot(tmp_path) is None


def test_another_lock_is_another_directory(tmp_path: Path) -> None:
    """A changed lock is not served by what another one built."""
    for name in ("runtime.lock", "adot.lock"):
        (tmp_path / name).write_bytes((LOCKS / name).read_bytes() + b"\n")
    with pytest.raises(ProvisionError):
        find_runtime(BUILD_DIR, tmp_path)
    assert find_adot(BUILD_DIR, tmp_path) is None


def test_a_failed_installation_leaves_nothing_behind(tmp_path: Path) -> None:
    """A package that cannot be installed is an error naming the lock, and no directory is left."""
    for name in ("runtime.lock", "adot.lock"):
        (tmp_path / name).write_text("./no-such-package.whl --hash=sha256:" + "0" * 64 + "\n")
    with pytest.raises(ProvisionError, match=r"pip could not install runtime\.lock"):
        provision(lambda _: None, tmp_path / "build", tmp_path)
    assert list((tmp_path / "build" / "runtime").iterdir()) == []
