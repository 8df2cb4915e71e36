"""Explanations as JSON, for `--json` (docs/json.md) and for the console."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from waterfall.why.facts import ApiRequest, Entry
from waterfall.why.service import Answer, ListedRequest


def answer_shape(answer: Answer) -> dict[str, Any]:
    explanation = answer.explanation
    return {
        "format": "waterfall.why/1",
        "verdict": explanation.verdict,
        "good": explanation.is_good,
        "trace_id": explanation.trace_id,
        "request": _entry(answer.entry) if answer.entry else None,
        "reasons": [{"state": one.state, "text": one.text, "fix": one.fix} for one in explanation.reasons],
    }


def list_shape(found: Sequence[ListedRequest] | None) -> dict[str, Any]:
    requests = [{**_entry(one.entry), "traces": list(one.traces), "brief": one.brief} for one in found or ()]
    return {"format": "waterfall.requests/1", "remembered": found is not None, "requests": requests}


def _entry(entry: Entry) -> dict[str, Any]:
    is_request = isinstance(entry, ApiRequest)
    return {
        "kind": "request" if is_request else "invocation",
        "id": entry.id,
        "at": entry.at,
        "method": entry.method if isinstance(entry, ApiRequest) else None,
        "url": entry.url if isinstance(entry, ApiRequest) else entry.function,
        "event_source": None if isinstance(entry, ApiRequest) else entry.event_source,
        "status": entry.status,
        "trace_id": entry.trace_id,
    }
