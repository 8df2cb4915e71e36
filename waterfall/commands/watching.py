"""`up --watch`: tells what a save changed, sends the last request again, shows the difference."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rich.text import Text

from waterfall.compare.since import since
from waterfall.stack.requests import Request
from waterfall.terminal import since as picture
from waterfall.terminal.screen import wrapped
from waterfall.terminal.text import clean, duration
from waterfall.traces.client import ReadError, Source, connect
from waterfall.why.client import Journal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from embedded_aws.server import Redeployed, Status, WholeRequest
    from waterfall.commands.welcome import Welcome
    from waterfall.traces.client import Reader
    from waterfall.traces.model import Trace

_EARLIER = 10
"""Traces of the same request that a new one is compared with."""
_MOST_NAMES = 4
_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


@dataclass(slots=True)
class Watching:
    """Tells of saves through the same teller as `welcome`."""

    welcome: Welcome
    repeats: bool = True
    _reader: Reader | None = None
    _warned: set[str] = field(default_factory=set)

    def prepare(self, status: Status) -> None:
        """Get ready for the first save, which shall not have to wait for a client."""
        self._reader = connect(Source(status.endpoint, region=status.region))
        self._warned = set(status.warnings)

    def redeployed(self, told: Redeployed, status: Status, last: WholeRequest | None) -> None:
        """Print what became of a save; send the last request again if anything changed."""
        teller = self.welcome.teller
        saved = _listed(told.saved)
        teller.lines([Text()])
        if told.error is not None:
            left = "the stack is as it was" if not told.changes else _done(told)
            teller.fail(f"{saved}: {told.error}; {left}")
            return
        if not told.changes:
            teller.progress(f"saved {saved}: nothing to change")
            return
        text = f"{teller.screen.glyphs.dot} saved {saved}: {_done(told)} in {duration(told.seconds)}"
        teller.lines(Text(line) for line in wrapped(text, teller.screen.width, teller.screen.glyphs))
        self.welcome.warn([text for text in status.warnings if text not in self._warned])
        self._warned = set(status.warnings)
        if self.repeats and last and self._reader:
            try:
                self._repeat(status, _request(last, status.endpoint), self._reader)
            except ReadError as error:
                teller.fail(str(error))

    def _repeat(self, status: Status, request: Request, reader: Reader) -> None:
        trace = self.welcome.asking(status, reader).request(request, follow=False)
        if trace is None:
            return
        found = since(_earlier(reader, status.endpoint, request, trace), trace)
        if found:
            self.welcome.teller.lines([*picture.render(found, self.welcome.teller.screen), Text()])


def _done(told: Redeployed) -> str:
    """Return `updated front, worker (code); created jobs`."""
    groups: dict[str, list[str]] = {}
    for change in told.changes:
        groups.setdefault(change.action, []).append(change.name)
    return "; ".join(f"{action} {_listed(names)}" for action, names in groups.items())


def _listed(names: Sequence[str]) -> str:
    found = list(Counter(map(clean, names)))
    more = len(found) - _MOST_NAMES
    return ", ".join(found[:_MOST_NAMES]) + (f" and {more} more" if more > 0 else "")


def _request(last: WholeRequest, endpoint: str) -> Request:
    """Return the request to send; an API that the host names is reached at the endpoint, under that name."""
    host = next((value for name, value in last.headers.items() if name.lower() == "host"), "")
    is_endpoint = host.rpartition(":")[0] in _LOOPBACK
    headers = {
        name: value for name, value in last.headers.items() if not (is_endpoint and name.lower() == "host")
    }
    return Request(last.method, endpoint + last.target, headers, last.body or None)


def _earlier(reader: Reader, endpoint: str, request: Request, trace: Trace) -> list[Trace]:
    """Return the traces that the same request left before, newest first."""
    ids = [
        str(id_)
        for entry in Journal(endpoint).newest() or []
        if entry["kind"] == "request"
        and entry["method"] == request.method
        and request.target.partition("?")[0].endswith(str(entry["url"]).partition("?")[0])
        for id_ in entry["traces"]
        if id_ != trace.id and entry["at"] <= trace.start
    ][:_EARLIER]
    found = {one.id: one for one in reader.get(ids)} if ids else {}
    return [found[id_] for id_ in ids if id_ in found]
