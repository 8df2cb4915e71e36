"""Modules that other packages import at once and seldom use: imported when they are used.

`import asyncio` alone takes longer than an SDK, and a handler that is not asynchronous never calls it.
"""

from __future__ import annotations

import builtins
import sys
from collections.abc import Callable
from importlib import import_module
from threading import get_ident
from types import ModuleType, SimpleNamespace
from typing import Any, TypeVar

T = TypeVar("T")


def postponing(names: tuple[str, ...], load: Callable[[], T]) -> T:
    """Call `load`, and let what it imports take stand-ins for the modules of these names.

    Modules that are there already are taken as they are. A stand-in imports its module when something of it
    is called or asked for an attribute. Where one does not do, because `load` needs more of a module than its
    names, `load` is called again without any. Other threads import meanwhile as ever.
    """
    postponed, thread, import_now = set(names), get_ident(), builtins.__import__

    def import_later(
        name: str,
        globals: Any = None,  # noqa: A002
        locals: Any = None,  # noqa: A002
        fromlist: Any = (),
        level: int = 0,
    ) -> Any:
        if name in postponed and level == 0 and name not in sys.modules and get_ident() == thread:
            if fromlist and "*" not in fromlist:
                return SimpleNamespace(**{part: _Part(name, part) for part in fromlist})
            if not fromlist and "." not in name:
                return _StandIn(name)
        return import_now(name, globals, locals, fromlist, level)

    vars(builtins)["__import__"] = import_later
    try:
        return load()
    except Exception:  # noqa: BLE001 - the second call raises what is not the stand-ins' fault
        postponed.clear()
        return load()
    finally:
        postponed.clear()  # for whoever has put one of his own around ours
        if builtins.__import__ is import_later:
            vars(builtins)["__import__"] = import_now


class _StandIn(ModuleType):
    """What `import` gives in place of a module."""

    def __getattr__(self, name: str) -> Any:
        return getattr(import_module(self.__name__), name)


class _Part:
    """What `from module import name` gives: a function or class, or a module out of a package."""

    def __init__(self, module: str, name: str) -> None:
        self._module = module
        self._name = name

    def _found(self) -> Any:
        module = import_module(self._module)
        if not hasattr(module, self._name):
            import_module(f"{self._module}.{self._name}")
        return getattr(module, self._name)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._found()(*args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._found(), name)

    def __mro_entries__(self, bases: tuple[Any, ...]) -> tuple[Any, ...]:
        """Let a class be derived from what this stands for."""
        del bases
        return (self._found(),)
