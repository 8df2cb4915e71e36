"""Zips for Lambda. Wheels come from a local folder, so nothing here needs a package index."""

from __future__ import annotations

import hashlib
import importlib.util
import marshal
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

import packaging
import pytest

from components.bytecode import can_compile, interpreter
from components.packaging import function_zip, locked_layer, package_layer
from components.settings import Target
from components.wheels import wheel_platforms
from components.zips import MAX_UNZIPPED, PackagingError

ROOT = Path(__file__).parents[2]
HERE = Target("python{}.{}".format(*sys.version_info), "arm64")
OTHER = Target("python3.14" if sys.version_info[:2] != (3, 14) else "python3.13", "arm64")


def make_wheel(
    folder: Path, tag: str = "py3-none-any", code: str = "ANSWER = 42\n", needs: Sequence[str] = ()
) -> Path:
    """Write a wheel of the distribution `demo` with a module, a command and an entry point."""
    info = "demo-1.0.dist-info"
    requires = "".join(f"Requires-Dist: {need}\n" for need in needs)
    entries = {
        "demo.py": code,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n{requires}",
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
        target = Target("python3.13", "arm64")
        assert locked_layer(write_lock(tmp_path, made), target, tmp_path, bytecode=False).exists()

    def test_a_runtime_on_al2_does_not(self, wheels: Path, tmp_path: Path) -> None:
        """Python 3.11 runs on glibc 2.26, where such a wheel would fail at import."""
        made = make_wheel(wheels, "py3-none-manylinux_2_28_aarch64")
        with pytest.raises(PackagingError, match=r"no wheel of demo==1.0 .*for python3.11 on arm64 .*2\.26"):
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

    @pytest.fixture(autouse=True)
    def nowhere(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """No other Python is on this machine."""
        monkeypatch.setenv("PATH", "")
        monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))

    def install(self, path: Path, says: str) -> Path:
        """Write a command that has a Python's name."""
        path.parent.mkdir(parents=True)
        path.write_text(f"#!/bin/sh\necho {says}\n")
        path.chmod(0o755)
        return path

    def test_source_alone_is_another_layer(self, package: Path, tmp_path: Path) -> None:
        """Whoever decides between the two decides it for the layer's name too."""
        bare, compiled = (package_layer(package, HERE, tmp_path, bytecode=each) for each in (False, True))
        assert bare != compiled
        assert not [name for name in read(bare) if name.endswith(".pyc")]

    def test_without_that_python_it_cannot_be_made(self, package: Path, tmp_path: Path) -> None:
        """Another version's bytecode would only be ballast; the error says how to have that Python."""
        version = OTHER.version
        assert not can_compile(version)
        with pytest.raises(
            PackagingError, match=f"no Python {version} to compile .* uv python install {version}"
        ):
            package_layer(package, OTHER, tmp_path)
        assert not list(tmp_path.rglob("*.zip"))

    def test_a_shim_is_not_taken_for_that_python(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A command that has the name but not the version does not count."""
        shim = self.install(tmp_path / "bin" / OTHER.runtime, "3.6")
        monkeypatch.setenv("PATH", str(shim.parent))
        assert not can_compile(OTHER.version)

    def test_that_of_pyenv_is_found(self, tmp_path: Path) -> None:
        """Though pyenv puts only those on the PATH that were chosen."""
        self.install(tmp_path / f"pyenv/versions/{OTHER.version}.2/bin/{OTHER.runtime}", OTHER.version)
        assert can_compile(OTHER.version)


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
        assert list(read(function_zip(package / "__init__.py", HERE, tmp_path))) == ["__init__.py"]

    def test_a_touched_file_gives_the_same_zip(self, package: Path, tmp_path: Path) -> None:
        """Only content counts, so a second deployment changes nothing."""
        module = package / "__init__.py"
        before = function_zip(module, HERE, tmp_path / "one")
        os.utime(module, (0, 0))
        module.chmod(0o600)
        after = function_zip(module, HERE, tmp_path / "two")
        assert (after.name, after.read_bytes()) == (before.name, before.read_bytes())

    def test_two_modules_of_one_name_are_two_zips(self, tmp_path: Path) -> None:
        """Pulumi reads the zips at the end, when the second has long been written."""
        modules = [tmp_path / folder / "app.py" for folder in ("orders", "prices")]
        for module in modules:
            module.parent.mkdir()
            module.write_text(f"NAME = {module.parent.name!r}\n")
        zips = [function_zip(module, HERE, tmp_path) for module in modules]
        assert [read(each)["app.py"] for each in zips] == [b"NAME = 'orders'\n", b"NAME = 'prices'\n"]

    def test_a_missing_module_is_named(self, tmp_path: Path) -> None:
        """The error says which file the function should have had."""
        with pytest.raises(PackagingError, match=r"no handler module or directory .*gone.py"):
            function_zip(tmp_path / "gone.py", HERE, tmp_path)

    def test_a_zip_that_lambda_would_refuse_is_refused(self, tmp_path: Path) -> None:
        """The error has the size and Lambda's limit."""
        module = tmp_path / "huge.py"
        with module.open("wb") as file:
            file.truncate(MAX_UNZIPPED + 1)
        with pytest.raises(
            PackagingError, match="huge has 262,144,001 bytes unzipped; Lambda allows 262,144,000"
        ):
            function_zip(module, HERE, tmp_path)


class TestFunctionDirectory:
    @pytest.fixture
    def code(self, tmp_path: Path) -> Path:
        """The code of one function: a handler, a helper package, and what must stay at home."""
        code = tmp_path / "orders"
        for name in ("app.py", "helpers/prices.py", "tests/test_app.py", ".venv/x.py", "__pycache__/app.pyc"):
            path = code / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"NAME = {name!r}\n")
        return code

    def test_it_has_the_directorys_own_files(self, code: Path, tmp_path: Path) -> None:
        """Tests, caches and hidden files stay at home."""
        assert list(read(function_zip(code, HERE, tmp_path))) == ["app.py", "helpers/prices.py"]

    def test_what_may_be_executed_still_may(self, code: Path, tmp_path: Path) -> None:
        """A program beside the handler can be started; nothing else of a file's mode is kept."""
        (code / "tool").write_text("#!/bin/sh\n")
        (code / "tool").chmod(0o700)
        with zipfile.ZipFile(function_zip(code, HERE, tmp_path)) as archive:
            modes = {each.filename: each.external_attr >> 16 for each in archive.infolist()}
        assert modes == {"app.py": 0o100644, "helpers/prices.py": 0o100644, "tool": 0o100755}

    def test_its_requirements_lie_beside_its_modules(self, code: Path, wheels: Path, tmp_path: Path) -> None:
        """Packages are imported like modules, with the metadata that entry points need."""
        make_wheel(wheels)
        (code / "requirements.txt").write_text("demo==1.0  # for prices\n")
        names = read(function_zip(code, HERE, tmp_path)).keys()
        assert names >= {"app.py", "helpers/prices.py", "demo.py", "demo-1.0.dist-info/METADATA"}

    def test_two_builds_have_the_same_bytes(self, code: Path, wheels: Path, tmp_path: Path) -> None:
        """With packages too."""
        make_wheel(wheels)
        (code / "requirements.txt").write_text("demo==1.0\n")
        one, two = (function_zip(code, HERE, tmp_path / build) for build in ("one", "two"))
        assert (one.name, one.read_bytes()) == (two.name, two.read_bytes())

    def test_packages_are_installed_once(
        self, code: Path, wheels: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
    ) -> None:
        """Another handler with the same requirements needs no index, and nothing is announced again."""
        wheel = make_wheel(wheels)
        (code / "requirements.txt").write_text("demo==1.0\n")
        function_zip(code, HERE, tmp_path)
        assert capfd.readouterr().err == (
            f"installing {code / 'requirements.txt'} for {HERE.runtime} on arm64\n"
        )
        wheel.unlink()
        (code / "app.py").write_text("CHANGED = True\n")
        assert read(function_zip(code, HERE, tmp_path))["app.py"] == b"CHANGED = True\n"
        assert capfd.readouterr().err == ""

    def test_a_package_without_a_wheel_for_the_target_is_named(
        self, code: Path, wheels: Path, tmp_path: Path
    ) -> None:
        """The error says which package, for what, and which file to change."""
        make_wheel(wheels, "py3-none-manylinux2014_x86_64")
        (code / "requirements.txt").write_text("demo==1.0\n")
        with pytest.raises(
            PackagingError,
            match=r"no wheel of demo==1.0 for python3\.\d+ on arm64 .* in .*orders/requirements.txt",
        ):
            function_zip(code, HERE, tmp_path)

    @pytest.mark.parametrize("line", ["demo", "demo>=1.0", "demo==1.*", "demo==1.0,!=1.1"])
    def test_a_package_that_is_not_pinned_is_refused(self, code: Path, tmp_path: Path, line: str) -> None:
        """Two machines would build two zips."""
        (code / "requirements.txt").write_text(f"{line}\n")
        with pytest.raises(PackagingError, match=rf"requirements.txt has '{re.escape(line)}'; pin it to one"):
            function_zip(code, HERE, tmp_path)

    @pytest.mark.parametrize("line", ["-r other.txt", "-e .", "./demo", "demo=1.0"])
    def test_what_is_no_package_of_an_index_is_refused(self, code: Path, tmp_path: Path, line: str) -> None:
        """What other files hold would not make the zip be built again when it changes."""
        (code / "requirements.txt").write_text(f"{line}\n")
        with pytest.raises(PackagingError, match=rf"has '{re.escape(line)}'; each line must be one package"):
            function_zip(code, HERE, tmp_path)

    def test_what_a_package_needs_must_be_named(self, code: Path, wheels: Path, tmp_path: Path) -> None:
        """Left to pip, it would be whatever is the newest. What Lambda and the layers have is there."""
        make_wheel(wheels, needs=("other>=2", "boto3", "opentelemetry-api", "extra; extra == 'more'"))
        (code / "requirements.txt").write_text("demo==1.0\n")
        with pytest.raises(PackagingError, match=r"requirements.txt lacks other>=2 \(for demo 1\.0\): add"):
            function_zip(code, HERE, tmp_path)

    def test_markers_ask_the_target(self, code: Path, wheels: Path, tmp_path: Path) -> None:
        """The machine that builds has no say in what is needed."""
        make_wheel(wheels, needs=("other; python_version < '3.12'", "mac; sys_platform == 'darwin'"))
        lines = "demo==1.0\nnever==1.0; platform_machine == 'x86_64'\n"
        (code / "requirements.txt").write_text(lines)
        assert "demo.py" in read(function_zip(code, Target("python3.13", "arm64"), tmp_path))
        with pytest.raises(PackagingError, match="lacks other "):
            function_zip(code, Target("python3.11", "arm64"), tmp_path)

    def test_hashes_are_checked(self, code: Path, wheels: Path, tmp_path: Path) -> None:
        """A file that a resolver wrote, with its continued lines, is taken as it is."""
        wheel = make_wheel(wheels)
        write_lock(code, wheel).rename(code / "requirements.txt")
        assert "demo.py" in read(function_zip(code, HERE, tmp_path / "one"))
        make_wheel(wheels, code="ANSWER = 43\n")
        with pytest.raises(PackagingError, match="DO NOT MATCH THE HASHES"):
            function_zip(code, HERE, tmp_path / "two")


class TestOtherInterpreters:
    @pytest.fixture
    def code(self, tmp_path: Path, wheels: Path) -> Path:
        """A function's directory with a package of its own."""
        make_wheel(wheels)
        code = tmp_path / "orders"
        code.mkdir()
        (code / "app.py").write_text("import demo\n")
        (code / "requirements.txt").write_text("demo==1.0\n")
        return code

    @pytest.mark.parametrize("version", ["3.11", "3.12", "3.13", "3.14"])
    def test_the_bytes_are_the_same_whoever_packs(
        self, code: Path, lock: Path, package: Path, tmp_path: Path, version: str
    ) -> None:
        """Each Python at hand packs for this one what this one packs, bytecode included."""
        other = interpreter(version)
        if other is None or version == HERE.version:
            pytest.skip(f"there is no other Python {version} on this machine")
        libraries = tmp_path / "libraries"
        libraries.mkdir()
        (libraries / "packaging").symlink_to(Path(packaging.__file__).parent)
        inputs = [str(lock), str(package), str(code), HERE.version]
        script = Path(__file__).with_name("elsewhere.py")
        path = os.pathsep.join([str(Path(sys.executable).resolve().parent), os.environ["PATH"]])
        there, here = (
            subprocess.run(
                [python, script, ROOT / "components", tmp_path / name, *inputs],
                env={**os.environ, "PYTHONPATH": str(libraries), "PATH": path},
                capture_output=True,
                text=True,
                check=True,
            ).stdout.splitlines()
            for name, python in (("there", other), ("here", sys.executable))
        )
        assert there == here
        assert len(here) == 3
