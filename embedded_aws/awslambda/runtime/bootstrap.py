"""What a worker's interpreter runs: the runtime client, with the handler that `_HANDLER` names.

`python -m awslambdaric` takes the handler as an argument; a wrapper script such as ADOT's exchanges the
variable instead, so it must be read here. Copied into the provisioned runtime directory.
"""

from __future__ import annotations

import os
import signal
import sys

# The directory of this file must not win over the function's own packages.
sys.path[0] = os.environ["LAMBDA_TASK_ROOT"]

from awslambdaric.__main__ import main  # noqa: E402

_PR_SET_PDEATHSIG = 1


def _end_with_the_service() -> None:
    """Have the kernel end this process when the service is killed: a frozen worker would stay for ever."""
    if sys.platform == "linux":
        import ctypes  # noqa: PLC0415 - of no use elsewhere

        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


if __name__ == "__main__":
    _end_with_the_service()
    main([sys.argv[0], os.environ["_HANDLER"]])
