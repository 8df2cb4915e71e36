"""What the first answer of the embedded AWS waits for: its imports."""

from __future__ import annotations

import subprocess
import sys


def test_what_few_need_is_not_imported_before_it_is_needed() -> None:
    """To import moto takes as long as all else; it is done while the program, or the user, begins."""
    told = "import sys, embedded_aws.embedded_aws; print(*{name.partition('.')[0] for name in sys.modules})"
    imported = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert "botocore" in imported.stdout.split()
    assert not {"boto3", "flask", "google", "moto", "rich", "werkzeug"} & set(imported.stdout.split())
