"""What a worker's interpreter runs when functions can be debugged: the debugger, then the runtime client.

The service tells through a socket whether an editor is there, and where. debugpy has a folder of its own, so
that nothing else of the host's packages is seen. Of the standard library little is imported here: it is there
before the function's own code.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import importlib.util
import json
import os
import runpy
import socket
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import Any

CHANNEL = "_EMBEDDED_AWS_DEBUG_FD"
_SESSIONS = "botocore.httpsession"


class _Patient(importlib.abc.MetaPathFinder):
    """Takes the time limit of reading out of boto3: who waits for one that stands would call once more.

    A called function has limits of its own, and those of the embedded AWS stand still.
    """

    def find_spec(
        self, name: str, _path: Sequence[str] | None, _target: ModuleType | None = None, /
    ) -> importlib.machinery.ModuleSpec | None:
        if name != _SESSIONS:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        if spec is None or spec.loader is None:
            return None
        spec.loader = _PatientLoader(spec.loader)
        return spec


class _PatientLoader(importlib.abc.Loader):
    def __init__(self, loader: importlib.abc.Loader) -> None:
        self._loader = loader

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        self._loader.exec_module(module)
        session = module.URLLib3Session
        made = session.__init__

        def make(self: object, *args: object, **settings: object) -> None:
            made(self, *args, **settings)
            timeout: Any = getattr(self, "_timeout", None)
            if hasattr(timeout, "_read"):  # one number is that of an address for credentials
                timeout._read = None  # noqa: SLF001 - urllib3 has no other way to change one

        session.__init__ = make


def attach(channel: socket.socket) -> None:
    """Let the editor attach, if there is one, and set its breakpoints; then go on."""
    told = json.loads(channel.makefile("rb").readline() or b"{}")
    if "port" not in told:
        return
    # Else it warns of modules that Python has frozen, in which nobody sets a breakpoint.
    os.environ["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"
    sys.path.insert(0, told["packages"])
    try:
        import debugpy  # noqa: PLC0415, T100 - a tenth of a second, when an editor waits

        debugpy.configure(subProcess=False)
        debugpy.connect(("127.0.0.1", told["port"]))
    finally:
        sys.path.remove(told["packages"])
        del os.environ["PYDEVD_DISABLE_FILE_VALIDATION"]
    channel.sendall(b"attached\n")


if __name__ == "__main__":
    with socket.socket(fileno=int(os.environ.pop(CHANNEL))) as _channel:
        attach(_channel)
    sys.meta_path.insert(0, _Patient())
    sys.argv = sys.argv[1:]
    # As if the interpreter had been given it: tracebacks and `__main__` are those of every worker.
    runpy.run_path(sys.argv[0], run_name="__main__")
