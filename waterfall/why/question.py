"""Which request is meant: by its id, its trace's id, or method and URL; or which rule or state machine."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from waterfall.traces import arguments
from waterfall.why.facts import ApiRequest, Entry

_REQUEST_ID = re.compile(r"[0-9A-Za-z][\w-]{3,127}")
_METHOD = re.compile(r"[A-Za-z]{3,10}")
_LOCAL = re.compile(r"/execute-api/(?P<api>[a-z0-9]+)/(?P<stage>[\w-]+)(?P<path>/.*)?")
_HOST = re.compile(r"(?P<api>[a-z0-9]+)\.execute-api\.(?P<region>[a-z0-9-]+)\.[a-z0-9.-]+")
_STAGE = re.compile(r"/(?P<stage>[\w-]+)(?P<path>/.*)?")


@dataclass(frozen=True, slots=True)
class Url:
    """A URL of an API, or only a `path`: then `api` and `stage` are `None`."""

    path: str
    method: str | None = None
    api: str | None = None
    stage: str | None = None

    def matches(self, entry: Entry) -> bool:
        """Tell whether an entry is a request to this URL, whatever its query."""
        if not isinstance(entry, ApiRequest) or (self.method and entry.method != self.method):
            return False
        path = entry.url.partition("?")[0]
        if self.api is None:
            return self.path in {path, "/" + path[1:].partition("/")[2]}
        return (self.api, f"/{self.stage}{self.path}") == (entry.api_id, path)


@dataclass(frozen=True, slots=True)
class Question:
    """What was asked: one of these, or none for the last request; `rule` names a rule or schedule.

    `machine` names a state machine, whose last execution is meant.
    """

    request_id: str | None = None
    rule: str | None = None
    machine: str | None = None
    trace_id: str | None = None
    url: Url | None = None


_NAMED: Mapping[str, Callable[[str], Question]] = {
    "rule": lambda name: Question(rule=name),
    "schedule": lambda name: Question(rule=name),
    "machine": lambda name: Question(machine=name),
}


def question(words: Sequence[str]) -> Question:
    """Read nothing, `latest`, an id, a URL, or a method and a URL; raises ValueError with what is allowed."""
    if not words or list(words) == [arguments.LATEST]:
        return Question()
    if len(words) == 2 and words[0] in _NAMED:
        return _NAMED[words[0]](words[1])
    if len(words) == 2 and _METHOD.fullmatch(words[0]):
        return Question(url=_url(words[1], words[0].upper()))
    if len(words) == 1 and words[0].startswith(("/", "http://", "https://")):
        return Question(url=_url(words[0], None))
    if len(words) == 1:
        try:
            return Question(trace_id=arguments.trace_id(words[0]))
        except ValueError:
            if _REQUEST_ID.fullmatch(words[0]):
                return Question(request_id=words[0])
    given = " ".join(words)
    raise ValueError(
        f"{given!r} names no request: give a request id (x-amzn-RequestId) or its beginning, a trace id, "
        "a URL, a method and a URL such as GET /hello, or rule or machine and its name"
    )


def _url(text: str, method: str | None) -> Url:
    try:
        parts = urlsplit(text)
    except ValueError:
        raise _not_a_url(text) from None
    path = parts.path or "/"
    if local := _LOCAL.fullmatch(path):
        return Url(local["path"] or "/", method, local["api"], local["stage"])
    host, stage = _HOST.fullmatch(parts.hostname or ""), _STAGE.fullmatch(path)
    if host and stage:
        return Url(stage["path"] or "/", method, host["api"], stage["stage"])
    if not path.startswith("/"):
        raise _not_a_url(text)
    return Url(path, method)


def _not_a_url(text: str) -> ValueError:
    return ValueError(f"{text!r} is not a URL: give one such as https://<api>.execute-api... or /hello")
