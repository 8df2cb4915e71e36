"""The examples of `docs/switching.md` run, and their traces differ in what the page says and nothing else."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from waterfall.arguments import parser

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "switching.md").read_text(encoding="utf-8")
BLOCKS = {
    title: code
    for title, code in re.findall(r"```python\n# ([^\n]+)\n(.*?)```", PAGE, re.DOTALL)
}
ORDER = {"id": "1", "customer": "ada", "lines": [Decimal(3)]}
"""A DynamoDB item."""
