"""Write `docs/resources.md`: `python -m embedded_aws.engine.resources_page docs/resources.md`.

The page comes from the tables of resource types and functions, each function's docstring, and the classes of
the installed `pulumi_aws`.
"""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from embedded_aws.engine.components import COMPONENTS
from embedded_aws.engine.invokes import FUNCTIONS
from embedded_aws.engine.resources import RESOURCES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_ROOT = Path(str(files("pulumi_aws")))
_HEAD = """\
# Resources

What each resource type and each function of `pulumi_aws` does on the embedded AWS. Made from the code by
`make resources`; a test compares them.

A type that is not supported is **skipped**: `waterfall up` warns, its outputs are placeholders of the right
types that say what they are (`net-1a2b3c4-placeholder`, `https://net-1a2b3c4.kms.placeholder.invalid`), and
the rest of the program runs. A resource that fails because an input of it is such a placeholder is skipped
too, with the reason. A resource that is **stored only** exists and can be read back, but does nothing; the
warning says why. `waterfall up --strict` fails when anything is skipped.

A type of another provider is skipped in the same way, unless it is listed here.
"""


def page() -> str:
    """Return the page."""
    types, functions = _tokens()
    return "\n".join([
        _HEAD,
        "## Resource types",
        "",
        *_table(RESOURCES),
        "",
        "## Components of packages",
        "",
        *_table(COMPONENTS),
        "",
        "## Functions",
        "",
        *_table(FUNCTIONS),
        "",
        "## Skipped resource types",
        "",
        *_list(types - RESOURCES.keys()),
        "",
        "## Functions that answer with placeholders",
        "",
        *_list(functions - FUNCTIONS.keys()),
        "",
    ])  # fmt: skip


def _table(entries: Mapping[str, Any]) -> list[str]:
    rows = [f"| `{token}` | {_told(entries[token])} |" for token in sorted(entries)]
    return ["| type | here |", "| --- | --- |", *rows]


def _told(function: Any) -> str:
    return str(function.__doc__ or "").strip().partition("\n")[0].rstrip(".")


def _list(tokens: Iterable[str]) -> list[str]:
    services: dict[str, list[str]] = defaultdict(list)
    for token in sorted(tokens):
        service = token.partition(":")[2].partition("/")[0]
        services[service].append(token.rpartition(":")[2])
    return [f"- `{service}`: {', '.join(names)}" for service, names in services.items()]


def _tokens() -> tuple[set[str], set[str]]:
    """Return the tokens of all resource types and functions of the installed `pulumi_aws`."""
    types, functions = set(), set()
    # Read, not imported: importing all of it takes a minute.
    for file in _ROOT.rglob("*.py"):
        text = file.read_text(encoding="utf-8")
        types |= set(re.findall(r'@pulumi\.type_token\("(aws:[^"]+)"\)', text))
        functions |= set(re.findall(r"runtime\.invoke\('(aws:[^']+)'", text))
    return types, functions


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page(), encoding="utf-8")
