"""Deploys a program again whenever something that it is made of is saved."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from embedded_aws.engine.process import DeploymentError
from embedded_aws.engine.watching import Sources, Watcher, shown

if TYPE_CHECKING:
    from pathlib import Path

    from embedded_aws.engine.process import Deployed, EngineProcess

_MOST_ECHOES = 3
"""After so many runs in a row during which a file changed, the program may be what writes it."""
QUIET = 2.0
"""Seconds without a run; what changes then is saved by somebody, such as an editor that does so by itself."""

Start = Callable[[Mapping[str, Any]], Awaitable["EngineProcess"]]
"""Starts an engine that waits, from what the run before left."""


@dataclass(frozen=True)
class ResourceChange:
    """`action` is `created`, `updated`, `replaced` or `deleted`; `inputs` are those that differ."""

    action: str
    type: str
    name: str
    inputs: Sequence[str] = ()


@dataclass(frozen=True)
class Redeployed:
    """What became of a save: the `saved` paths, as messages show them, and what was changed in the stack.

    `error` is the program's, if it failed: nothing is changed then, but for `changes`. `seconds` passed since
    the save was noticed.
    """

    saved: Sequence[str]
    changes: Sequence[ResourceChange]
    error: str | None
    seconds: float


@dataclass
class Following:
    """Follows the files of one program, from its first deployment on; `close` ends it.

    `on_output` takes what the program prints. `quiet` are seconds.
    """

    root: Path
    start: Start
    on_output: Callable[[str], None]
    quiet: float = QUIET
    _left: Mapping[str, Any] = field(default_factory=dict)
    _saves: asyncio.Queue[frozenset[str]] = field(default_factory=asyncio.Queue)
    _watcher: Watcher | None = None
    _engine: EngineProcess | None = None
    _sources: Sources | None = None
    _echoes: Counter[str] = field(default_factory=Counter)

    def begin(self, deployed: Deployed) -> None:
        """Watch from now on."""
        loop = asyncio.get_running_loop()

        def tell(paths: frozenset[str]) -> None:
            with contextlib.suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(self._saves.put_nowait, paths)

        self._watcher = Watcher(tell)
        self._keep(deployed.left, failed=False)

    async def next(self) -> tuple[Redeployed, Deployed | None]:
        """Wait for a save, and deploy; returns what became of it, and the new deployment unless it failed."""
        if self._engine is None:
            self._engine = await self.start(self._left)
        saved = await self._saved()
        began = time.monotonic()
        deployed, error = None, None
        await self._engine.begin(self._left)
        try:
            deployed = await self._engine.result(self.on_output)
            left = deployed.left
        except DeploymentError as problem:
            error, left = str(problem), problem.left
        seconds = time.monotonic() - began
        self._keep(left, failed=error is not None)
        self._heed_echoes()
        changes = [ResourceChange(**change) for change in left.get("changes", ())]
        await self._end_engine()
        return Redeployed(shown(saved, self.root), changes, error, seconds), deployed

    async def close(self) -> None:
        """End the engine that waits."""
        if self._watcher:
            self._watcher.close()
        await self._end_engine()

    async def _end_engine(self) -> None:
        engine, self._engine = self._engine, None
        if engine:
            await engine.stop()

    def _keep(self, left: Mapping[str, Any], *, failed: bool) -> None:
        self._left = {**self._left, **left}
        if "reads" in left and self._watcher:
            self._sources = Sources.of(self.root, left["reads"], self._sources if failed else None)
            self._watcher.look_at(self._sources)

    async def _saved(self) -> frozenset[str]:
        """Wait for a save; for one that may be the program's, also until somebody else saves, or nobody."""
        saved = await self._saves.get()
        more = self._waiting()
        if not more and any(self._echoes[path] >= _MOST_ECHOES for path in saved):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self.quiet):
                    more = await self._saves.get()
        for path in more:
            del self._echoes[path]
        return saved | more

    def _waiting(self) -> frozenset[str]:
        """Return what was saved besides, in the meantime."""
        found: frozenset[str] = frozenset()
        while not self._saves.empty():
            found |= self._saves.get_nowait()
        return found

    def _heed_echoes(self) -> None:
        """Pass over what changes during each run and never else: the program makes it, by its commands."""
        during = self._waiting()
        self._echoes = Counter({path: self._echoes[path] + 1 for path in during})
        rest = frozenset(path for path in during if self._echoes[path] <= _MOST_ECHOES)
        for path in during - rest:
            self.on_output(f"{path} changes whenever the program runs: it is not watched during runs")
        if rest:
            self._saves.put_nowait(rest)
