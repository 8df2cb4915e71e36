"""One run of a program among several: it changes what the one before left, and says what it leaves.

Importing Pulumi and boto3 takes a second, the program's own lines a tenth of that. So the process of the next
run is started ahead: it imports what the last run did, and waits. Its standard input has two lines of JSON:

1. `modules` to import, `clients` to make, each as service and region, and `types`, the classes whose
   properties to look into, all of the run before;
2. `standing`, what the run before left, when it is to start.

`left` of the answer has all of these for the next run, `changes` (`action`, `type`, `name` and the names of
changed `inputs`), and `reads`, what the program has read (`embedded_aws.engine.reading`).
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import sys
import warnings
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from embedded_aws.engine.clients import Clients
from embedded_aws.engine.program import environment
from embedded_aws.engine.reading import Reading, is_installed, loaded_files
from embedded_aws.engine.shortcuts import read_types, remember_types
from embedded_aws.engine.standing import Standing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from embedded_aws.engine.deployment import Deployment


class Run:
    """What one run is given and leaves; `deployment` is set once there is one."""

    def __init__(self) -> None:
        self.clients: Clients | None = None
        self.standing: list[Standing] = []
        self.deployment: Deployment | None = None
        self._reading: Reading | None = None
        self._types = remember_types()
        self._lines = os.fdopen(0, "rb", closefd=False)

    def wait_for_start(self, endpoint: str) -> None:
        """Import and make what the run before needed, then wait for the second line; exits when it ends."""
        ahead = self._line()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            # Pulumi's SDKs load their packages when something is asked of them: this asks for nothing in
            # particular, before anything inside is imported, which would load them in part.
            for name in sorted(ahead.get("modules", ()), key=lambda name: name.count(".")):
                with contextlib.suppress(Exception):
                    getattr(importlib.import_module(name), "_", None)
            read_types(ahead.get("types", ()))
        own = dict(os.environ)
        _surround(environment(own, endpoint, ""))
        self.clients = Clients(endpoint)
        for service, region in ahead.get("clients", ()):
            self.clients.get(service, region)
        _surround(own)
        self.standing = [Standing.of(shape) for shape in self._line().get("standing", ())]
        importlib.invalidate_caches()
        self._reading = Reading()

    def _line(self) -> dict[str, Any]:
        """Read one line of standard input; whoever holds it writes nothing after the second."""
        line = self._lines.readline()
        if not line:
            sys.exit(1)
        found: dict[str, Any] = json.loads(line)
        return found

    def left(self) -> dict[str, Any]:
        """Return what the next run needs, and what whoever watches wants to know."""
        deployment = self.deployment
        standing = deployment.changes.standing if deployment else self.standing
        return {
            "standing": [one.shape() for one in standing],
            "changes": [asdict(change) for change in deployment.changes.made] if deployment else [],
            "modules": _installed_modules(),
            "clients": self.clients.made() if self.clients else [],
            "types": self._types(),
            "reads": self._reading.shape() if self._reading else {},
        }


def _installed_modules() -> list[str]:
    """Return the modules of installed packages: the program's own change."""
    return [
        name
        for name, file in loaded_files()
        if is_installed(os.path.dirname(file)) and name != "__main__"  # noqa: PTH120 - thousands
    ]


def _surround(surroundings: Mapping[str, str]) -> None:
    os.environ.clear()
    os.environ.update(surroundings)
