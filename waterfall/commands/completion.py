"""`waterfall completion`: what a shell needs to complete commands, options, traces, functions and stacks."""

from __future__ import annotations

import argparse
import json
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import urlencode

from waterfall.commands.context import printed
from waterfall.commands.options import Command
from waterfall.shell import anywhere
from waterfall.stack.registry import running
from waterfall.traces.client import LOCAL_REGION, ReadError, exported_endpoint
from waterfall.why.client import Journal

SHELLS = ("bash", "zsh", "fish")
KINDS = ("traces", "functions", "stacks")
"""What the shell asks for when the tab key is pressed, by metavars below."""
_ASKED = {"TRACE": "traces", "FUNCTION": "functions"}
_FILES = {"FILE", "EVENT.json"}
_FOLDERS = {"DIR"}
_NEWEST = 100
_PATIENCE = 5.0


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "shell",
        choices=(*SHELLS, *KINDS),
        metavar="SHELL",
        help="bash, zsh or fish; or traces, functions, stacks: what the shell completes with",
    )


def _run(given: argparse.Namespace) -> int:
    if given.shell in KINDS:
        return printed("".join(f"{one}\n" for one in dict.fromkeys(candidates(given.shell))))
    return printed(script(given.whole(), given.shell))


def candidates(kind: str) -> Iterator[str]:
    """Yield what can be typed; without boto3, which takes too long to start.

    Of all stacks that run, or of the one that this shell names: commands read that one.
    """
    exported = exported_endpoint()
    stacks = {stack.endpoint: stack.region for stack in running()} or ({exported: ""} if exported else {})
    if exported in stacks and kind != "stacks":
        stacks = {exported: stacks[exported]}
    for endpoint, region in stacks.items():
        with suppress(ReadError, OSError, ValueError):
            if kind == "stacks":
                yield endpoint
            elif kind == "traces":
                for request in Journal(endpoint).newest(_NEWEST) or ():
                    yield from request["traces"]
            else:
                yield from _functions(endpoint, region or _region_at(endpoint))


def _region_at(endpoint: str) -> str:
    return str((Journal(endpoint).status() or {}).get("region") or LOCAL_REGION)


def _functions(endpoint: str, region: str) -> Iterator[str]:
    """Yield the names of functions: https://docs.aws.amazon.com/lambda/latest/api/API_ListFunctions.html.

    Region and service stand in the signature, which nobody checks.
    """
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    scope = f"Credential=test/20260101/{region}/lambda/aws4_request"
    signed = {"Authorization": f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=none"}
    page: str | None = ""
    while page is not None:
        url = f"{endpoint}/2015-03-31/functions/?{urlencode({'Marker': page} if page else {})}"
        with direct.open(urllib.request.Request(url, headers=signed), timeout=_PATIENCE) as answer:  # noqa: S310 - of a stack
            told = json.load(answer)
        yield from (str(one["FunctionName"]) for one in told["Functions"])
        page = told.get("NextMarker")


def script(parser: argparse.ArgumentParser, shell: str) -> str:
    """Return the completion script of a command line."""
    import shtab  # noqa: PLC0415 - the tab key does without

    for action in _actions(parser):
        if completer := _completer(action, shtab):
            action.complete = completer  # type: ignore[attr-defined] # where shtab looks for it
    text: str = shtab.complete(parser, shell=shell)
    return text


def _actions(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    for action in parser._actions:  # noqa: SLF001 - argparse lets nobody else look at them
        yield action
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001 - likewise
            for own in action.choices.values():
                yield from _actions(own)


def _completer(action: argparse.Action, shtab: Any) -> Any:
    metavar = action.metavar
    if metavar in _FILES:
        return shtab.FILE
    if metavar in _FOLDERS:
        return shtab.DIRECTORY
    kind = "stacks" if action.dest == "endpoint" else _ASKED.get(str(metavar))
    return shtab.cmd(f"{anywhere()} completion {kind} 2>/dev/null") if kind else None


COMMAND = Command(
    'Prints a script for a shell. For bash: eval "$(waterfall completion bash)" in ~/.bashrc; for zsh '
    "the same with zsh in ~/.zshrc, after compinit; for fish: waterfall completion fish | source. It "
    "completes commands, options and files, and of the stacks that run traces, functions and endpoints.",
    _add_options,
    _run,
)
