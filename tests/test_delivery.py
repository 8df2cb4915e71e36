"""How the program is delivered: the workflows, and `make preview` and `make deploy` behind them."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[1]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
TEXTS = {path.name: path.read_text(encoding="utf-8") for path in WORKFLOWS}
DELIVER: dict[str, Any] = yaml.safe_load(TEXTS["deliver.yml"])
DEPLOYING = ("staging", "prod")
BUILT = ("--old-file=.venv/bin/.installed", "--old-file=policy/.venv/.made")
"""Options of make: tests run with what is there, however old it is."""


def make(tmp_path: Path, *arguments: str, pulumi: bool) -> subprocess.CompletedProcess[str]:
    """Run make without a `pulumi` on the PATH, or with one that says what it was told."""
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("bash", "sh", "make", "test", "touch", "sed", "echo", "mkdir", "ln", "rm"):
        found = shutil.which(name)
        if found:
            (tools / name).symlink_to(found)
    if pulumi:
        (tools / "pulumi").write_text('#!/bin/sh\necho "pulumi $@"\n', encoding="utf-8")
        (tools / "pulumi").chmod(0o755)
    environment = {"PATH": str(tools), "HOME": str(tmp_path)}
    command = ["make", *BUILT, *arguments, "PYTHON=.venv/bin/python"]
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.mark.parametrize(("target", "does"), [("preview", "preview"), ("deploy", "up")])
def test_make_runs_the_cli_with_the_policy_pack(tmp_path: Path, target: str, does: str) -> None:
    """On the stack that is named, with what `ARGS` adds."""
    done = make(tmp_path, target, "STACK=dev", "ARGS=--diff", pulumi=True)
    assert done.stdout.splitlines()[-1] == f"pulumi {does} --stack dev --policy-pack policy --diff"


@pytest.mark.parametrize("target", ["preview", "deploy"])
@pytest.mark.parametrize(
    ("arguments", "pulumi", "says"),
    [
        (("STACK=dev",), False, "needs Pulumi's CLI, and no pulumi is on the PATH; install it (https://"),
        ((), True, "name the stack: make {target} STACK=dev (settings are here for: dev gameday prod"),
        (("STACK=nope",), True, "there is no Pulumi.nope.yaml with settings of that stack"),
    ],
    ids=["no-cli", "no-stack", "unknown-stack"],
)
def test_make_says_what_is_missing(
    tmp_path: Path, target: str, arguments: tuple[str, ...], says: str, *, pulumi: bool
) -> None:
    """Before anything is built or asked."""
    done = make(tmp_path, target, *arguments, pulumi=pulumi)
    assert done.returncode != 0
    assert done.stderr.startswith(f"error: {says.format(target=target)}") or says in done.stderr
    assert done.stdout == ""


def test_no_long_lived_key_is_used() -> None:
    """No workflow reads a secret; credentials come for GitHub's own token."""
    assert [name for name, text in TEXTS.items() if "secrets." in text] == []
    assert not re.search(r"(?i)access[-_]key|aws_secret", "".join(TEXTS.values()))
    assert "role-to-assume: ${{ vars.AWS_ROLE }}" in TEXTS["pulumi.yml"]


def test_every_action_is_pinned_by_its_commit() -> None:
    """A tag can be moved to other code."""
    used = re.findall(r"uses: (\S+)", "".join(TEXTS.values()))
    foreign = [use for use in used if not use.startswith("./")]
    assert foreign
    assert [use for use in foreign if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", use)] == []
    assert [use for use in used if use.startswith("./") and not (ROOT / use).exists()] == []


def test_only_what_deploys_may_ask_for_a_role() -> None:
    """Checks and tests run code of a pull request, and read the repository alone."""
    assert DELIVER["permissions"] == {"contents": "read"}
    asking = {name for name, job in DELIVER["jobs"].items() if "id-token" in job.get("permissions", {})}
    assert asking == {"preview", *DEPLOYING}


def test_a_pull_request_is_checked_tested_and_previewed() -> None:
    """One of a fork gets no preview, as it gets no role."""
    jobs = DELIVER["jobs"]
    assert [jobs[name]["steps"][-1]["run"] for name in ("check", "test")] == ["make check", "make test"]
    assert jobs["preview"]["with"]["command"] == "preview"
    assert "head.repo.full_name == github.repository" in jobs["preview"]["if"]


def test_main_is_deployed_to_one_environment_after_the_other() -> None:
    """After checks and tests, and to production last."""
    jobs = DELIVER["jobs"]
    assert jobs["staging"]["needs"] == ["check", "test"]
    assert jobs["prod"]["needs"] == ["staging"]
    for name in DEPLOYING:
        assert jobs[name]["if"] == "github.event_name == 'push'"
        assert jobs[name]["with"] == {"command": "deploy", "stack": name, "environment": name}
        assert (ROOT / f"Pulumi.{name}.yaml").exists()


def test_deployments_of_a_stack_wait_for_each_other() -> None:
    """None is stopped halfway."""
    job = yaml.safe_load(TEXTS["pulumi.yml"])["jobs"]["pulumi"]
    assert job["concurrency"] == {
        "group": "pulumi-${{ inputs.environment }}",
        "cancel-in-progress": False,
    }
