"""What a worker's interpreter runs: the runtime client, with the handler that `_HANDLER` names.

`python -m awslambdaric` takes the handler as an argument; a wrapper script such as ADOT's exchanges the
variable instead, so it must be read here. Copied into the provisioned runtime directory.
"""

from __future__ import annotations

import os
import sys

# The directory of this file must not win over the function's own packages.
sys.path[0] = os.environ["LAMBDA_TASK_ROOT"]

from awslambdaric.__main__ import main  # noqa: E402

if __name__ == "__main__":
    main([sys.argv[0], os.environ["_HANDLER"]])
