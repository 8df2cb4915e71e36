"""What workers need is built once and found again; what is built here takes wheels from a local folder."""

from __future__ import annotations

import hashlib
import os
import sys
import threading
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from embedded_aws.awslambda.runtime import building
from embedded_aws.awslambda.runtime.provision import (
    LOCKS,
    Places,
    ProvisionError,
    cache_directory,
    find_adot,
    find_runtime,
    provision,
)


def made_lock(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Write a lock of one package, and the folder that pip takes it from."""
    info = "demo-1.0.dist-info"
    entries = {
        "demo.py": "ANSWER = 42\n",
        f"{info}/METADATA": "Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/RECORD": "",
    }
    wheel = folder / "demo-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, text in entries.items():
            archive.writestr(name, text)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    lock = folder / "runtime.lock"
    lock.write_text(f"demo==1.0 --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}\n")
    return lock


def test_what_is_built_is_found_again_at_once() -> None:
    """A second run builds nothing and says nothing."""
    lines: list[str] = []
    runtime, adot = provision(lines.append)
    assert lines == []
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


def test_the_adot_layer_is_built_for_one_processor() -> None:
    """Its compiled parts are of x86_64 and Python 3.13, wherever it is built; urllib3 is left out."""
    adot = find_adot()
    assert adot is not None
    compiled = {path.name.split(".", 1)[1] for path in (adot / "python").rglob("*.so")}
    assert compiled <= {"cpython-313-x86_64-linux-gnu.so", "abi3.so"}
    assert compiled
    assert not list((adot / "python").glob("urllib3*"))
    assert not (adot / "python" / "grpc").exists()


def test_a_runtime_that_was_not_built_is_an_error(tmp_path: Path) -> None:
    """Without set-up the error says how to build it."""
    with pytest.raises(ProvisionError, match=r"run `python -m embedded_aws.awslambda.runtime.provision`"):
        find_runtime(Places(tmp_path))
    assert find_adot(Places(tmp_path)) is None


def test_another_lock_is_another_directory(tmp_path: Path) -> None:
    """A changed lock is not served by what another one built."""
    for name in ("runtime.lock", "adot.lock"):
        (tmp_path / name).write_bytes((LOCKS / name).read_bytes() + b"\n")
    changed = Places(cache_directory(), tmp_path)
    with pytest.raises(ProvisionError):
        find_runtime(changed)
    assert find_adot(changed) is None


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"XDG_CACHE_HOME": "/var/cache/mine"}, Path("/var/cache/mine/traced-api")),
        ({"XDG_CACHE_HOME": "cache"}, Path.home() / ".cache" / "traced-api"),
        ({}, Path.home() / ".cache" / "traced-api"),
    ],
)
def test_built_things_go_to_the_user_s_cache(given: dict[str, str], expected: Path) -> None:
    """The place is the one of all programs, which ignore a relative one."""
    assert cache_directory(given) == expected


def test_a_failed_installation_leaves_nothing_behind(tmp_path: Path) -> None:
    """A package that cannot be installed is an error naming the lock, and no directory is left."""
    for name in ("runtime.lock", "adot.lock"):
        (tmp_path / name).write_text("./no-such-package.whl --hash=sha256:" + "0" * 64 + "\n")
    with pytest.raises(ProvisionError, match=r"pip could not install runtime\.lock"):
        provision(lambda _: None, Places(tmp_path / "cache", tmp_path))
    assert [path for path in (tmp_path / "cache" / "runtime").iterdir() if path.is_dir()] == []


def test_the_cache_is_the_user_s_alone(tmp_path: Path) -> None:
    """What workers run is written by nobody else, whatever the user's mask says."""
    for name in ("runtime.lock", "adot.lock"):
        (tmp_path / name).write_text("no such thing\n")
    before = os.umask(0o002)
    try:
        with pytest.raises(ProvisionError):
            provision(lambda _: None, Places(tmp_path / "cache", tmp_path))
    finally:
        os.umask(before)
    assert (tmp_path / "cache").stat().st_mode & 0o777 == 0o700


def test_a_cache_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """The error says where, and how to choose another place."""
    (tmp_path / "cache").touch()
    with pytest.raises(ProvisionError, match=rf"{tmp_path}/cache: .*; XDG_CACHE_HOME names another place"):
        provision(lambda _: None, Places(tmp_path / "cache"))


def test_two_that_need_it_build_it_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second waits, says so, and finds what the first one built."""
    lock = made_lock(tmp_path, monkeypatch)
    building_, waiting = threading.Event(), threading.Event()
    lines: list[str] = []

    def first(line: str) -> None:
        lines.append(line)
        building_.set()
        assert waiting.wait(60)

    def second(line: str) -> None:
        lines.append(line)
        waiting.set()

    directory = tmp_path / "cache" / "runtime" / "key"
    with ThreadPoolExecutor(2) as pool:
        one = pool.submit(building.build_runtime, directory, lock, first)
        assert building_.wait(60)
        other = pool.submit(building.build_runtime, directory, lock, second)
        one.result()
        other.result()
    assert [line.split(": ")[1].split()[0] for line in lines] == ["installing", "another", "built"]
    assert (directory / "runtime" / "demo.py").is_file()


def test_what_a_killed_run_left_is_built_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a directory is neither found nor kept."""
    lock = made_lock(tmp_path, monkeypatch)
    directory = tmp_path / "cache" / "runtime" / "key"
    left = directory.with_name("key.unfinished") / "runtime"
    left.mkdir(parents=True)
    (left / "half.py").write_text("never finished")
    building.build_runtime(directory, lock, lambda _: None)
    cached = f"demo.{sys.implementation.cache_tag}.pyc"
    assert (directory / "runtime" / "__pycache__" / cached).is_file()
    assert not (directory / "runtime" / "half.py").exists()
    assert not left.exists()
