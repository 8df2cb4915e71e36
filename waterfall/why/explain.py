"""From facts to an explanation: a verdict and one sentence for each thing that decided. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from waterfall.why.facts import ApiRequest, Entry, Evidence
from waterfall.why.functions import decision_reasons, function_reasons
from waterfall.why.gateway import is_untraced_kind, request_reasons
from waterfall.why.reasons import Explanation, Reason, first_stop

RETENTION = 30 * 86400
_RECEIVE_BUFFER = "On Linux, sysctl -w net.core.rmem_max=16777216 gives the daemon room."


def explain(evidence: Evidence) -> Explanation:
    """Explain one request or invocation that is known."""
    entry = evidence.entry
    if entry is None:
        raise ValueError("there is no request to explain")
    deciding = _deciding(entry, evidence)
    reasons = [*deciding, *function_reasons(evidence), *_arrivals(evidence)]
    trace_id = evidence.stored[0].id if evidence.stored else None
    return Explanation(_verdict(evidence, reasons), tuple(reasons), trace_id)


def explain_trace(trace_id: str, evidence: Evidence, known: Sequence[Reason], now: float) -> Explanation:
    """Explain a trace whose request nobody remembers; `known` says why, and what else is to be known."""
    reasons = [*known, *_arrivals(evidence)]
    if evidence.stored:
        return Explanation(f"There is a trace: {trace_id}", tuple(reasons), trace_id)
    age = now - int(trace_id[2:10], 16)
    clause = "nothing of it has arrived, and no request of it is known"
    if age > RETENTION:
        clause = f"it would be {age / 86400:.0f} days old, and X-Ray keeps traces for 30 days"
        reasons.append(
            Reason("stop", f"By its id it began {age / 86400:.0f} days ago; X-Ray keeps traces for 30.")
        )
    return Explanation(f"No trace: {clause}", tuple(reasons))


def brief(entry: Entry, traces: Sequence[str]) -> str:
    """Say in two or three words why there is a trace or none."""
    stop = first_stop(_deciding(entry, None))
    if traces:
        return "traced" if stop is None else "partly" if traces[0] == entry.trace_id else "function's own"
    return stop.brief if stop else "no function" if _called_none(entry) else "nothing arrived"


def _deciding(entry: Entry, evidence: Evidence | None) -> list[Reason]:
    if isinstance(entry, ApiRequest):
        reasons = request_reasons(entry, evidence.deployed if evidence else {})
        called = evidence.invocations[:1] if evidence and is_untraced_kind(entry) else ()
        return [*reasons, *(reason for one in called for reason in decision_reasons(one))]
    return list(decision_reasons(entry))


def _arrivals(evidence: Evidence) -> Iterator[Reason]:
    """Say what came to X-Ray."""
    for trace in evidence.stored:
        count = evidence.documents.get(trace.id, 0)
        documents = f"{count} segment document{'s' * (count != 1)}" if count else "Its segment documents"
        kept = f" It was kept: {trace.kept}." if trace.kept else ""
        yield Reason("ok", f"{documents} arrived: X-Ray has the trace {trace.id}.{kept}")
        yield from (Reason("gap", warning) for warning in trace.warnings)
    for refusal in evidence.refused:
        of = f" of {refusal.name}" if refusal.name else ""
        yield Reason("gap", f"X-Ray refused a document{of}: {refusal.message}")
    yield from _daemon(evidence)


def _daemon(evidence: Evidence) -> Iterator[Reason]:
    """Tell of what the daemon lost or dropped: of which trace it was cannot be known."""
    lost = evidence.daemon.get("lost", 0)
    if lost:
        text = f"The daemon lost {lost} datagrams since it started, of whichever traces: its buffer was full."
        yield Reason("gap", text, _RECEIVE_BUFFER)
    for name, count in evidence.daemon.items():
        cause = name.removeprefix("rejected: ")
        if cause != name and not cause.startswith("X-Ray answered"):
            yield Reason(
                "info", f"The daemon dropped {count} packets since it started, of whichever traces: {cause}."
            )


def _verdict(evidence: Evidence, reasons: list[Reason]) -> str:
    entry, stop = evidence.entry, first_stop(reasons)
    gap = ", with a part missing" if any(one.state == "gap" for one in reasons) else ""
    if not evidence.stored:
        return f"No trace: {stop.clause}" if stop else f"No trace: {_nothing_came(evidence)}"
    trace = evidence.stored[0]
    if stop is None:
        return f"There is a trace: {trace.id}{gap}"
    if entry and trace.id == entry.trace_id:
        part = "of what was kept" if trace.kept else "but this is not in it"
        return f"There is a trace: {trace.id}, {part}; {stop.clause}"
    return f"There is a trace, which a function began itself: {trace.id}; {stop.clause}"


def _called_none(entry: Entry) -> bool:
    """Tell whether an API that X-Ray does not know answered by itself."""
    return isinstance(entry, ApiRequest) and is_untraced_kind(entry) and entry.function is None


def _nothing_came(evidence: Evidence) -> str:
    if evidence.refused:
        return "it was sampled, but X-Ray refused what arrived"
    if evidence.entry and _called_none(evidence.entry):
        return "no function was called, and nothing else sends segments of it"
    return "it was sampled, but nothing has arrived"
