"""What the endpoint tells about requests, as JSON: `GET /_local/requests` and `/_local/requests/<id>`.

Reading costs whoever asks; a request itself costs no more than its entry in the log.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from embedded_aws.journal.records import ApiRequest

if TYPE_CHECKING:
    from embedded_aws.journal.log import Entry, RequestLog
    from embedded_aws.xray.intake.refusals import Refusal

DEFAULT_LIMIT = 100
MOST = 1_000


@dataclass(frozen=True)
class Arrivals:
    """What came to X-Ray: documents of each of some traces, what was refused, the daemon's counts."""

    documents: Callable[[Collection[str]], Mapping[str, int]]
    refused: Callable[[Collection[str]], list[Refusal]]
    counts: Callable[[], Mapping[str, int]]


class RequestAnswers:
    """Answers from the log, and from what has arrived."""

    def __init__(self, log: RequestLog, arrivals: Arrivals) -> None:
        self._log = log
        self._arrivals = arrivals

    def newest(self, limit: int = DEFAULT_LIMIT) -> dict[str, Any]:
        """Return the newest requests, newest first.

        Each has the fields of `ApiRequest` (but for `sent`) or `InvocationRecord`, `kind` (`request` or
        `invocation`) and `traces`: the ids of its traces that are stored.
        """
        entries = self._log.entries()[:limit]
        traces = {entry.id: self._log.traces_of(entry) for entry in entries}
        stored = self._arrivals.documents({id_ for ids in traces.values() for id_ in ids})
        return {
            "requests": [
                {**_brief(entry), "traces": [id_ for id_ in traces[entry.id] if id_ in stored]}
                for entry in entries
            ]
        }

    def one(self, key: str) -> dict[str, Any]:
        """Return what is known of a request, an invocation or a trace, given by its id.

        `entry` is as in the list, or `None`; `invocations` those of its traces, oldest first; `documents`
        counts what is stored by trace; `refused` lists what X-Ray refused of them; `daemon` has the daemon's
        counts since it started, of all traces.
        """
        entry = self._log.find(key)
        invocations = self._log.invocations_of(entry) if entry else []
        traces = self._log.traces_of(entry) if entry else [key]
        return {
            "entry": _shape(entry) if entry else None,
            "invocations": [_shape(one) for one in invocations],
            "documents": dict(self._arrivals.documents(traces)),
            "refused": [asdict(one) for one in self._arrivals.refused(traces)],
            "daemon": dict(self._arrivals.counts()),
        }


def _shape(entry: Entry) -> dict[str, Any]:
    kind = "request" if isinstance(entry, ApiRequest) else "invocation"
    return {"kind": kind, **asdict(entry)}


def _brief(entry: Entry) -> dict[str, Any]:
    return {key: value for key, value in _shape(entry).items() if key != "sent"}
