"""What a cold start pays for: imports of other packages and clients of AWS, until the first invocation.

Imports are timed from this package's own on, where Lambda imports it for a handler: those before it have
passed. Of each package its outermost module is timed, with all that it imports; the other packages that it
imports itself are told below it, theirs are not. What takes less than `LEAST_NANOSECONDS` is not told.
"""

from __future__ import annotations

import functools
import json
import os
import sys
import time
from _thread import get_ident
from collections.abc import Callable, Mapping
from types import BuiltinFunctionType, FrameType, FunctionType, ModuleType
from typing import Any, NamedTuple

from tracing._safely import safely, unseen
from tracing._settings import handler_name

LEAST_NANOSECONDS = 5_000_000
MOST = 20
DEPTH = 2
MAX_AGE_NANOSECONDS = 10_000_000_000
"""Nobody waited for what was over so long before the first invocation: a snapshot, a provisioned one."""

_BOOTSTRAP = "_frozen_importlib"
_HIDDEN = "<frozen importlib._bootstrap>"  # Python leaves frames of this name out of tracebacks


class Cost(NamedTuple):
    """Times in nanoseconds since the epoch. `key` counts from 1; `parent` is the key around it, or 0."""

    key: int
    parent: int
    kind: str
    name: str
    start: int
    end: int

    @property
    def title(self) -> str:
        return f"{self.kind} {self.name}"


class Costs:
    """Times imports and clients from `watch` until `stop`, in the thread that made it."""

    def __init__(self, module: FrameType, handler: str = "", clock: Callable[[], int] = time.time_ns) -> None:
        self.found: list[Cost] = []
        self.unmeasured = _packages_of(module.f_globals)
        self._names = module.f_globals
        self._code = module.f_code
        self._handler = handler
        self._clock = clock
        self._thread = get_ident()
        self._open: list[tuple[int, str]] = []
        self._count = 0
        self._undo: list[Callable[[], None]] = []

    def watch(self) -> None:
        """Time each import from now on; without the place where Python imports, nothing is."""
        bootstrap: Any = sys.modules[_BOOTSTRAP]
        load = bootstrap._find_and_load  # noqa: SLF001 - all that is not imported yet comes through here
        timed = self._timed_load(load)

        def undo() -> None:
            if bootstrap._find_and_load is timed:  # noqa: SLF001
                bootstrap._find_and_load = load  # noqa: SLF001

        bootstrap._find_and_load = timed  # noqa: SLF001
        self._undo.append(undo)

    def watch_clients(self, session: Any) -> None:
        """Time the clients that sessions of this class of botocore's create."""
        create = session.create_client

        @functools.wraps(create)
        def create_client(own: Any, service_name: str, *args: Any, **kwargs: Any) -> Any:
            with unseen:
                return self.timed("client", service_name, create, own, service_name, *args, **kwargs)

        def undo() -> None:
            if session.create_client is create_client:
                session.create_client = create

        session.create_client = create_client
        self._undo.append(undo)

    def stop(self) -> None:
        for undo in self._undo:
            undo()
        self._undo = []

    def timed(self, kind: str, name: str, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Call `function`; what it takes is a cost."""
        if not self._undo or get_ident() != self._thread:
            return function(*args, **kwargs)
        begun = self._begin(name)
        try:
            return function(*args, **kwargs)
        finally:
            self._end(kind, begun)

    def _begin(self, name: str) -> tuple[int, str, int]:
        self._count += 1
        self._open.append((self._count, name))
        return self._count, name, self._clock()

    def _end(self, kind: str, begun: tuple[int, str, int]) -> None:
        (key, name, start), end = begun, self._clock()
        self._open.pop()
        if end - start >= LEAST_NANOSECONDS:
            self.found.append(Cost(key, self._open[-1][0] if self._open else 0, kind, name, start, end))

    def _timed_load(self, load: Callable[..., Any]) -> Callable[..., Any]:
        thread, running = self._thread, self._open

        def _find_and_load(name: str, import_: Any) -> Any:
            package = name.partition(".")[0]
            if len(running) >= DEPTH or (running and running[-1][1] == package) or get_ident() != thread:
                return load(name, import_)
            begun = self._begin(package)
            try:
                return load(name, import_)
            finally:
                self._end("import", begun)

        timed: Any = _find_and_load
        timed.__code__ = timed.__code__.replace(co_filename=_HIDDEN)
        return _find_and_load

    def longest(self) -> list[Cost]:
        """Return what is told: the longest, with all that they are in; nothing of what was over long ago."""
        if not self.found or self._clock() - self.found[-1].end > MAX_AGE_NANOSECONDS:
            return []
        return sorted(self.found, key=lambda cost: cost.start - cost.end)[:MOST]

    def told(self, cost: Cost) -> str:
        """Return what is noted of a cost, as JSON; of an import also who uses it alone."""
        noted = {cost.kind: cost.name}
        if cost.kind == "import" and not cost.parent and cost.name != __package__:
            with safely("finding out who uses an import"):
                from tracing._usage import only_user  # noqa: PLC0415 - where there is something to tell

                names = {name for name, value in self._names.items() if _package(value) == cost.name}
                user = only_user(self._code, names)
                if user and user != self._handler:
                    noted["used_in"] = user
        return json.dumps(noted)


def of_handler(environ: Mapping[str, str] = os.environ) -> Costs | None:
    """Return what times the imports of Lambda's handler; `None` where its module is not being imported."""
    module, _, handler = handler_name(environ).rpartition(".")
    frame: FrameType | None = sys._getframe()  # noqa: SLF001 - `inspect` costs a cold start
    while module and frame is not None:
        if frame.f_code.co_name == "<module>" and frame.f_globals.get("__name__") == module:
            return Costs(frame, handler)
        frame = frame.f_back
    return None


def _package(value: Any) -> str:
    """Return the package that something comes from, without asking code of its own."""
    if type(value) is ModuleType:
        name: Any = value.__dict__.get("__name__")
    elif issubclass(type(value), type | FunctionType | BuiltinFunctionType):
        name = getattr(value, "__module__", None)
    else:
        name = type(value).__module__
    return name.partition(".")[0] if isinstance(name, str) else ""


def _packages_of(names: Mapping[str, Any]) -> list[str]:
    """Return which packages a module has imported so far, Python's own left out."""
    own = str(names.get("__name__", "")).partition(".")[0]
    known = {own, "tracing", "builtins", ""} | sys.stdlib_module_names
    return [name for name in dict.fromkeys(map(_package, names.values())) if name not in known][:MOST]
