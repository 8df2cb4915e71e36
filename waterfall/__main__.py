"""The `waterfall` command, from its first moment: its imports take long enough to be interrupted."""

from __future__ import annotations

import gc
import sys

_INTERRUPTED = 130


def main() -> int:
    """Run one command; returns the exit status, which is 130 after Ctrl-C."""
    gc.disable()  # collecting what imports leave takes a fifth of a start, and frees nothing
    try:
        from waterfall import cli  # noqa: PLC0415 - what Ctrl-C may come into

        return cli.main()
    except KeyboardInterrupt:
        return _INTERRUPTED
    finally:
        gc.freeze()  # and the same of an end
        gc.disable()


if __name__ == "__main__":
    sys.exit(main())
