"""Execution environments of all functions: reuse, concurrency limits, retirement."""

from __future__ import annotations

import asyncio
import os
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

from embedded_aws.aws.errors import ThrottledError
from embedded_aws.awslambda.catalog import Function
from embedded_aws.awslambda.runtime.environment import Environment

ACCOUNT_CONCURRENCY = 1000
"""AWS's default quota of concurrent runs in a region."""

IDLE_SECONDS = 600.0
"""How long an unused environment is kept; AWS does not promise a time."""

SETTLE_SECONDS = 0.05
"""How long an invocation waits for an environment that has answered but not yet asked for more."""

STARTS_AT_ONCE = max(2, os.cpu_count() or 1)
"""How many environments start at the same time. AWS has a machine for each; here a burst of starts would
share the processors, and every function would time out before any of them is up."""

START_SECONDS = 2.0
"""How long a start keeps others back: one that takes longer waits for something else than a processor."""

Kind = tuple[str, str]
"""Version and fingerprint: environments of one kind can stand in for each other."""


@dataclass(frozen=True, eq=False)
class _Waiting:
    """An invocation in line for an environment: `turn` becomes that, and whether it is cold."""

    function: Function
    kind: Kind
    turn: asyncio.Future[tuple[Environment, bool]]


class Pool:
    """One environment per concurrent run; an idle one of the same configuration is used again.

    `create` makes an environment for a function, not yet started; `starts_at_once` of them may start at the
    same time, further invocations wait for a start to end or for an environment that becomes idle. Functions
    of which the name is `alone` have one environment at a time.
    """

    def __init__(
        self,
        create: Callable[[Function], Environment],
        starts_at_once: int = STARTS_AT_ONCE,
        alone: Callable[[str], bool] = lambda _: False,
    ) -> None:
        self._create = create
        self._alone = alone
        self._starts_at_once = starts_at_once
        self._idle: defaultdict[str, list[Environment]] = defaultdict(list)
        self._busy: defaultdict[str, set[Environment]] = defaultdict(set)
        self._kind: dict[Environment, Kind] = {}
        self._settling: defaultdict[str, dict[Environment, asyncio.Event]] = defaultdict(dict)
        self._reapers: dict[Environment, asyncio.TimerHandle] = {}
        self._line: list[_Waiting] = []
        self._starting: dict[Environment, asyncio.TimerHandle] = {}
        self._stopping: set[asyncio.Task[None]] = set()
        self._closing = False

    async def acquire(self, function: Function) -> tuple[Environment, bool]:
        """Return an environment and whether it is cold; raises `ThrottledError` beyond a limit."""
        kind = (function.version, function.fingerprint())
        environment = self._take_idle(function.name, kind)
        if environment is None and await self._settled(function.name, kind):
            environment = self._take_idle(function.name, kind)
        if environment is not None:
            self._busy[function.name].add(environment)
            return environment, False
        self._check_concurrency(function)
        return await self._turn(function, kind)

    def replace(self, function: Function, environment: Environment) -> Environment:
        """Let an environment go and return a new one, outside the line; raises `ThrottledError`."""
        self.discard(function.name, environment)
        self._check_concurrency(function)
        return self._new(function)

    def started(self, environment: Environment) -> None:
        """Note that an environment is up, or failed: the next one may start."""
        timer = self._starting.pop(environment, None)
        if timer:
            timer.cancel()
            self._advance()

    def answered(self, name: str, environment: Environment) -> None:
        """Note that a run has its outcome: the environment is about to be released or discarded."""
        self._settling[name][environment] = asyncio.Event()

    def release(self, name: str, environment: Environment) -> None:
        """Put an environment back after a run; a dead one is let go."""
        if not environment.alive or environment not in self._kind:
            self.discard(name, environment)
            return
        self._leave(name, environment)
        self._idle[name].append(environment)
        loop = asyncio.get_running_loop()
        self._reapers[environment] = loop.call_later(IDLE_SECONDS, self._expire, name, environment)
        self._advance()

    def discard(self, name: str, environment: Environment) -> None:
        """Let an environment go whose worker failed or was killed."""
        self._leave(name, environment)
        self._retire(environment)
        self._advance()

    async def close(self) -> None:
        """Stop all environments; nobody gets another one."""
        self._closing = True
        for waiting in self._line:
            if not waiting.turn.done():
                waiting.turn.set_exception(ThrottledError("ConcurrentInvocationLimitExceeded"))
        self._line.clear()
        groups = (*self._idle.values(), *self._busy.values())
        everyone = [environment for group in groups for environment in group]
        self._idle.clear()
        for environment in everyone:
            self._retire(environment)
        await asyncio.gather(*self._stopping)

    async def _turn(self, function: Function, kind: Kind) -> tuple[Environment, bool]:
        """Wait for an idle environment or for a start, whichever comes first."""
        waiting = _Waiting(function, kind, asyncio.get_running_loop().create_future())
        self._line.append(waiting)
        self._advance()
        return await waiting.turn

    def _advance(self) -> None:
        """Give idle environments, then free starts, to those in line."""
        for waiting in list(self._line):
            environment = self._take_idle(waiting.function.name, waiting.kind)
            if environment is not None:
                self._busy[waiting.function.name].add(environment)
                self._serve(waiting, environment, cold=False)
        while (ready := self._ready()) and len(self._starting) < self._starts_at_once:
            # The function with the fewest first: those that wait for it may be holding all others.
            waiting = min(ready, key=lambda each: len(self._busy[each.function.name]))
            environment = self._new(waiting.function)
            loop = asyncio.get_running_loop()
            self._starting[environment] = loop.call_later(START_SECONDS, self.started, environment)
            self._serve(waiting, environment, cold=True)

    def _ready(self) -> list[_Waiting]:
        """Return those in line that may get an environment more."""
        names = {each.function.name for each in self._line}
        held = {name for name in names if self._busy[name] and self._alone(name)}
        return [each for each in self._line if each.function.name not in held]

    def _serve(self, waiting: _Waiting, environment: Environment, *, cold: bool) -> None:
        self._line.remove(waiting)
        if not waiting.turn.done():
            waiting.turn.set_result((environment, cold))

    def _new(self, function: Function) -> Environment:
        environment = self._create(function)
        self._kind[environment] = (function.version, function.fingerprint())
        self._busy[function.name].add(environment)
        return environment

    def _leave(self, name: str, environment: Environment) -> None:
        self._busy[name].discard(environment)
        self.started(environment)
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
        in_line = sum(waiting.function.name == function.name for waiting in self._line)
        if limit is not None and len(self._busy[function.name]) + in_line >= limit:
            raise ThrottledError("ReservedFunctionConcurrentInvocationLimitExceeded")
        running = sum(map(len, self._busy.values())) + len(self._line)
        if self._closing or running >= ACCOUNT_CONCURRENCY:
            raise ThrottledError("ConcurrentInvocationLimitExceeded")

    def _take_idle(self, name: str, kind: Kind) -> Environment | None:
        """Take the most recently used idle environment; those of an older configuration are let go."""
        found = None
        kept = []
        for environment in reversed(self._idle[name]):
            version, fingerprint = self._kind[environment]
            changed = version == kind[0] and fingerprint != kind[1]
            if changed or environment.outdated or not environment.alive:
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
