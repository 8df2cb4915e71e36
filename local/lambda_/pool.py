"""Execution environments of all functions: reuse, concurrency limits, retirement."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable

from local.lambda_.catalog import Function
from local.lambda_.environment import Environment
from local.lambda_.errors import ThrottledError

ACCOUNT_CONCURRENCY = 1000
"""AWS's default quota of concurrent runs in a region."""

IDLE_SECONDS = 600.0
"""How long an unused environment is kept; AWS does not promise a time."""

SETTLE_SECONDS = 0.05
"""How long an invocation waits for an environment that has answered but not yet asked for more."""

Kind = tuple[str, str]
"""Version and fingerprint: environments of one kind can stand in for each other."""


class Pool:
    """One environment per concurrent run; an idle one of the same configuration is used again.

    `create` makes an environment for a function, not yet started.
    """

    def __init__(
        self,
        create: Callable[[Function], Environment],
        account_concurrency: int = ACCOUNT_CONCURRENCY,
        idle_seconds: float = IDLE_SECONDS,
    ) -> None:
        self._create = create
        self._account_concurrency = account_concurrency
        self._idle_seconds = idle_seconds
        self._idle: defaultdict[str, list[Environment]] = defaultdict(list)
        self._busy: defaultdict[str, set[Environment]] = defaultdict(set)
        self._kind: dict[Environment, Kind] = {}
        self._settling: defaultdict[str, dict[Environment, asyncio.Event]] = defaultdict(dict)
        self._reapers: dict[Environment, asyncio.TimerHandle] = {}
        self._stopping: set[asyncio.Task[None]] = set()

    async def acquire(self, function: Function) -> tuple[Environment, bool]:
        """Return an environment and whether it is cold; raises `ThrottledError` beyond a limit."""
        kind = (function.version, function.fingerprint())
        environment = self._take_idle(function.name, kind)
        if environment is None and await self._settled(function.name, kind):
            environment = self._take_idle(function.name, kind)
        if environment is None:
            return self.create(function), True
        self._busy[function.name].add(environment)
        return environment, False

    def create(self, function: Function) -> Environment:
        """Return a new environment; raises `ThrottledError` beyond a limit."""
        self._check_concurrency(function)
        environment = self._create(function)
        self._kind[environment] = (function.version, function.fingerprint())
        self._busy[function.name].add(environment)
        return environment

    def answered(self, name: str, environment: Environment) -> None:
        """Note that a run has its outcome: the environment is about to be released or discarded."""
        self._settling[name][environment] = asyncio.Event()

    def release(self, name: str, environment: Environment) -> None:
        """Put an environment back after a run; a dead one is let go."""
        self._leave(name, environment)
        if not environment.alive or environment not in self._kind:
            self._retire(environment)
            return
        self._idle[name].append(environment)
        loop = asyncio.get_running_loop()
        self._reapers[environment] = loop.call_later(self._idle_seconds, self._expire, name, environment)

    def discard(self, name: str, environment: Environment) -> None:
        """Let an environment go whose worker failed or was killed."""
        self._leave(name, environment)
        self._retire(environment)

    async def close(self) -> None:
        """Stop all environments."""
        groups = (*self._idle.values(), *self._busy.values())
        everyone = [environment for group in groups for environment in group]
        self._idle.clear()
        for environment in everyone:
            self._retire(environment)
        await asyncio.gather(*self._stopping)

    def _leave(self, name: str, environment: Environment) -> None:
        self._busy[name].discard(environment)
        settled = self._settling[name].pop(environment, None)
        if settled:
            asyncio.get_running_loop().call_soon(settled.set)

    async def _settled(self, name: str, kind: Kind) -> bool:
        """Wait shortly for an environment that has just answered; a caller may be faster than its worker."""
        waiting = [
            asyncio.create_task(event.wait())
            for environment, event in self._settling[name].items()
            if self._kind.get(environment) == kind
        ]
        if not waiting:
            return False
        done, pending = await asyncio.wait(
            waiting, timeout=SETTLE_SECONDS, return_when=asyncio.FIRST_COMPLETED
        )
        for task in pending:
            task.cancel()
        return bool(done)

    def _check_concurrency(self, function: Function) -> None:
        limit = function.reserved_concurrency
        if limit is not None and len(self._busy[function.name]) >= limit:
            raise ThrottledError("ReservedFunctionConcurrentInvocationLimitExceeded")
        if sum(map(len, self._busy.values())) >= self._account_concurrency:
            raise ThrottledError("ConcurrentInvocationLimitExceeded")

    def _take_idle(self, name: str, kind: Kind) -> Environment | None:
        """Take the most recently used idle environment; those of an older configuration are let go."""
        found = None
        kept = []
        for environment in reversed(self._idle[name]):
            version, fingerprint = self._kind[environment]
            if not environment.alive or (version == kind[0] and fingerprint != kind[1]):
                self._retire(environment)
            elif found is None and (version, fingerprint) == kind:
                found = environment
                self._reapers.pop(environment).cancel()
            else:
                kept.append(environment)
        self._idle[name] = kept[::-1]
        return found

    def _expire(self, name: str, environment: Environment) -> None:
        self._idle[name].remove(environment)
        self._retire(environment)

    def _retire(self, environment: Environment) -> None:
        reaper = self._reapers.pop(environment, None)
        if reaper:
            reaper.cancel()
        self._kind.pop(environment, None)
        task = asyncio.create_task(environment.stop())
        self._stopping.add(task)
        task.add_done_callback(self._stopping.discard)
