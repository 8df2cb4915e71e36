"""What commands work with, and what several of them do."""

from __future__ import annotations

import argparse
import shlex
import sys
import time
from collections.abc import Container, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rich.text import Text

from waterfall.ports import LOCAL_ENDPOINT
from waterfall.shell import typed
from waterfall.stack.registry import running
from waterfall.terminal.screen import Screen, screen_of, to_text
from waterfall.terminal.text import clean
from waterfall.traces import finding
from waterfall.traces.client import Reader, ReadError, Source, connect, exported_endpoint
from waterfall.traces.documents import text_of
from waterfall.traces.model import Trace
from waterfall.why.client import Journal


@dataclass(frozen=True, slots=True)
class Context:
    """What a command reads from, when, and how it shows what it found: as a picture or as `json`."""

    source: Source
    reader: Reader
    screen: Screen
    now: float
    json: bool

    def draw(self, lines: Iterable[Text]) -> str:
        return to_text(lines, self.screen)


def source_of(given: argparse.Namespace) -> Source:
    """Return where a command with the options of `add_source` reads; raises ReadError when it is unclear."""
    if given.aws:
        return Source(aws=True, profile=given.profile, region=given.region)
    stacks = running()
    regions = {stack.endpoint: stack.region for stack in stacks}
    endpoint = given.endpoint or _exported(regions)
    if endpoint is None and len(stacks) > 1:
        raise ReadError(
            "several stacks run: "
            + ", ".join(f"{stack.endpoint} ({stack.name} of {stack.directory})" for stack in stacks)
            + f"; choose one with --endpoint {stacks[0].endpoint}, or export AWS_ENDPOINT_URL"
        )
    endpoint = endpoint or next(iter(regions), LOCAL_ENDPOINT)
    return Source(endpoint, region=regions.get(endpoint) or _region_at(endpoint))


def showing(source: Source) -> str:
    """Return what to type to see a trace of a source, without its id: it says where, unless that is plain."""
    if source.aws:
        options = {"--profile": source.profile, "--region": source.region}
        given = [f"{name} {shlex.quote(value)}" for name, value in options.items() if value]
        return typed(" ".join(["show --aws", *given]))
    found = {stack.endpoint for stack in running()} or {LOCAL_ENDPOINT}
    is_plain = found == {source.endpoint} and _exported(found) in {None, source.endpoint}
    return typed("show" if is_plain else f"show --endpoint {source.endpoint}")


def _region_at(endpoint: str) -> str | None:
    """Return the region of a stack that nobody noted here, such as one in a container."""
    try:
        return text_of((Journal(endpoint).status() or {}).get("region"))
    except ReadError:  # whoever reads says so
        return None


def _exported(running: Container[str]) -> str | None:
    """Return the endpoint that the AWS SDKs of this shell use, if an embedded AWS answers there."""
    endpoint = exported_endpoint()
    if endpoint is None or endpoint in running:
        return endpoint
    try:
        return endpoint if Journal(endpoint).status() else None
    except ReadError:
        return None


def context_of(given: argparse.Namespace) -> Context:
    """Return the context of a command with the options of `add_reading`; raises ReadError."""
    source = source_of(given)
    return Context(source, connect(source), screen_of(sys.stdout), time.time(), given.json)


def printed(text: str) -> int:
    """Print the result of a command that went well; returns its exit status."""
    sys.stdout.write(text)
    return 0


def say(line: str) -> None:
    """Tell of progress."""
    sys.stderr.write(f"{screen_of(sys.stderr).glyphs.dot} {clean(line)}\n")
    sys.stderr.flush()


@contextmanager
def telling_losses(source: Source) -> Iterator[None]:
    """Say at the end what a full disk did not take: what is missed may be among it, found or not."""
    try:
        yield
    finally:
        for line in [] if source.aws else Journal(source.endpoint).lost():
            sys.stderr.write(f"waterfall: {clean(line)}\n")


def trace_of(context: Context, wanted: str) -> Trace:
    """Return a trace given by its id, a part of it, or as `latest`; raises ReadError when it is not there."""
    return finding.trace_of(context.reader, wanted, context.now)


def hint(context: Context) -> str:
    """Say where traces are when the account keeps them in CloudWatch Logs, after what was not found."""
    return finding.hint(context.reader)


def indexed_only(context: Context) -> str:
    """Say of an account with Transaction Search that X-Ray shows a share of its traces."""
    return finding.indexed_only(context.reader)
