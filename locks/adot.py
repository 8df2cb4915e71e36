"""One release of the managed ADOT layer: where AWS published it, and the packages that it is made of.

`make adot RELEASE=0.18.0 BUILT=2026-06-22` writes `components/adot.json`, from which both come: the ARNs that
the program deploys, and `adot.lock`, from which the embedded AWS builds the layer. `BUILT` is the day of the
release at https://github.com/aws-observability/aws-otel-python-instrumentation/releases, because AWS's build
takes the newest packages of its day. Without a release, `make adot` resolves the lock of the present one.

AWS's table does not name its release, its history does: look there before.
https://github.com/aws-otel/aws-otel.github.io/commits/main/src/config/lambdaLayerArns.js
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import urllib.request
from datetime import date
from pathlib import Path

RECORD = Path(__file__).parents[1] / "components" / "adot.json"
TABLE = "https://raw.githubusercontent.com/aws-otel/aws-otel.github.io/main/src/config/lambdaLayerArns.js"
PAGE = "https://aws-otel.github.io/docs/getting-started/lambda"
_ARN = re.compile(r"arn:aws[\w-]*:lambda:([\w-]+):\d{12}:layer:AWSOpenTelemetryDistroPython:\d+")


def read(table: Path | None) -> str:
    """Return AWS's table, from its repository or a copy; raises OSError."""
    if table:
        return table.read_text(encoding="utf-8")
    with urllib.request.urlopen(TABLE) as answer:
        return str(answer.read().decode())


def layers(text: str) -> dict[str, str]:
    """Return the ARN for each region that the published table names; raises ValueError when it has none."""
    found = {match[1]: match[0] for match in _ARN.finditer(text)}
    if not found:
        raise ValueError("the table names no layer AWSOpenTelemetryDistroPython: has its page moved?")
    return dict(sorted(found.items()))


def write(release: str, built: date, table: str, record: Path) -> None:
    """Write the record of a release whose ARNs are in the text `table`."""
    told = {"release": release, "built": built.isoformat(), "source": PAGE, "layers": layers(table)}
    record.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description="Record a release of the managed ADOT layer for Python.")
    parser.add_argument("release", help="such as 0.18.0")
    parser.add_argument("built", type=date.fromisoformat, help="the day of the release, such as 2026-06-22")
    parser.add_argument("--table", type=Path, help="a copy of AWS's table (default: the published one)")
    parser.add_argument("--record", default=RECORD, type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    try:
        write(given.release, given.built, read(given.table), given.record)
    except (OSError, ValueError) as error:
        sys.exit(f"error: {given.table or TABLE}: {error}")


if __name__ == "__main__":
    main()
