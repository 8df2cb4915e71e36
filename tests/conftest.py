"""Tests, and what they start, know nothing of the AWS account of whoever runs them; nor do they trace."""

from __future__ import annotations

import atexit
import os
import shutil
import sys
from importlib import import_module
from tempfile import mkdtemp

from embedded_aws.awslambda.runtime.provision import cache_directory
from embedded_aws.host.user_account import NO_ACCOUNT

# Where running stacks are noted: not among the user's.
os.environ["XDG_STATE_HOME"] = mkdtemp()
atexit.register(shutil.rmtree, os.environ["XDG_STATE_HOME"], ignore_errors=True)

for name in [name for name in os.environ if name.startswith("AWS_")]:
    del os.environ[name]
os.environ.update(NO_ACCOUNT)
os.environ["XDG_CACHE_HOME"] = str(cache_directory().parent)  # also where a test gives another HOME

# Importing the tracing library sets it up, once for the process. This one only reads what others traced,
# unless the fixture `traced` has started it for one mode.
if "TRACING_MODE" not in os.environ:
    os.environ["TRACING_MODE"] = "off"
    import_module("tracing")
    del os.environ["TRACING_MODE"]

# Tests start hundreds of processes: what one has compiled is there for the next.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False


@atexit.register
def _close_emitter() -> None:
    """The X-Ray SDK opens a socket when it is imported, and leaves it to Python to complain at the end."""
    if sdk := sys.modules.get("aws_xray_sdk.core"):
        sdk.xray_recorder.emitter._socket.close()
