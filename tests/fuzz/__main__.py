"""Fuzzes everything that reads what others send: `make fuzz`, or `python -m tests.fuzz`.

Without options it runs 1,000,000 cases in process and 50,000 through sockets, on two processes. A finding is
an exception that escapes, an HTTP 500 or a connection without an answer, a stall of more than a second, or
memory that grows; each is printed with its input and the command that repeats it. Status 1 when there is one.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import sys
import time
from collections.abc import Iterator, Sequence

from tests.fuzz import server, sockets
from tests.fuzz.running import Finding, Report, Slice, slices
from tests.fuzz.workers import ALL, IN_PROCESS, SOCKETS, run_all

_SLICES = {True: 5_000, False: 20_000}
"""Cases of one process, through sockets or not."""


def main(arguments: Sequence[str] | None = None) -> int:
    given = _arguments(arguments)
    seed = given.seed if given.seed is not None else time.time_ns() % 1_000_000
    _say(f"seed {seed}")
    began = time.monotonic()
    reports: list[Report] = []
    with contextlib.ExitStack() as held:
        work = collections.deque(_work(given, seed))
        if any(part.target in SOCKETS for part in work):
            held.enter_context(server.server(sockets.warm_up))
        for report in run_all(work, given.processes):
            reports.append(report)
            _progress(report)
        reports += server.reports(seed)
    return _tell(reports, time.monotonic() - began)


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make fuzz", description=__doc__.partition("\n\n")[0])
    parser.add_argument("--seed", type=int, help="of all cases; by default another one each time")
    parser.add_argument("--target", action="append", choices=sorted(ALL), help="by default all")
    parser.add_argument("--cases", type=int, help="of each target, instead of its share of the full run")
    parser.add_argument("--first", type=int, default=0, help="the number of the first case")
    parser.add_argument("--in-process", type=int, default=1_000_000, help="cases without sockets")
    parser.add_argument("--sockets", type=int, default=50_000, help="cases through sockets")
    parser.add_argument("--processes", type=int, default=2)
    return parser.parse_args(arguments)


def _work(given: argparse.Namespace, seed: int) -> Iterator[Slice]:
    """Yield the slices, those through sockets last: the server keeps a processor busy."""
    for targets, total in ((IN_PROCESS, given.in_process), (SOCKETS, given.sockets)):
        weights = sum(target.weight for target in targets.values())
        for target in targets.values():
            if given.target and target.name not in given.target:
                continue
            share = -(-total * target.weight // weights)
            count = share if given.cases is None else given.cases
            yield from slices(target, seed, given.first, count, _SLICES[targets is SOCKETS])


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - a command's output


def _progress(report: Report) -> None:
    part, rate = report.slice, report.cases / max(report.seconds, 0.001)
    found = f", {sum(report.kinds.values())} findings" if report.kinds else ""
    _say(f"  {part.target:<12} {report.cases:>7,} cases  {rate:>8,.0f}/s{found}")


def _tell(reports: Sequence[Report], seconds: float) -> int:
    totals: dict[str, list[float]] = {}
    kinds: dict[tuple[str, str], Finding] = {}
    counts: collections.Counter[tuple[str, str]] = collections.Counter()
    for report in reports:
        total = totals.setdefault(report.slice.target, [0, 0.0])
        total[0] += report.cases
        total[1] += report.seconds
        for finding in report.findings:
            kinds.setdefault((finding.target, finding.kind), finding)
        counts.update({(report.slice.target, kind): count for kind, count in report.kinds.items()})
    _say(f"{'target':<14}{'cases':>10}{'cases/s':>10}")
    for name, (cases, took) in totals.items():
        _say(f"{name:<14}{cases:>10,.0f}{cases / max(took, 0.001):>10,.0f}")
    direct = sum(cases for name, (cases, _) in totals.items() if name in IN_PROCESS)
    through = sum(cases for name, (cases, _) in totals.items() if name in SOCKETS)
    _say(f"{direct:,.0f} cases in process and {through:,.0f} through sockets in {seconds:.0f} s")
    _say(f"{len(kinds)} kinds of findings" if kinds else "no findings")
    for key, finding in kinds.items():
        _say(f"\n[{counts[key]} times] {finding}")
    return 1 if kinds else 0


if __name__ == "__main__":
    sys.exit(main())
