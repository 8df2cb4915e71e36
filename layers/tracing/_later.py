"""Modules that other packages import at once and seldom use: imported when they are used.

`import asyncio` alone takes longer than an SDK, and a handler that is not asynchronous never calls it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from types import ModuleType
from typing import Any, TypeVar

T = TypeVar("T")


def postponing(names: tuple[str, ...], load: Callable[[], T]) -> T:
    """Call `load`, and let what it imports take stand-ins for the modules of these names.

    Modules that are there already are taken as they are. A stand-in imports its module when something of it
    is called or asked for an attribute. Where one does not do, because `load` needs more of a module than its
    names, `load` is called again without any.
    """
    stand_ins = {name: _StandIn(name) for name in names if name not in sys.modules}
    sys.modules.update(stand_ins)
    try:
        return load()
    except Exception:  # noqa: BLE001 - the second call raises what is not the stand-ins' fault
        for stand_in in stand_ins.values():
            stand_in.leave()
        return load()
    finally:
        for stand_in in stand_ins.values():
            stand_in.leave()


class _StandIn(ModuleType):
    """Is imported in place of a module; what others take out of it then is a `_Part`."""

    def leave(self) -> None:
        """Make room for the module itself."""
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # `__path__`: the import system asks whether this is a package
            raise AttributeError(name)
        if sys.modules.get(self.__name__) is self:
            return _Part(self, name)
        return getattr(import_module(self.__name__), name)


class _Part:
    """Something out of a module, such as a function, or a module out of a package."""

    def __init__(self, stand_in: _StandIn, name: str) -> None:
        self._stand_in = stand_in
        self._name = name

    def _found(self) -> Any:
        self._stand_in.leave()
        module = import_module(self._stand_in.__name__)
        if not hasattr(module, self._name):
            import_module(f"{module.__name__}.{self._name}")
        return getattr(module, self._name)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._found()(*args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._found(), name)

    def __mro_entries__(self, bases: tuple[Any, ...]) -> tuple[Any, ...]:
        """Let a class be derived from what this stands for."""
        del bases
        return (self._found(),)
