"""`waterfall compare --modes`: the demo request in both tracing modes."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from tests.e2e.conftest import Demo
from tests.e2e.stack import REPOSITORY, WATERFALL
from waterfall.compare.difference import Comparison
from waterfall.compare.shapes import comparison_shape
from waterfall.proof.cases import Case
from waterfall.proof.modes import compare_places
from waterfall.proof.observing import Place
from waterfall.proof.redaction import redaction
from waterfall.stack.requests import Request
from waterfall.traces.client import Source, connect

SHARED = ("components", ".build/layers")
OWN = ("Pulumi.yaml", "Pulumi.dev.yaml", "__main__.py")


AWS_CALLS = {
    "Lambda calls": ("Lambda Invoke",),
    "DynamoDB calls": ("DynamoDB PutItem",),
    "S3 calls": ("S3 PutObject", "S3 GetObject"),
    "SQS calls": ("SQS SendMessage",),
}
SPANS = {
    **AWS_CALLS,
    "every AWS call": [name for names in AWS_CALLS.values() for name in names],
    "spans of handlers": ("front.handler", "worker.handler"),
}


def listed_in_the_readme() -> dict[str, set[str]]:
    """Return the fields that differ with `export: otlp` by span, as the README's table has them."""
    table = (REPOSITORY / "README.md").read_text().partition("| where | missing with `otlp`")[2]
    found: dict[str, set[str]] = {}
    for row in table.partition("\n\n")[0].splitlines()[2:]:
        where, fields = row.strip("| ").split(" | ", 1)
        for span in SPANS[where]:
            found.setdefault(span, set()).update(re.findall("`(.+?)`", fields))
    return found


def compared(demo: Demo, *names: str) -> tuple[Comparison, ...]:
    """Compare what one request leaves in the running demos of each mode, as the command does."""
    stacks = [demo(name).status for name in names]
    sources = [Source(stack["endpoint"], region=stack["region"]) for stack in stacks]
    places = [
        Place(source, connect(source), stack["apis"], redaction())
        for source, stack in zip(sources, stacks, strict=True)
    ]
    told: list[str] = []
    found = compare_places([Case("hello", Request("GET", "/hello", {}, None))], places, told.append)
    assert told == ["native: recorded by X-Ray SDK", "otel: recorded by OpenTelemetry"]
    return found.comparisons


def test_the_modes_are_equal(demo: Demo) -> None:
    """The request's trace and the consumer's are equal in both modes; `test_half_moved` runs the command."""
    found = comparison_shape(compared(demo, "native", "otel-xray"))
    assert found["equal"]
    assert [comparison["differences"] for comparison in found["comparisons"]] == [[], []]


def test_a_handler_that_differs_is_told(tmp_path: Path) -> None:
    """A handler that does one thing differently in one mode is the one difference, and the status is 1."""
    (tmp_path / ".build").mkdir()  # of its own: the altered function is packed there
    for name in SHARED:
        (tmp_path / name).symlink_to(REPOSITORY / name)
    for name in OWN:
        shutil.copy(REPOSITORY / name, tmp_path)
    shutil.copytree(REPOSITORY / "handlers", tmp_path / "handlers")
    worker = tmp_path / "handlers" / "worker.py"
    original = 'annotate("WorkSeconds", seconds)'
    assert original in worker.read_text()
    altered = worker.read_text().replace(original, 'annotate("WorkSeconds", os.environ["TRACING_MODE"])')
    worker.write_text(altered)
    command = [str(WATERFALL), "compare", "--modes", "--config", "workSeconds=0", "-C", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "annotations.WorkSeconds\n" in done.stdout
    assert '"native"' in done.stdout
    assert '"otel"' in done.stdout
    assert done.stdout.count("1 difference\n") == 1
    assert done.stdout.endswith("\nequal\n")


def test_otlp_differs_in_what_its_public_rules_force(demo: Demo) -> None:
    """With export otlp only the fields that the README lists differ.

    On the map the bucket is S3 itself, as no field names it.
    """
    found: dict[str, set[str]] = {}
    for comparison in comparison_shape(compared(demo, "native", "otel-otlp"))["comparisons"]:
        for difference in comparison["differences"]:
            found.setdefault(difference["path"][-1], set()).add(difference["field"])
    on_the_map = found.pop("service map")
    assert found == listed_in_the_readme()
    assert all("(AWS::S3)" in field or "(AWS::S3::Bucket)" in field for field in on_the_map)


def test_a_program_that_does_not_follow_the_setting_proves_nothing() -> None:
    """Both sides were recorded by the X-Ray SDK: the command says so, and the status is 2."""
    program = REPOSITORY / "tests" / "e2e" / "programs" / "legacy"
    packages = f"packages={REPOSITORY / '.build' / 'foreign'}"
    command = [str(WATERFALL), "compare", "--modes", "-C", str(program), "--config", packages]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 2, done.stdout + done.stderr
    assert done.stdout == ""
    assert done.stderr.splitlines()[-1] == (
        "waterfall: both sides were recorded by the X-Ray SDK: "
        "the program does not follow the setting `tracing`"
    )
