"""`python -m waterfall` is the `waterfall` command."""

from __future__ import annotations

import sys

from waterfall.cli import main

sys.exit(main())
