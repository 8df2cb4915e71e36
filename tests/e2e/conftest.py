"""The running stacks that all end-to-end tests share; each starts when the first test asks for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.e2e import lab as labs
from tests.e2e.lab import Lab
from tests.e2e.stack import Stack, running

WORK_SECONDS = 0.3
"""How long the demo's worker works: seen in the waterfall, and no longer than that needs."""
DEMOS = {
    "otel-xray": (),
    "otel-otlp": ("--tracing", "otel", "--export", "otlp"),
    "otel-slim": ("--config", "otelLayer=slim"),
    "native": ("--tracing", "native"),
    "off": ("--tracing", "off"),
}
"""By the name of a way to trace: what `waterfall up` is given, as the README has it."""

Demo = Callable[[str], Stack]
"""Gives the demo program as it runs with one of the settings of `DEMOS`."""


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """Run `waterfall up` once for each of the settings that tests ask for.

    Tests send requests and read what these left; who changes more than that starts a stack of its own.
    """
    started: dict[str, Stack] = {}
    with ExitStack() as held:

        def of(name: str) -> Stack:
            if name not in started:
                settings = (*DEMOS[name], "--config", f"workSeconds={WORK_SECONDS}")
                data, state = (tmp_path_factory.mktemp(folder) for folder in (name, "state"))
                started[name] = held.enter_context(running(data, *settings, state=state))
            return started[name]

        yield of


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """An embedded AWS in this process, without a program: tests deploy functions under names of their own."""
    with labs.running(tmp_path_factory.mktemp("lab")) as lab:
        yield lab
