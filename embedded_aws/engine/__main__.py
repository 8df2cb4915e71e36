"""`python -m embedded_aws.engine`: see `embedded_aws.engine.command`."""

from __future__ import annotations

import gc
import os
import sys


def main() -> int:
    """Deploy without garbage collection: it takes a third of a run that mostly imports, and frees nothing."""
    gc.disable()
    from embedded_aws.engine import command  # noqa: PLC0415 - the imports are what collection would slow down

    code = command.main()
    if code:
        sys.stderr.flush()
        os._exit(code)  # whatever the program left running: threads, tasks, and what they say at the end
    return code


if __name__ == "__main__":
    sys.exit(main())
