from __future__ import annotations

import platform
import sys
from typing import TYPE_CHECKING

import pytest

from embedded_aws.engine.program import describe, environment, host_settings, main_of
from embedded_aws.engine.project import load_project
from tests.embedded_aws.engine import harness
from tests.embedded_aws.engine.harness import write_project

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(("program", "message"), [
    ("import pulumi\n\nraise ValueError('wrong')", "the program raised ValueError: wrong (__main__.py:3)"),
    ("import beside", "the program raised ZeroDivisionError: division by zero (beside.py:2)"),
    ("x = = 1", "the program raised SyntaxError: invalid syntax (__main__.py:1)"),
    ("import absent_package",
     ("the program raised ModuleNotFoundError: No module named 'absent_package' (__main__.py:1); "
      f"install it beside this tool: `{sys.executable} -m pip install absent_package`, "
      "or name its virtualenv in Pulumi.yaml")),
    ("import sys\nsys.exit(3)", "the program exited with 3"),
    ("import pulumi\nraise pulumi.RunError('said plainly')", "said plainly (__main__.py:2)"),
    ("import pulumi\npulumi.Config().require('wish')",
     "missing configuration value 'shop:wish'; give it with --config wish=VALUE (__main__.py:2)"),
    (("import pulumi\nimport pulumi_aws as aws\n"
      "aws.sqs.Queue('q', tags={'a': pulumi.Output.from_input(1).apply(lambda one: {}[one])})"),
     "the program raised KeyError: 1 (__main__.py:3)"),
    ("import pulumi\npulumi.export('x', pulumi.Output.from_input(1).apply(lambda one: one / 0))",
     "the program raised ZeroDivisionError: division by zero (__main__.py:2)"),
    (("import pulumi\ndef refuse(one):\n    raise ValueError('too small')\n"
      "pulumi.export('x', pulumi.Output.from_input(1).apply(refuse))"),
     "the program raised ValueError: too small, in input 'x' (__main__.py:3)"),
    (("import pulumi\nimport pulumi_aws as aws\ndef refuse(one):\n    assert one > 1, 'too small'\n"
      "aws.sqs.Queue('q', name=pulumi.Output.from_input(1).apply(refuse))"),
     "the program raised AssertionError: too small, in resource 'q', in input 'name' (__main__.py:4)"),
])  # fmt: skip
def test_failure_names_the_users_line(
    aws: harness.Aws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str, message: str
) -> None:
    """Whatever the program raises, standard error has one line with type, text and the user's own place."""
    (tmp_path / "beside.py").write_text("\n1 / 0\n")
    project = load_project(write_project(tmp_path, program))
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "beside", raising=False)
    with pytest.raises(Exception) as raised:
        harness.deploy(aws.url, main_of(project), project.name)
    assert describe(raised.value, project) == message


def test_failure_in_a_package_names_its_line_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a package of others raises has the user's line, and the package's own."""
    packages = tmp_path / "venv" / "site-packages"
    packages.mkdir(parents=True)
    (packages / "parts_of_others.py").write_text("def part():\n    return list(None)\n")
    monkeypatch.syspath_prepend(packages)
    project = load_project(write_project(tmp_path, "import parts_of_others\nparts_of_others.part()"))
    with pytest.raises(TypeError) as raised:
        main_of(project)()
    message = "the program raised TypeError: 'NoneType' object is not iterable"
    assert describe(raised.value, project) == f"{message} (__main__.py:2, in parts_of_others.py:2)"


def test_program_is_fresh_in_every_run(tmp_path: Path) -> None:
    """Each run executes the file again, as `__main__`."""
    (tmp_path / "log").touch()
    write_project(tmp_path, f"with open({str(tmp_path / 'log')!r}, 'a') as log:\n    log.write(__name__)")
    program = main_of(load_project(tmp_path))
    program()
    program()
    assert (tmp_path / "log").read_text() == "__main____main__"


def test_exit_without_a_failure_is_success(tmp_path: Path) -> None:
    """`sys.exit()` and `sys.exit(0)` end the program, not the deployment."""
    write_project(tmp_path, "import sys\nsys.exit(0)")
    main_of(load_project(tmp_path))()


def test_host_settings_are_lambdas_names_of_this_machine() -> None:
    """Runtime and architecture are told as Lambda names them, and that the stack is local."""
    machine = platform.machine().lower()
    assert host_settings("python3.13") == {
        "runtime": "python3.13",
        "architecture": {"amd64": "x86_64", "aarch64": "arm64"}.get(machine, machine),
        "local": "true",
    }


def test_environment_sends_every_sdk_to_the_endpoint() -> None:
    """The caller's AWS and Pulumi settings stay out; the rest stays."""
    inherited = {
        "PATH": "/bin",
        "AWS_SESSION_TOKEN": "real",
        "PULUMI_CONFIG_SHOP_KEY": "x",
    } | harness.ANOTHER_ACCOUNT
    assert environment(inherited, "http://endpoint", "eu-west-1") == {
        "PATH": "/bin",
        "HTTP_PROXY": "http://127.0.0.1:1",
        "AWS_ENDPOINT_URL": "http://endpoint",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "BOTO_CONFIG": "/dev/null",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
