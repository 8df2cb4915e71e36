"""Runs a hook once a module has been imported: boto3 costs a cold start only where a handler uses it."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec
    from types import ModuleType


def when_imported(name: str, hook: Callable[[], None]) -> None:
    """Run `hook` now if the module is there, else right after its import."""
    if name in sys.modules:
        hook()
    else:
        sys.meta_path.insert(0, _Finder(name, hook))


class _Finder:
    """A meta path finder for one module; `importlib.abc` would cost a cold start."""

    def __init__(self, name: str, hook: Callable[[], None]) -> None:
        self._name = name
        self._hook = hook

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != self._name or self not in sys.meta_path:
            return None
        sys.meta_path.remove(self)
        del path, target
        spec = importlib.util.find_spec(fullname)
        if spec is not None and spec.loader is not None:
            spec.loader = _Loader(  # type: ignore[assignment]
                spec.loader, self._hook
            )
        return spec


class _Loader:
    """The module's own loader, and the hook after it."""

    def __init__(self, loader: Any, hook: Callable[[], None]) -> None:
        self._loader = loader
        self._hook = hook

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        created: ModuleType | None = self._loader.create_module(spec)
        return created

    def exec_module(self, module: ModuleType) -> None:
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        module.__loader__ = self._loader
        self._loader.exec_module(module)
        self._hook()
