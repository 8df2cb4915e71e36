"""What the first answer of the embedded AWS waits for: its imports."""

from __future__ import annotations

import subprocess
import sys


def imported(module: str) -> set[str]:
    """Return the packages that a module brings."""
    told = f"import sys, {module}; print(*{{name.partition('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_what_few_need_is_not_imported_before_it_is_needed() -> None:
    """To import moto takes as long as all else; it is done while the program, or the user, begins."""
    found = imported("embedded_aws.embedded_aws")
    assert "botocore" in found
    assert not {"boto3", "flask", "google", "moto", "rich", "werkzeug"} & found


def test_the_engine_does_without_the_server() -> None:
    """All that it imports is lent to the program's own Python, which may be another version."""
    found = imported("embedded_aws.engine.command")
    assert "pulumi" in found
    assert not {"moto", "orjson", "starlette", "uvicorn"} & found
