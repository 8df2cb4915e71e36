"""Runs the tests of one mode in a process of its own and reports them here.

A process has one tracer provider and botocore is instrumented once, so that two modes in one process would
be a third, which nobody deploys.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest

_Reports = dict[str, list[pytest.TestReport]]
_KEPT = pytest.StashKey[dict[str, tuple[_Reports, str]]]()


def run(item: pytest.Item, nextitem: pytest.Item | None, mode: str, variable: str) -> bool | None:
    """Report a test that ran in the other process; `None` where it is to run here.

    `variable` names the file of reports in the other process's environment.
    """
    if mode == _mode_here():
        return None
    kept = item.session.stash.setdefault(_KEPT, {})
    if mode not in kept:
        kept[mode] = _run_all(item.session, mode, variable)
    reports, output = kept[mode]
    hook = item.ihook
    hook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    found = reports.get(item.nodeid, [])
    if not any(report.when == "teardown" for report in found):
        found = [*found, _lost(item, mode, output)]
    for report in found:
        hook.pytest_runtest_logreport(report=report)
    hook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    item.session._setupstate.teardown_exact(nextitem)  # noqa: SLF001 - fixtures of earlier tests end as if this one had run here
    return True


class Reporter:
    """Writes the reports of this process for the one that started it."""

    def __init__(self, config: pytest.Config, file: Path) -> None:
        self._config = config
        self._file = file

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        data = self._config.hook.pytest_report_to_serializable(config=self._config, report=report)
        with self._file.open("a", encoding="utf-8") as reports:
            reports.write(json.dumps(data) + "\n")


def _mode_here() -> str:
    from tracing_pytest.invocation import mode_here  # noqa: PLC0415 - imports `tracing`

    return mode_here()


def _run_all(session: pytest.Session, mode: str, variable: str) -> tuple[_Reports, str]:
    """Run every test of the mode; return their reports by node id, and what pytest printed."""
    config = session.config
    chosen = [item.nodeid for item in session.items if _mode_of(item) == mode]
    with tempfile.TemporaryDirectory() as scratch:
        reports, tests = Path(scratch) / "reports", Path(scratch) / "tests"
        reports.touch()
        tests.write_text("\n".join(f"{config.rootpath / nodeid}" for nodeid in chosen), encoding="utf-8")
        done = subprocess.run(
            [sys.executable, "-m", "pytest", *_options(config), f"@{tests}"],
            cwd=config.invocation_params.dir,
            env={**os.environ, "TRACING_MODE": mode, variable: str(reports)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        lines = reports.read_text(encoding="utf-8").splitlines()
    found: _Reports = {}
    for line in lines:
        report = config.hook.pytest_report_from_serializable(config=config, data=json.loads(line))
        found.setdefault(report.nodeid, []).append(report)
    return found, done.stdout


def _mode_of(item: pytest.Item) -> str | None:
    callspec = getattr(item, "callspec", None)
    return callspec.params.get("tracing_mode") if callspec else None


def _options(config: pytest.Config) -> Sequence[str]:
    """Return the options of this run, without the tests that it names and without more processes."""
    options = [str(option) for option in config.invocation_params.args if option not in config.args]
    return [*options, "-n0"] if config.pluginmanager.hasplugin("xdist") else options


def _lost(item: pytest.Item, mode: str, output: str) -> pytest.TestReport:
    message = f"the process for mode {mode} did not finish this test; it said:\n{output}"
    return pytest.TestReport(item.nodeid, item.location, {}, "failed", message, "call")
