"""The figures of `make bench`: what each is called, what it aims at, and why it misses that, if it does.

A part of the harness measures them (`Measured`); what is told of one that missed its aim stands here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace


@dataclass(frozen=True)
class Measured:
    """One figure of a run, in the unit of its row; `peers` has the same of others, by name.

    `note` is a line for below the table, such as what the figure is made of.
    """

    row: str
    value: float
    peers: Mapping[str, float] = field(default_factory=dict)
    note: str = ""


@dataclass(frozen=True)
class Aim:
    """A number in the row's unit; from there on, or `peer`'s, with what the row `plus` measured added."""

    number: float = 0
    peer: str = ""
    plus: str = ""

    def limit(self, own: Measured, others: Mapping[str, Measured]) -> float | None:
        """Return the number to keep to; None when this run did not measure what it follows from."""
        if (self.peer and self.peer not in own.peers) or (self.plus and self.plus not in others):
            return None
        return self.number + own.peers.get(self.peer, 0) + (others[self.plus].value if self.plus else 0)


@dataclass(frozen=True)
class Row:
    """One figure: less is better, unless `more` is. `reason` is told when it misses its aim."""

    id: str
    what: str
    unit: str
    aim: Aim | None = None
    reason: str = ""
    more: bool = False
    digits: int = 2
    large: bool = False
    """Only `make bench-large` measures it."""


@dataclass(frozen=True)
class Theme:
    """The figures of one table, with the sentence above it."""

    title: str
    text: str
    rows: tuple[Row, ...]


SDK = "X-Ray SDK"
POWERTOOLS = "Powertools"
ADOT = "ADOT"
MOTO = "moto server"
MINISTACK = "MiniStack"

MODES = {
    "off": "`off`",
    "native": "`native`",
    "slim": "`otel`, slim layer",
    "adot": "`otel`, ADOT layer",
    "otlp": "`otel`, slim layer, `export: otlp`",
    "unsampled": "`otel`, slim layer, not sampled",
    "keep": "`otel`, slim layer, not sampled, `keepErrors`",
}
"""The ways to trace with this library, as contenders and as rows are called."""
TRACED = ("native", "slim", "adot")
FIRST = ("off", *TRACED, "otlp")
CLIENTS = (1, 8, 64)
TRACES = SMALL, USUAL, LARGE = (30_000, 300_000, 3_000_000)
FROM_LAYER = "first.modules"

_WHILE_IT_IMPORTS = (
    "OpenTelemetry's SDK and instrumentation of botocore alone are imported with 1.6 times the instructions "
    "of the whole X-Ray SDK (131 and 80 million, counted with valgrind), this library with 31 million; "
    "`docs/performance.md` has each package"
)
FIRST_REASONS = {
    "native": (
        "beside the X-Ray SDK, less what that seldom uses, OpenTelemetry's API and this library are "
        "imported; the library is 29 of the 97 million instructions, counted with valgrind"
    ),
    "slim": _WHILE_IT_IMPORTS,
    "adot": _WHILE_IT_IMPORTS,
}


def _first() -> list[Row]:
    aims = {
        "native": Aim(5, SDK),
        "slim": Aim(5, SDK),
        "adot": Aim(5, SDK, plus=FROM_LAYER),
    }
    return [
        Row(
            f"first.{mode}",
            f"first response, added, {MODES[mode]}",
            "ms",
            aims.get(mode),
            FIRST_REASONS.get(mode, ""),
            digits=1,
        )
        for mode in FIRST
    ]


def _warm() -> list[Row]:
    aims = dict.fromkeys(("native", "slim", "adot"), Aim(0.30))
    reason = (
        "recording alone, with nothing sent, takes OpenTelemetry and the X-Ray SDK 0.7 of the instructions "
        "that the X-Ray SDK takes for all (0.47 and 0.44 of 0.64 million, counted with valgrind); this "
        "library adds the handler's span, and writes the documents"
    )
    return [
        Row(f"warm.{mode}", f"warm, added, {name}", "ms", aims.get(mode), reason)
        for mode, name in MODES.items()
    ]


def _memory() -> list[Row]:
    larger = "OpenTelemetry's SDK and instrumentation are larger than the X-Ray SDK"
    reasons = {"adot": f"{larger}, and that layer's `typing_extensions` imports `asyncio`, 1.3 MB"}
    return [
        Row(
            f"memory.{mode}",
            f"memory, added, {MODES[mode]}",
            "MB",
            Aim(0, POWERTOOLS),
            reasons.get(mode, larger),
            digits=1,
        )
        for mode in TRACED
    ]


TRACING = Theme(
    "What tracing adds to an invocation",
    "One span with an annotation and metadata, one boto3 call that is answered at once, under Lambda's own "
    "runtime client; warm is from an event until the runtime asks for the next. ADOT is its "
    "auto-instrumentation.",
    (
        Row("first.none", "first response, no tracing", "ms", digits=1),
        Row(FROM_LAYER, "first response, added by the same modules of the ADOT layer alone", "ms", digits=1),
        *_first(),
        Row("warm.none", "warm, no tracing", "ms"),
        *_warm(),
        Row("memory.none", "memory of the worker, no tracing", "MB", digits=1),
        *_memory(),
    ),
)  # fmt: skip

IMPORTS = Theme(
    "What it is made of",
    "CPU of the import alone, beside boto3, and what lies in `/opt`, bytecode included.",
    (
        *(Row(f"import.{mode}", f"import, {MODES[mode]}", "ms", digits=1) for mode in ("off", *TRACED)),
        Row("size.native", "layers, `native`, unpacked", "MB", digits=1),
        Row("size.slim", "layers, `otel`, slim, unpacked", "MB", digits=1),
    ),
)

_MOTO = "beside HTTP a call takes some 0.2 ms, most of it in moto's class for it"
_INVOKE = (
    "each comes after 50 ms of MiniStack's, in which caches get cold; one after another take 1.7 ms, of "
    "which boto3 takes 0.9 and the worker 0.35"
)
_CALLS = {
    "dynamodb.PutItem": "DynamoDB PutItem",
    "dynamodb.GetItem": "DynamoDB GetItem",
    "sqs.SendMessage": "SQS SendMessage",
    "sqs.ReceiveMessage": "SQS ReceiveMessage",
}

CALLS = Theme(
    "Calls of AWS",
    "p50 of the same boto3 clients, in turns of ten calls; moto's server runs functions in Docker alone.",
    (
        *(Row(f"call.{id_}", what, "ms", Aim(0, MINISTACK), _MOTO) for id_, what in _CALLS.items()),
        Row("call.lambda.Invoke", "Lambda Invoke, warm", "ms", Aim(2), _INVOKE),
        Row("call.xray.PutTraceSegments", "X-Ray PutTraceSegments, 50 at a time", "segments/s", more=True,
            digits=0),
    ),
)  # fmt: skip

REQUESTS = Theme(
    "Requests through the gateway",
    "REST API with a proxy integration and a warm function; here each request leaves a trace.",
    tuple(
        row
        for clients in CLIENTS
        for row in (
            Row(f"request.{clients}.p50", f"{clients} at a time, p50", "ms"),
            Row(f"request.{clients}.rate", f"{clients} at a time", "requests/s", more=True, digits=0),
        )
    ),
)

STARTS = Theme(
    "Starting",
    "Of `serve` until DynamoDB answers, of `up` until the demo is deployed; memory is that of all processes.",
    (
        Row("start.serve", "`waterfall serve`", "s", Aim(0.5), "importing services and moto takes it"),
        Row("start.up", "`waterfall up`", "s", Aim(1.5), "imports take it, Pulumi's first"),
        Row("start.show", "`waterfall show`", "s", Aim(0.2), "importing botocore takes it"),
        Row("memory.serve", "memory of `serve`, idle", "MB", Aim(120), "moto and its models are loaded",
            digits=0),
        Row("setup.seconds", "set-up from nothing, downloaded too", "s", Aim(60), "pip takes it", digits=0),
        Row("setup.size", "its virtual environment", "MB", Aim(500), digits=0),
    ),
)  # fmt: skip

_CHECKS = "each field of a document is checked, and each call is a transaction"
_ONE = "one process answers and stores, in turn"
_WHOLE = "documents are kept as they came, and compressed 256 traces at a time"
_ORDER = (
    "all traces that match were brought into the order of their time, for a page of 100; "
    "only the newest ones are since, which was not measured again"
)
_ENDS = (
    "the seconds before its first minute and after its last one were summed anew each time; "
    "they are kept since, which was not measured again"
)
_STORE = (
    Row("put", "PutTraceSegments", "segments/s", Aim(50_000), _CHECKS, more=True, digits=0),
    Row("list", "list without a filter", "ms", digits=1),
    Row("filter", "filtered list, the slowest of six", "ms", Aim(50), _ORDER, digits=1),
    Row("map", "map of the hour", "ms", Aim(50), _ENDS, digits=1),
    Row("trace", "one trace", "ms", Aim(2)),
)


def _store(part: str, traces: int, *, large: bool) -> Theme:
    return Theme(
        f"X-Ray's store with {traces:,} traces",
        "Of three segments each, spread over an hour, compressed when they are quiet; without the socket.",
        tuple(
            replace(row, id=f"{part}.{row.id}", what=f"{traces:,} traces, {row.what}", large=large)
            for row in _STORE
        ),
    )


def _growth(traces: int, clients: int) -> tuple[Row, Row]:
    id_, what, large = (
        f"growth.{traces}.{clients}",
        f"{traces:,} traces, {clients} at a time",
        traces == LARGE,
    )
    return (
        Row(f"{id_}.p50", f"{what}, p50", "ms", digits=1, large=large),
        Row(f"{id_}.rate", what, "answers/s", more=True, digits=0, large=large),
    )


def _kept(traces: int) -> tuple[Row, Row]:
    id_, what, large = f"growth.{traces}", f"{traces:,} traces", traces == LARGE
    aim = None if traces == SMALL else Aim(1.5)
    return (
        Row(f"{id_}.disk", f"{what}, disk for each", "kB", aim, _WHOLE, large=large),
        Row(f"{id_}.memory", f"{what}, memory", "MB", digits=0, large=large),
    )


STORE = _store("store", USUAL, large=False)
STORE_LARGE = _store("large", LARGE, large=True)
GROWTH = Theme(
    "Growth",
    "The failed traces of the last hour, asked for through the endpoint.",
    (
        *(row for traces in TRACES for clients in CLIENTS for row in _growth(traces, clients)),
        *(row for traces in TRACES for row in _kept(traces)),
        Row("busy.trace", f"{USUAL:,} traces and 5,000 segments/s coming in, one trace", "ms", Aim(10), _ONE),
        Row("busy.list", f"{USUAL:,} traces and 5,000 segments/s coming in, list", "ms", Aim(10), _ONE),
    ),
)

THEMES = (TRACING, IMPORTS, CALLS, REQUESTS, STARTS, STORE, STORE_LARGE, GROWTH)
