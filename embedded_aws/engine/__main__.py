"""`python -m embedded_aws.engine`: see `embedded_aws.engine.command`."""

from __future__ import annotations

import atexit
import gc
import os
import sys
import threading
from typing import NoReturn


def main() -> NoReturn:
    """Deploy, and end at once: to take all modules apart takes as long as a third of a deployment.

    Nor is garbage collected: that takes another third of what mostly imports, and frees nothing.
    """
    gc.disable()
    from embedded_aws.engine import command  # noqa: PLC0415 - the imports are what collection would slow down

    code = command.main()
    if not code:  # else at once, whatever the program left running: threads, tasks, and what they say then
        threading._shutdown()  # type: ignore[attr-defined] # noqa: SLF001 - what the program still does
        atexit._run_exitfuncs()  # noqa: SLF001 - what it asked for
        sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
