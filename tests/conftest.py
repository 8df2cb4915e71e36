"""Tests, and what they start, know nothing of the AWS account of whoever runs them; nor do they trace."""

from __future__ import annotations

import atexit
import gc
import os
import re
import shutil
import signal
import sys
from collections.abc import Generator
from importlib import import_module
from itertools import chain, zip_longest
from tempfile import mkdtemp
from typing import Any

import pytest

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

# A script that starts tests in the background has them ignore Ctrl-C, and all that they start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@atexit.register
def _close_emitter() -> None:
    """The X-Ray SDK opens a socket when it is imported, and leaves it to Python to complain at the end."""
    if sdk := sys.modules.get("aws_xray_sdk.core"):
        sdk.xray_recorder.emitter._socket.close()


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Collect no garbage: what imports leave stays to the end, and looking through it takes seconds.

    Then collect a tenth as often as usual: the tests' own imports and servers add to what is looked through,
    which was a quarter of the time of many tests.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.set_threshold(10_000, 10, 10)
        gc.enable()


TOGETHER = [
    re.compile(
        r"tests/e2e/test_"
        r"(asking|compare|files|first_light|http_api|logs|mcp|proof|readme_commands|traced_stack|up)\.py"
    ),
    re.compile(r"tests/e2e/faults/"),
    re.compile(r"tests/parity/"),
]
"""Files that share what takes many seconds to start: the fixtures `demo`, `subjects` and `labs`."""
WAITS = re.compile(r"tests/(e2e|parity|waterfall/web)/")
"""Files that wait for what they started, often without a core that works."""
LONG = re.compile(r"tests/(components|fuzz)/|tests/(embedded_aws/)?test_\w+\.py")
"""Others that take long: started last, one of them would go on when there is nothing else to do."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let files that wait and files that work take turns, so that beside one that waits there is work."""
    units: dict[str, list[pytest.Item]] = {}
    for item in items:
        units.setdefault(_unit(item.nodeid), []).append(item)
    waiting = sorted((unit for unit in units.values() if WAITS.match(unit[0].nodeid)), key=_is_alone)
    working = sorted(
        (unit for unit in units.values() if not WAITS.match(unit[0].nodeid)),
        key=lambda unit: not LONG.match(unit[0].nodeid),
    )
    turns = chain.from_iterable(zip_longest(waiting, working, fillvalue=[]))
    items[:] = chain.from_iterable(turns)


def _is_alone(unit: list[pytest.Item]) -> bool:
    return len({item.path for item in unit}) == 1


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int | None:
    """Start two processes more than there are cores: tests also wait, for what they start."""
    if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ:
        return None
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return (cores or 1) + 2


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Give a process whole files, and all of those that share something."""
    from xdist.scheduler import LoadFileScheduling  # noqa: PLC0415 - a run in one process has none

    scheduler = LoadFileScheduling(config, log)
    scheduler._split_scope = _unit
    return scheduler


def _unit(nodeid: str) -> str:
    shared = (pattern.pattern for pattern in TOGETHER if pattern.match(nodeid))
    return next(shared, nodeid.partition("::")[0])
