"""`python -m embedded_aws.engine`: see `embedded_aws.engine.command`."""

from __future__ import annotations

import atexit
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
    if "--again" in sys.argv:  # somebody waits for the end, and to take all modules apart takes long
        atexit._run_exitfuncs()  # noqa: SLF001 - what the program asked for
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)
    return code


if __name__ == "__main__":
    sys.exit(main())
