"""The journal that the embedded AWS keeps of requests: JSON over HTTP, beside its status."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from waterfall.traces.client import ReadError
from waterfall.traces.documents import mapping_of
from waterfall.traces.local import TIMEOUT, tell

__all__ = ["MOST", "TIMEOUT", "Journal"]
MOST = 1_000


class Journal:
    """Reads what is remembered at an endpoint; every method raises ReadError when nothing answers there.

    An AWS that remembers no requests, such as a real account or another emulator, answers `None`.
    """

    def __init__(self, endpoint: str | None) -> None:
        self._endpoint = endpoint

    def newest(self, limit: int = MOST) -> list[dict[str, Any]] | None:
        """Return the newest requests, newest first."""
        told = self._get(f"requests?limit={limit}")
        return None if told is None else list(told["requests"])

    def one(self, key: str) -> dict[str, Any] | None:
        """Return what is known of a request, an invocation or a trace."""
        return self._get(f"requests/{quote(key, safe='')}")

    def rule(self, name: str) -> dict[str, Any] | None:
        """Return what is known of a rule or schedule: `rule`, or the `names` that there are."""
        return self._get(f"rules/{quote(name, safe='')}")

    def deployed(self) -> dict[str, str]:
        """Return the base URLs of the deployed stages by `<API name>/<stage>`."""
        return dict((self.status() or {}).get("apis") or {})

    def status(self) -> dict[str, Any] | None:
        """Return what an embedded AWS tells of itself; `None` when something else answers."""
        return self._get("status")

    def lost(self) -> list[str]:
        """Return a sentence for each sort of thing that the server could not store; never raises."""
        try:
            status = self.status() or {}
        except ReadError:
            return []
        lost = mapping_of(mapping_of(status.get("storage")).get("lost"))
        return [
            f"{loss.get('count')} {what} could not be stored: {loss.get('reason')}"
            for what, loss in ((what, mapping_of(told)) for what, told in lost.items())
        ]

    def _get(self, path: str) -> dict[str, Any] | None:
        return None if self._endpoint is None else tell(self._endpoint, path)
