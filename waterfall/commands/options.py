"""The options of the `waterfall` command."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from loopback_guard import parse_origin
from waterfall.commands import values
from waterfall.commands.reading import LATEST
from waterfall.traces import arguments
from waterfall.traces.client import LOCAL_ENDPOINT
from waterfall.why.question import question

if TYPE_CHECKING:
    from collections.abc import Sequence

    Commands = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - argparse has no public name

_SINCE = "from when: 30s, 10m, 2h or 1d ago, or an ISO time"
_EXIT = "Exit status: 0, 1 when it failed, 2 for wrong usage, 130 after Ctrl-C."


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line; exits with status 2 and one line when it is wrong."""
    parser = argparse.ArgumentParser(
        prog="waterfall",
        description="See where the time of a request went, on this machine or in an AWS account.",
        epilog=_EXIT,
    )
    commands = parser.add_subparsers(title="commands", dest="command", metavar="COMMAND", required=True)
    _add_up(commands)
    _add_show(commands)
    _add_traces(commands)
    _add_logs(commands)
    _add_map(commands)
    _add_console(commands)
    _add_compare(commands)
    _add_why(commands)
    _add_sampling(commands)
    _add_cost(commands)
    _add_fault(commands)
    _add_gameday(commands)
    options = parser.parse_args(argv)
    if options.command == "compare":
        _check_compare(parser, options)
    if options.command == "why":
        _read_question(parser, options)
    if options.command == "sampling" and options.method and not (options.path or "").startswith("/"):
        parser.error("sampling explain takes a method and a path, such as GET /checkout")
    if options.command == "fault" and options.action == "start" and not options.name:
        parser.error("fault start takes the name of an experiment; `waterfall fault list` shows them")
    if options.command == "logs" and options.trace and (options.follow or options.since is not None):
        parser.error("--follow and --since choose among all lines: leave them out with --trace")
    if options.command not in {"up", "gameday"} and not options.aws and (options.profile or options.region):
        parser.error("--profile and --region choose an AWS account: give them together with --aws")
    return options


def _check_compare(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    if len(options.traces) != (0 if options.modes else 2):
        parser.error("compare takes two traces, or --modes and none")
    if options.modes and (options.aws or options.endpoint != LOCAL_ENDPOINT):
        parser.error("--modes runs on this machine: give neither --aws nor --endpoint")
    if options.modes and "tracing" in dict(options.config):
        parser.error("--modes sets tracing itself: leave out --config tracing=...")
    if not options.modes and (options.directory != Path() or options.stack or options.config):
        parser.error("--directory, --stack and --config belong to --modes")


def _read_question(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    if options.list and options.request:
        parser.error("why takes a request or --list, not both")
    try:
        options.question = question(options.request)
    except ValueError as error:
        parser.error(str(error))


def _add_up(commands: Commands) -> None:
    up = commands.add_parser(
        "up",
        help="deploy the program onto an embedded AWS and show one request",
        description="Deploy a Pulumi program onto an embedded AWS on this machine, send one request, "
        "show its waterfall, and keep serving until Ctrl-C.",
        epilog=_EXIT,
    )
    _add_program(up)
    up.add_argument("--tracing", metavar="MODE", help="short for --config tracing=MODE")
    up.add_argument("--export", metavar="WAY", help="short for --config export=WAY")
    up.add_argument("--once", action="store_true", help="stop after the first request")
    for name, default, serves in _PORTS:
        up.add_argument(
            f"--{name}",
            default=default,
            type=values.port,
            metavar="N",
            help=f"{serves} (default: {default}; 0: any free)",
        )
    up.add_argument(
        "--allow-origin",
        action="append",
        default=[],
        type=values.told(parse_origin),
        metavar="URL",
        help="let the pages of a front end, such as http://localhost:3000, use AWS and OTLP; repeatable",
    )
    up.add_argument(
        "--data", type=Path, metavar="DIR", help="where traces are kept (default: DIR/.waterfall)"
    )
    up.add_argument(
        "--max-data",
        type=values.told(arguments.size),
        metavar="SIZE",
        help="what traces and logs take on disk at most; the oldest go first (default: 512M)",
    )


_PORTS = (
    ("port", 4566, "the AWS endpoint"),
    ("console-port", 8080, "the web console"),
    ("daemon-port", 2000, "the X-Ray daemon, UDP and TCP"),
    ("otlp-port", 4318, "the OTLP receiver, HTTP"),
)


def _add_program(parser: argparse._ActionsContainer) -> None:
    parser.add_argument(
        "-C", "--directory", default=Path(), type=Path, metavar="DIR", help="program folder (default: .)"
    )
    parser.add_argument(
        "--stack", metavar="NAME", help="the Pulumi stack whose settings are used (default: dev)"
    )
    parser.add_argument(
        "--config",
        action="append",
        default=[],
        type=values.setting,
        metavar="KEY=VALUE",
        help="override a setting",
    )


def _add_show(commands: Commands) -> None:
    show = _add_reading(
        commands,
        "show",
        "show one trace as a waterfall",
        "`latest` is the newest request, or the newest trace where there was no request.",
    )
    show.add_argument(
        "trace", nargs="?", default=LATEST, type=values.trace, metavar="TRACE", help="an id, or latest"
    )
    show.add_argument("--logs", action="store_true", help="also what its functions wrote")
    show.add_argument(
        "--details", action="store_true", help="also AWS's own annotations, metadata, stacks and clock skew"
    )


def _add_traces(commands: Commands) -> None:
    traces = _add_reading(commands, "traces", "list traces, newest first", "Lists traces, newest first.")
    traces.add_argument(
        "--since", default="6h", type=values.since, metavar="TIME", help=f"{_SINCE} (default: 6h)"
    )
    traces.add_argument("--limit", default=20, type=values.limit, metavar="N", help="how many (default: 20)")
    traces.add_argument(
        "--filter", metavar="EXPRESSION", help="an X-Ray filter expression, such as 'fault' or 'duration > 2'"
    )


def _add_logs(commands: Commands) -> None:
    logs = _add_reading(
        commands,
        "logs",
        "show what functions wrote: the latest lines, or those of a trace",
        "Shows the latest lines of all functions, newest last, or with --trace all lines of a trace's "
        "invocations, at their time in it. Reads CloudWatch Logs, the log groups /aws/lambda/*.",
    )
    logs.add_argument("functions", nargs="*", metavar="FUNCTION", help="only those whose names begin so")
    logs.add_argument(
        "--trace", type=values.trace, metavar="TRACE", help="of one trace only: an id, or latest"
    )
    logs.add_argument("-f", "--follow", action="store_true", help="go on with what comes in, until Ctrl-C")
    logs.add_argument(
        "--since", type=values.since, metavar="TIME", help=f"{_SINCE} (default: 1h; 1m with --follow)"
    )
    logs.add_argument(
        "--lines", default=100, type=values.limit, metavar="N", help="how many of the latest (default: 100)"
    )


def _add_map(commands: Commands) -> None:
    graph = _add_reading(commands, "map", "show the service map", "Shows what calls what, and how it went.")
    graph.add_argument(
        "--trace", type=values.trace, metavar="TRACE", help="of one trace only: an id, or latest"
    )
    graph.add_argument(
        "--since", default="1h", type=values.map_since, metavar="TIME", help=f"{_SINCE} (default: 1h)"
    )


def _add_console(commands: Commands) -> None:
    console = commands.add_parser(
        "console",
        help="show traces and the service map in a browser",
        description="Serves the web console on 127.0.0.1 until Ctrl-C.",
        epilog=_EXIT,
    )
    console.add_argument(
        "--port",
        default=8080,
        type=values.port,
        metavar="N",
        help="where to serve (default: 8080; 0: any free)",
    )
    _add_place(console)


def _add_compare(commands: Commands) -> None:
    compare = _add_reading(
        commands,
        "compare",
        "compare two traces, or the tracing modes",
        "Shows two traces side by side in normal form: without ids, times, generated values and what only "
        "names an SDK. With --modes it deploys the program twice on this machine, traced natively and with "
        "OpenTelemetry, and compares what one warm request leaves. Exit status 1 when they differ.",
    )
    compare.add_argument(
        "traces", nargs="*", type=values.trace, metavar="TRACE", help="two of: an id, latest"
    )
    modes = compare.add_argument_group("comparing the tracing modes")
    modes.add_argument("--modes", action="store_true", help="run the same request in each mode now")
    _add_program(modes)


def _add_why(commands: Commands) -> None:
    why = _add_reading(
        commands,
        "why",
        "explain why a request has a trace or none",
        "Says in one sentence each what decided about a request's trace: the stage, the header, the rule, "
        "each function, what arrived. With --aws, where none is remembered: what decides about such ones.",
    )
    why.add_argument(
        "request",
        nargs="*",
        metavar="REQUEST",
        help="a request id, a trace id, a URL, or a method and a URL (default: the last request)",
    )
    why.add_argument("--list", action="store_true", help="list the last requests instead")
    why.add_argument(
        "--limit", default=20, type=values.limit, metavar="N", help="of --list: how many (default: 20)"
    )


def _add_sampling(commands: Commands) -> None:
    sampling = _add_reading(
        commands,
        "sampling",
        "show the sampling rules, and which one decides about a request",
        "Shows the sampling rules in the order in which they are tried, each with a request that it is for, "
        "and which one decides about the request given. Nothing is sent or counted.",
    )
    sampling.add_argument("action", choices=["explain"], help="show and explain the rules")
    sampling.add_argument("method", nargs="?", metavar="METHOD", help="a request's method, such as GET")
    sampling.add_argument("path", nargs="?", metavar="PATH", help="and its path, such as /checkout")
    sampling.add_argument(
        "--service", metavar="API/STAGE", help="of which API (default: the one that the rules name)"
    )
    sampling.add_argument(
        "--header",
        action="append",
        default=[],
        type=values.header,
        metavar="NAME=VALUE",
        help="a request header",
    )


def _add_cost(commands: Commands) -> None:
    cost = _add_reading(
        commands,
        "cost",
        "estimate what traces cost in a month",
        "Estimates traces recorded and read, and X-Ray's price for a month, by sampling rule: from the "
        "requests of the last ten minutes, or from requests per second given with --rps.",
    )
    cost.add_argument(
        "--rps",
        action="append",
        default=[],
        type=values.per_second,
        metavar="[RULE=]N",
        help="requests per second of a rule (default: of the last rule before Default)",
    )
    cost.add_argument(
        "--kept",
        default=0.0,
        type=values.share,
        metavar="SHARE",
        help="share of untraced requests that keepErrors keeps, such as 0.01 (default: 0)",
    )
    cost.add_argument(
        "--reads",
        default=1.0,
        type=values.amount,
        metavar="N",
        help="reads of each recorded trace (default: 1)",
    )


def _add_fault(commands: Commands) -> None:
    fault = _add_reading(
        commands,
        "fault",
        "list, start and stop fault injection experiments",
        "Uses AWS FIS: `list` shows the experiments that can be started, `start` starts one by its name, "
        "`stop` stops one or all, `status` shows what was started and the time that is left.",
    )
    fault.add_argument("action", choices=("list", "start", "stop", "status"), help="what to do")
    fault.add_argument("name", nargs="?", metavar="NAME", help="an experiment's name or id")


def _add_gameday(commands: Commands) -> None:
    gameday = commands.add_parser(
        "gameday",
        help="run every experiment of the program under light load and report",
        description="Starts the program on this machine, runs its fault injection experiments one after the "
        "other under light load, and prints a report in Markdown: what the client saw, latencies against the "
        "baseline, the first waterfall of each failure, whether the system recovered, and weaknesses. Exit "
        "status 1 when there is a weakness, or something did not recover.",
        epilog=_EXIT,
    )
    _add_program(gameday)
    gameday.set_defaults(stack="gameday")
    gameday.add_argument(
        "--requests", default=20, type=values.limit, metavar="N", help="per experiment (default: 20)"
    )
    gameday.add_argument(
        "--clients", default=4, type=values.limit, metavar="N", help="that send at once (default: 4)"
    )
    gameday.add_argument("--report", type=Path, metavar="FILE", help="also write the report there")


def _add_reading(commands: Commands, name: str, summary: str, description: str) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=summary, description=description, epilog=_EXIT)
    _add_place(parser)
    parser.add_argument("--json", action="store_true", help="print JSON, its shape is stable")
    return parser


def _add_place(parser: argparse.ArgumentParser) -> None:
    place = parser.add_argument_group("where to read")
    choice = place.add_mutually_exclusive_group()
    choice.add_argument(
        "--endpoint", default=LOCAL_ENDPOINT, metavar="URL", help=f"a local stack (default: {LOCAL_ENDPOINT})"
    )
    choice.add_argument("--aws", action="store_true", help="the X-Ray of an AWS account")
    place.add_argument("--profile", metavar="NAME", help="with --aws: the profile")
    place.add_argument("--region", metavar="NAME", help="with --aws: the region")
