"""A pytest plugin: run a handler offline, in both modes, or a whole program, and get traces as trees.

It is a package beside `tracing`, since pytest imports plugins at its start and importing `tracing` sets
tracing up. Nothing is imported or set up until a test asks for a fixture.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tracing_pytest.invocation import Traced
    from tracing_pytest.stack import StackTrace, TracedStack
    from tracing_pytest.trace import Node, Trace

__all__ = ["Node", "StackTrace", "Trace", "Traced", "TracedStack"]

_NEEDS = {"otel": "opentelemetry-sdk", "native": "aws-xray-sdk"}
_MODULES = {"otel": ("opentelemetry", "opentelemetry.sdk"), "native": ("opentelemetry", "aws_xray_sdk")}
_REPORTS = "TRACING_PYTEST_REPORTS"
_REPORTER = "tracing-reporter"
_UPDATE = "--update-traces"
_DIRECTORY = "traced_stack_directory"
_CONFIG = "traced_stack_config"
_RUNS = pytest.StashKey[list[tuple[str, str]]]()


def __getattr__(name: str) -> object:
    """Return a public type; imported when it is asked for."""
    if name == "Traced":
        from tracing_pytest.invocation import Traced  # noqa: PLC0415 - imports `tracing`

        return Traced
    if name in {"StackTrace", "TracedStack"}:
        from tracing_pytest import stack  # noqa: PLC0415 - imports the viewer

        return getattr(stack, name)
    if name in {"Node", "Trace"}:
        from tracing_pytest import trace  # noqa: PLC0415 - pytest's start stays as fast as it was

        return getattr(trace, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


@pytest.fixture(params=_NEEDS)
def tracing_mode(request: pytest.FixtureRequest) -> str:
    """Return the mode that the test runs in: each test runs in `otel` and in `native`.

    `@pytest.mark.parametrize("tracing_mode", ["otel"], indirect=True)` narrows that.
    """
    mode: str = request.param
    if mode not in _NEEDS:
        pytest.fail(f"tracing_mode={mode!r} is unknown; allowed: {', '.join(_NEEDS)}")
    if not _installed(mode):
        pytest.skip(f"mode {mode} needs the package {_NEEDS[mode]}")
    return mode


@pytest.fixture
def traced(request: pytest.FixtureRequest, tracing_mode: str) -> Iterator[Traced]:
    """Return what runs a handler and gives its trace.

    `trace = traced(handler, event)`
    """
    from tracing_pytest.invocation import collecting  # noqa: PLC0415 - imports `tracing`

    with collecting(tracing_mode) as run:
        request.node.stash[_RUNS] = run.pictures
        yield run


@pytest.fixture(scope="session")
def traced_stack(request: pytest.FixtureRequest) -> Iterator[TracedStack]:
    """Return the program, as it runs on the embedded AWS, started once for a run of pytest.

    `traced_stack.request("GET /hello").assert_matches("traces/hello.trace")`
    """
    from tracing_pytest.stack import started  # noqa: PLC0415 - imports the viewer

    config = request.config
    directory = config.rootpath / config.getini(_DIRECTORY)
    with started(directory, config.getini(_CONFIG), update=config.getoption(_UPDATE)) as stack:
        yield stack


def pytest_addoption(parser: pytest.Parser) -> None:
    """Take what `traced_stack` needs to know."""
    group = parser.getgroup("tracing")
    group.addoption(_UPDATE, action="store_true", help="write the recordings that `assert_matches` names")
    parser.addini(
        _DIRECTORY, "the folder of the Pulumi program, from that of pytest's configuration", default="."
    )
    parser.addini(
        _CONFIG, "settings of the program for tests: KEY=VALUE, one a line", type="linelist", default=[]
    )


def pytest_configure(config: pytest.Config) -> None:
    """Report to the process that started this one for its mode, if one did."""
    if file := os.environ.pop(_REPORTS, None):  # what the tests start is not that process
        from tracing_pytest.elsewhere import Reporter  # noqa: PLC0415 - only in such a process

        config.pluginmanager.register(Reporter(config, Path(file)), _REPORTER)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
    """Run a test of another mode in a process of its own: a process has one mode, as a function has."""
    callspec = getattr(item, "callspec", None)
    mode = callspec.params.get("tracing_mode") if callspec else None
    if mode not in _NEEDS or not _installed(mode) or item.config.pluginmanager.hasplugin(_REPORTER):
        return None
    from tracing_pytest import elsewhere  # noqa: PLC0415 - only where it is used

    return elsewhere.run(item, nextitem, mode, _REPORTS)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the traces of a failed test as trees."""
    report = yield
    if report.failed and _RUNS in item.stash:
        pictures: list[tuple[str, str]] = item.stash[_RUNS]
        report.sections += pictures
    return report


def _installed(mode: str) -> bool:
    return all(find_spec(module) for module in _MODULES[mode])
