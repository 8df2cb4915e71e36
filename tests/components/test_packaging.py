"""Zips for Lambda. Wheels come from a local folder, so nothing here needs a package index."""

from __future__ import annotations

import hashlib
import importlib.util
import marshal
import os
import sys
import zipfile
from pathlib import Path

import pytest

from components.packaging import (
    MAX_UNZIPPED,
    PackagingError,
    function_zip,
    locked_layer,
    package_layer,
    wheel_platforms,
)
from components.settings import Target

HERE = Target("python{}.{}".format(*sys.version_info), "arm64")
OTHER = Target("python3.14" if sys.version_info[:2] != (3, 14) else "python3.13", "arm64")


def make_wheel(folder: Path, tag: str = "py3-none-any", code: str = "ANSWER = 42\n") -> Path:
    """Write a wheel of the distribution `demo` with a module, a command and an entry point."""
    info = "demo-1.0.dist-info"
    entries = {
        "demo.py": code,
        f"{info}/METADATA": "Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n",
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: {tag}\n",
        f"{info}/entry_points.txt": "[console_scripts]\ndemo = demo:ANSWER\n[plugins]\ndemo = demo\n",
    }
    path = folder / f"demo-1.0-{tag}.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        for name, text in entries.items():
            wheel.writestr(name, text)
        wheel.writestr(f"{info}/RECORD", "".join(f"{name},,\n" for name in [*entries, f"{info}/RECORD"]))
    return path


def write_lock(folder: Path, *wheels: Path) -> Path:
    hashes = [f"--hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}" for wheel in wheels]
    lock = folder / "demo.lock"
    lock.write_text(" \\\n    ".join(["demo==1.0", *hashes]) + "\n")
    return lock


def read(archive: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(archive) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that pip takes wheels from, and nowhere else."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


@pytest.fixture
def lock(tmp_path: Path, wheels: Path) -> Path:
    return write_lock(tmp_path, make_wheel(wheels))


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A package of the project, with what must stay at home."""
    folder = tmp_path / "source" / "mine"
    for name in ("__init__.py", "part/__init__.py", "tests/test_it.py", "__pycache__/old.cpython-311.pyc"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"NAME = {name!r}\n")
    return folder


class TestLockedLayer:
    def test_two_builds_have_the_same_bytes(self, lock: Path, tmp_path: Path) -> None:
        """Neither the directory nor the moment of a build shows in the zip."""
        first = locked_layer(lock, HERE, tmp_path / "one")
        second = locked_layer(lock, HERE, tmp_path / "another" / "place")
        assert first.read_bytes() == second.read_bytes()
        assert first.name == second.name

    def test_packages_lie_where_lambda_looks(self, lock: Path, tmp_path: Path) -> None:
        """Modules are under `python/`, with the metadata that entry points need."""
        names = read(locked_layer(lock, HERE, tmp_path))
        assert {"python/demo.py", "python/demo-1.0.dist-info/entry_points.txt"} <= names.keys()

    def test_what_varies_between_machines_is_left_out(self, lock: Path, tmp_path: Path) -> None:
        """Scripts and pip's notes about the installation are not part of a layer."""
        names = read(locked_layer(lock, HERE, tmp_path))
        assert not [
            name for name in names if "/bin/" in name or name.endswith(("RECORD", "INSTALLER", "REQUESTED"))
        ]

    def test_a_kept_layer_needs_no_packages(
        self, lock: Path, wheels: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
    ) -> None:
        """The second run neither installs nor says anything."""
        first = locked_layer(lock, HERE, tmp_path)
        for wheel in wheels.iterdir():
            wheel.unlink()
        capfd.readouterr()
        assert locked_layer(lock, HERE, tmp_path) == first
        assert capfd.readouterr() == ("", "")

    def test_building_says_so(self, lock: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
        """A build takes seconds, so one line announces it, apart from the program's output."""
        locked_layer(lock, HERE, tmp_path)
        assert capfd.readouterr() == ("", f"building the demo layer for {HERE.runtime} on arm64\n")

    def test_another_lock_is_another_layer(self, lock: Path, tmp_path: Path) -> None:
        """The name of the zip changes with the lock."""
        before = locked_layer(lock, HERE, tmp_path)
        lock.write_text(f"# changed\n{lock.read_text()}")
        assert locked_layer(lock, HERE, tmp_path) != before

    def test_a_wheel_that_is_not_the_locked_one_is_refused(
        self, lock: Path, wheels: Path, tmp_path: Path
    ) -> None:
        """The error carries pip's words, and no zip is left behind."""
        make_wheel(wheels, code="ANSWER = 43\n")
        with pytest.raises(
            PackagingError, match=r"(?s)could not install .*demo.lock .*DO NOT MATCH THE HASHES"
        ):
            locked_layer(lock, HERE, tmp_path)
        assert not list(tmp_path.rglob("*.zip"))

    def test_a_missing_lock_is_named(self, tmp_path: Path) -> None:
        """No traceback about a file that is not there."""
        with pytest.raises(PackagingError, match=r"no lock file .*gone.lock"):
            locked_layer(tmp_path / "gone.lock", HERE, tmp_path)


class TestWheels:
    @pytest.mark.parametrize(("architecture", "machine"), [("arm64", "aarch64"), ("x86_64", "x86_64")])
    def test_the_wheel_is_the_one_for_lambdas_processor(
        self, wheels: Path, tmp_path: Path, architecture: str, machine: str
    ) -> None:
        """The machine that builds has no say in which wheel is taken."""
        made = [
            make_wheel(wheels, f"py3-none-manylinux2014_{machine}", f"MACHINE = {machine!r}\n")
            for machine in ("aarch64", "x86_64")
        ]
        layer = locked_layer(write_lock(tmp_path, *made), Target(HERE.runtime, architecture), tmp_path)
        assert read(layer)["python/demo.py"] == f"MACHINE = {machine!r}\n".encode()

    def test_a_runtime_on_al2023_loads_newer_wheels(self, wheels: Path, tmp_path: Path) -> None:
        """Python 3.12 and later run on glibc 2.34."""
        made = make_wheel(wheels, "py3-none-manylinux_2_28_aarch64")
        assert locked_layer(write_lock(tmp_path, made), Target("python3.13", "arm64"), tmp_path).exists()

    def test_a_runtime_on_al2_does_not(self, wheels: Path, tmp_path: Path) -> None:
        """Python 3.11 runs on glibc 2.26, where such a wheel would fail at import."""
        made = make_wheel(wheels, "py3-none-manylinux_2_28_aarch64")
        with pytest.raises(PackagingError, match=r"for python3.11 on arm64"):
            locked_layer(write_lock(tmp_path, made), Target("python3.11", "arm64"), tmp_path)

    def test_platforms_go_from_the_runtimes_own_to_the_oldest(self) -> None:
        """First the newest: pip takes the first that a package offers."""
        platforms = wheel_platforms(Target("python3.11", "x86_64"))
        assert (platforms[0], platforms[-1]) == ("manylinux_2_26_x86_64", "manylinux2014_x86_64")


class TestBytecode:
    def test_it_is_compiled_in_advance(self, package: Path, tmp_path: Path) -> None:
        """Bytecode is never checked against its source, and speaks of the place where Lambda puts it."""
        cached = Path(importlib.util.cache_from_source("python/mine/__init__.py")).as_posix()
        bytecode = read(package_layer(package, HERE, tmp_path))[cached]
        assert bytecode[:8] == importlib.util.MAGIC_NUMBER + (1).to_bytes(4, "little")
        assert marshal.loads(bytecode[16:]).co_filename == "/opt/python/mine/__init__.py"  # noqa: S302 - our own

    def test_without_that_python_there_is_none(
        self, package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Another version's bytecode would only be ballast."""
        monkeypatch.setenv("PATH", "")
        assert not [name for name in read(package_layer(package, OTHER, tmp_path)) if name.endswith(".pyc")]

    def test_a_shim_is_not_taken_for_that_python(
        self, package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A command that has the name but not the version does not count."""
        shim = tmp_path / "bin" / OTHER.runtime
        shim.parent.mkdir()
        shim.write_text("#!/bin/sh\necho 3.6\n")
        shim.chmod(0o755)
        monkeypatch.setenv("PATH", str(shim.parent), prepend=os.pathsep)
        assert not [name for name in read(package_layer(package, OTHER, tmp_path)) if name.endswith(".pyc")]


class TestPackageLayer:
    def test_tests_and_caches_stay_at_home(self, package: Path, tmp_path: Path) -> None:
        """A layer has the package's own modules only."""
        names = [name for name in read(package_layer(package, HERE, tmp_path)) if name.endswith(".py")]
        assert names == ["python/mine/__init__.py", "python/mine/part/__init__.py"]

    def test_running_the_package_does_not_change_the_layer(self, package: Path, tmp_path: Path) -> None:
        """Caches that appear beside the source are not looked at."""
        before = package_layer(package, HERE, tmp_path)
        (package / "__pycache__" / "new.cpython-311.pyc").write_bytes(b"new")
        assert package_layer(package, HERE, tmp_path) == before

    def test_a_change_makes_a_new_layer(self, package: Path, tmp_path: Path) -> None:
        """The name of the zip changes with the source."""
        before = package_layer(package, HERE, tmp_path)
        (package / "__init__.py").write_text("NAME = 'changed'\n")
        assert package_layer(package, HERE, tmp_path) != before

    def test_a_missing_package_is_named(self, tmp_path: Path) -> None:
        """An empty layer would only fail at the first invocation."""
        with pytest.raises(PackagingError, match=r"no Python package .*gone"):
            package_layer(tmp_path / "gone", HERE, tmp_path)


class TestFunctionZip:
    def test_it_has_the_module_only(self, package: Path, tmp_path: Path) -> None:
        """Neighbours of a handler are not part of it."""
        assert list(read(function_zip(package / "__init__.py", tmp_path))) == ["__init__.py"]

    def test_a_touched_file_gives_the_same_bytes(self, package: Path, tmp_path: Path) -> None:
        """Only content counts, so a second deployment changes nothing."""
        module = package / "__init__.py"
        before = function_zip(module, tmp_path).read_bytes()
        os.utime(module, (0, 0))
        module.chmod(0o600)
        assert function_zip(module, tmp_path).read_bytes() == before

    def test_a_missing_module_is_named(self, tmp_path: Path) -> None:
        """The error says which file the function should have had."""
        with pytest.raises(PackagingError, match=r"no handler module .*gone.py"):
            function_zip(tmp_path / "gone.py", tmp_path)

    def test_a_zip_that_lambda_would_refuse_is_refused(self, tmp_path: Path) -> None:
        """The error has the size and Lambda's limit."""
        module = tmp_path / "huge.py"
        with module.open("wb") as file:
            file.truncate(MAX_UNZIPPED + 1)
        with pytest.raises(
            PackagingError, match="huge has 262,144,001 bytes unzipped; Lambda allows 262,144,000"
        ):
            function_zip(module, tmp_path)
