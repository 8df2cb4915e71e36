"""Pulumi's real CLI, driven in directories of a test: a project, a backend and a home of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from components.packaging import locked_layer_path
from components.settings import Target
from tests.pulumi_cli.provider import JOURNAL

REPOSITORY = Path(__file__).parents[2]
FOLDER = "PULUMI_CLI_BIN"
"""Names the folder of the CLI and its Python language host, where they are not on the PATH."""

TWO_ROUTES = '{"GET /hello": front, "GET /bye": front}'
ONE_ROUTE = '{"GET /hello": front}'
"""How the program names its routes, and how it would name two."""

_PROGRAM = ("requirements.txt", "handlers", "components", "layers")
_PROVIDER = """#!{python}
import sys

sys.path.insert(0, {repository!r})
from tests.pulumi_cli.__main__ import main

main()
"""


def folder_of_cli() -> Path | None:
    """Return where `pulumi` and `pulumi-language-python` are, if both can be found."""
    path = os.environ.get(FOLDER) or os.environ["PATH"]
    found = [shutil.which(name, path=path) for name in ("pulumi", "pulumi-language-python")]
    return Path(found[0]).parent if found[0] and found[1] else None


class CliError(AssertionError):
    """A command of the CLI failed; the message is what it wrote."""


@dataclass(frozen=True)
class Workspace:
    """A Pulumi project in `directory`, which the CLI deploys with the provider of `provider.py`."""

    directory: Path
    environment: dict[str, str]

    def pulumi(self, *arguments: str) -> str:
        """Run a command and return its output; raises CliError when it fails."""
        done = subprocess.run(
            ["pulumi", *arguments, "--non-interactive"],
            cwd=self.directory, env=self.environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            raise CliError(f"pulumi {' '.join(arguments)}: {done.returncode}\n{done.stdout}\n{done.stderr}")
        return done.stdout

    def stack_files(self) -> dict[str, str]:
        return {path.name: path.read_text(encoding="utf-8") for path in self.directory.glob("Pulumi.*.yaml")}

    def done(self) -> list[dict[str, Any]]:
        """Return what the provider did in the last command that changes something, in that order."""
        journal = Path(self.environment[JOURNAL])
        lines = journal.read_text(encoding="utf-8").splitlines() if journal.exists() else []
        return [json.loads(line) for line in lines]

    def up(self, *arguments: str) -> list[dict[str, Any]]:
        """Deploy, and return what the provider did, in that order."""
        return self._changing("up", *arguments)

    def destroy(self) -> list[dict[str, Any]]:
        return self._changing("destroy")

    def preview(self, *arguments: str) -> dict[str, str]:
        """Return what would become of each resource (`create`, `update`, `same`, …), by type and name."""
        told = json.loads(self.pulumi("preview", "--json", *arguments))
        steps = {step["urn"]: step["op"] for step in told["steps"]}
        return {"::".join(urn.split("::")[2:]): op for urn, op in steps.items()}

    def outputs(self) -> dict[str, Any]:
        outputs: dict[str, Any] = json.loads(self.pulumi("stack", "output", "--json"))
        return outputs

    def state(self) -> list[dict[str, Any]]:
        """Return the resources of the stack's state."""
        resources: list[dict[str, Any]] = json.loads(self.pulumi("stack", "export"))["deployment"].get(
            "resources", []
        )
        return resources

    def configure(self, stack: str, **config: Any) -> None:
        """Change settings of a stack file, as an editor does; `stack init` named the project in keys."""
        path = self.directory / f"Pulumi.{stack}.yaml"
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        content["config"] |= {key if ":" in key else f"traced-api:{key}": config[key] for key in config}
        path.write_text(yaml.safe_dump(content), encoding="utf-8")

    def _changing(self, command: str, *arguments: str) -> list[dict[str, Any]]:
        Path(self.environment[JOURNAL]).write_text("", encoding="utf-8")
        self.pulumi(command, "--yes", "--skip-preview", *arguments)
        return self.done()


def workspace(directory: Path, binaries: Path) -> Workspace:
    """Return an empty workspace below `directory`: whatever the CLI keeps, it keeps there."""
    for name in ("project", "home", "state", "provider"):
        (directory / name).mkdir()
    provider = directory / "provider" / "pulumi-resource-aws"
    provider.write_text(_PROVIDER.format(python=sys.executable, repository=str(REPOSITORY)), encoding="utf-8")
    provider.chmod(0o755)
    inherited = {
        name: value for name, value in os.environ.items() if not name.startswith(("PULUMI_", "AWS_"))
    }
    own = {
        "HOME": str(directory / "home"),
        "PATH": os.pathsep.join([str(provider.parent), str(binaries), os.environ["PATH"]]),
        "PULUMI_HOME": str(directory / "home" / ".pulumi"),
        "PULUMI_BACKEND_URL": (directory / "state").as_uri(),
        "PULUMI_CONFIG_PASSPHRASE": "of a test",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "NO_COLOR": "1",
        JOURNAL: str(directory / "journal.jsonl"),
    }
    return Workspace(directory / "project", {**inherited, **own})


def copy_program(directory: Path) -> None:
    """Put this repository's program into a directory: what a test changes is a copy."""
    for path in (REPOSITORY / "__main__.py", *REPOSITORY.glob("Pulumi*.yaml")):
        shutil.copy(path, directory)
    for name in _PROGRAM:
        (directory / name).symlink_to(REPOSITORY / name)
    link_packages(directory)


def link_packages(directory: Path) -> None:
    """Let the language host find the packages that these tests run with."""
    (directory / ".venv").symlink_to(sys.prefix)


def keep_layers(directory: Path) -> None:
    """Put empty layers where the program keeps those that it has built, which takes minutes."""
    for lock in ("api", "native", "slim"):
        for bytecode in (False, True):
            path = REPOSITORY / "components" / "locks" / f"{lock}.lock"
            kept = directory / locked_layer_path(path, Target("python3.13", "arm64"), bytecode=bytecode)
            kept.parent.mkdir(parents=True, exist_ok=True)
            zipfile.ZipFile(kept, "w").close()


def operations(done: list[dict[str, Any]]) -> Counter[str]:
    """Count what a provider did."""
    return Counter(str(line["did"]) for line in done)
