"""What each function did: Lambda's own segments, and what the function itself sent."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus

from waterfall.why.facts import Evidence, Function, InvocationRecord
from waterfall.why.reasons import Reason, listed
from waterfall.why.sampled import SAMPLED_HEADER, own_rule_reasons

_ADOT_WRAPPER = "AWS_LAMBDA_EXEC_WRAPPER"
_MODE = "Set `tracing` to otel or native."
_KEEP = "Set keepErrors in the setting sampling: failures are then sent whatever the rules say."


def decision_reasons(invocation: InvocationRecord) -> Iterator[Reason]:
    """Say what decided about an invocation that came from outside; the first to be asked decides for all."""
    name = invocation.function
    yield _invoked(invocation)
    if invocation.mode != "Active":
        yield _pass_through(name, stop=True)
    elif invocation.sampled is True:
        yield Reason(
            "ok", f"{_said(invocation, 'Sampled=1')}: it is traced, Lambda's own rule was not asked."
        )
    elif invocation.sampled is False:
        queue = invocation.event_source is not None
        yield Reason(
            "stop",
            f"{_said(invocation, 'Sampled=0')}, and Lambda obeys.",
            "Have the senders' requests sampled: their rules decide."
            if queue
            else f"The caller decided: invoke it with {SAMPLED_HEADER}.",
            "who sent the messages was not sampled" if queue else "its caller said Sampled=0",
            "senders not sampled" if queue else "caller: Sampled=0",
        )
    elif invocation.decision:
        yield from own_rule_reasons(name, invocation.decision)


def _invoked(invocation: InvocationRecord) -> Reason:
    name, source = invocation.function, invocation.event_source
    if source is None:
        how = "asynchronously" if invocation.type == "Event" else "directly"
        return Reason("ok", f"{name} was invoked {how}.")
    linked = f", linked to {len(invocation.links)} of the senders' traces" if invocation.links else ""
    if invocation.source_kind == "stream":
        return Reason(
            "ok",
            f"{name} was invoked with records of {_stream(source)}: a trace of its own. "
            "Streams carry no trace header, so nothing leads back to who wrote them.",
        )
    queue = source.rpartition(":")[2]
    return Reason("ok", f"{name} was invoked with messages of the queue {queue}: a trace of its own{linked}.")


def _stream(arn: str) -> str:
    """Name a stream by its ARN: `…:stream/NAME` of Kinesis, `…:table/NAME/stream/TIME` of a table."""
    kind, name, *_ = arn.split(":", 5)[-1].split("/")
    return f"the table {name}'s stream" if kind == "table" else f"the stream {name}"


def _said(invocation: InvocationRecord, decision: str) -> str:
    if invocation.event_source is not None:
        return f"The messages' senders say {decision}"
    return f"The X-Amzn-Trace-Id that {invocation.function} was invoked with says {decision}"


def _pass_through(name: str, *, stop: bool) -> Reason:
    text = f"{name} has Lambda's tracing mode PassThrough: Lambda sends no segments for it"
    return Reason(
        "stop" if stop else "gap",
        f"{text}, and decides nothing." if stop else f"{text}.",
        "Set the function's tracing_config to Active (in this program a `tracing` other than off).",
        f"Lambda's tracing mode of {name} is PassThrough",
        "function: PassThrough",
    )


def function_reasons(evidence: Evidence) -> Iterator[Reason]:
    """Say what each function that ran left, in the order in which they were called."""
    own = {id_: count for trace in evidence.stored for id_, count in trace.own.items()}
    obeyed = [one.function for one in _calls(evidence) if one.mode == "Active" and one.sampled is False]
    if obeyed:
        called = listed(list(dict.fromkeys(obeyed)))
        yield Reason(
            "info", f"{called} {'were' if len(obeyed) > 1 else 'was'} called with Sampled=0 and obeyed."
        )
    for invocation in evidence.invocations:
        name, function = invocation.function, evidence.functions.get(invocation.function)
        if invocation in _calls(evidence):
            yield from _called(invocation)
        if invocation.status == HTTPStatus.TOO_MANY_REQUESTS:
            yield Reason("info", f"Lambda throttled the call of {name} (429): it did not run.")
        if invocation.recorded:
            yield from _sent(invocation, function, own.get(invocation.id))
        elif invocation.id in own:
            yield Reason("ok", f"{name} was sent although it was not sampled: keepErrors kept it.")
        elif function and function.keeps:
            yield _kept_nothing(invocation, function)
        elif function and function.library == "off":
            yield Reason(
                "info", f"{name} sends nothing itself: its own tracing is off (TRACING_MODE=off).", _MODE
            )
        elif invocation.failed:
            yield Reason("info", f"{name} failed, and nothing keeps failures that are not sampled.", _KEEP)


def _calls(evidence: Evidence) -> list[InvocationRecord]:
    """Return the invocations that the entry caused, without itself."""
    return [one for one in evidence.invocations if evidence.entry is None or one.id != evidence.entry.id]


def _called(invocation: InvocationRecord) -> Iterator[Reason]:
    name = invocation.function
    if invocation.mode != "Active":
        yield _pass_through(name, stop=False)
    elif invocation.decision:
        yield from _began_itself(invocation)


def _began_itself(invocation: InvocationRecord) -> Iterator[Reason]:
    for reason in own_rule_reasons(invocation.function, invocation.decision) if invocation.decision else ():
        yield Reason("ok" if reason.state == "ok" else "info", reason.text, reason.fix)


def _sent(invocation: InvocationRecord, function: Function | None, count: int | None) -> Iterator[Reason]:
    """Say what a sampled invocation left besides Lambda's own segments."""
    name = invocation.function
    if count:
        by = f" ({function.library})" if function and function.library else ""
        yield Reason("ok", f"{name} sent {count} of its own spans{by} besides Lambda's segments.")
    elif invocation.end is None:
        yield Reason("info", f"{name} still runs: what it sends comes with its end.")
    elif function and count is not None:
        yield _silent(function)
    elif invocation.status != HTTPStatus.TOO_MANY_REQUESTS:
        yield Reason("info", f"Lambda's own segment of {name} has not arrived yet, nor what is inside of it.")


def _silent(function: Function) -> Reason:
    """Say why a sampled function left Lambda's segments only."""
    name, mode = function.name, function.library
    only = f"only Lambda's segments are there for {name}"
    if mode == "off":
        return Reason("gap", f"Its own tracing is off (TRACING_MODE=off): {only}.", _MODE)
    if not function.layers and _ADOT_WRAPPER not in function.variables:
        return Reason(
            "gap",
            f"It has no layer, and so most likely no tracing library: {only}.",
            "Give it the layers of TracingLayers, or a package with the library and its SDK.",
        )
    if not mode and _ADOT_WRAPPER not in function.variables:
        return Reason(
            "gap",
            f"It names no TRACING_MODE, and nothing came from the function itself: {only}.",
            "Set TRACING_MODE to otel or native, and wrap the handler in capture_lambda_handler.",
        )
    return Reason(
        "gap",
        f"Nothing came from the function itself, though its tracing is set to {mode or 'ADOT'}: {only}.",
        "Wrap its handler in capture_lambda_handler; its log says what the library lacks (`tracing` lines).",
    )


def _kept_nothing(invocation: InvocationRecord, function: Function) -> Reason:
    name, keeps = function.name, f"keepErrors ({function.keeps})"
    if function.library == "native":
        return Reason(
            "info", f"{keeps} does nothing in {name}: the native X-Ray SDK records nothing unsampled."
        )
    if invocation.failed:
        return Reason(
            "gap",
            f"{name} failed, and {keeps} sent nothing: more than keepPerSecond failed at once, it failed "
            "before the library was there, or the decorator capture_lambda_handler is missing.",
        )
    return Reason("info", f"{keeps} had no reason to send {name}: nothing failed in it.")
