"""What the server tells about itself, below a path that no AWS service has: `GET /_local/…`, as JSON.

`POST /_local/fire/<name>` fires a rule or schedule: AWS has no operation for it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote

from embedded_aws.aws.errors import AwsError
from embedded_aws.aws.http import run_in_thread
from embedded_aws.aws.parsing import ParseError, read_integer
from embedded_aws.journal.answers import DEFAULT_LIMIT, MOST

if TYPE_CHECKING:
    from embedded_aws.journal.answers import RequestAnswers
    from embedded_aws.journal.traces import TraceAnswers

PREFIX = "/_local"
_STATUS, _REQUESTS = f"{PREFIX}/status", f"{PREFIX}/requests"
_TRACES = f"{PREFIX}/traces"
_FIRE = f"{PREFIX}/fire"
_RULES = f"{PREFIX}/rules"
PATHS = (
    _STATUS,
    _REQUESTS,
    f"{_REQUESTS}/<request id, invocation id or trace id>",
    _TRACES,
    f"{_TRACES}/figures",
    f"{_TRACES}/news",
    f"{_RULES}/<rule or schedule>",
    f"POST {_FIRE}/<rule or schedule>",
)

Answer = tuple[int, Mapping[str, Any]]
Fire = Callable[[str, bytes], Awaitable[Answer]]
"""Fires a rule or schedule by its name, with an event as JSON or none."""


def is_about(path: str) -> bool:
    """Tell whether a path is one of the server's own, known or not."""
    return path == PREFIX or path.startswith(f"{PREFIX}/")


def _unknown(path: str) -> Answer:
    return 404, {"error": f"there is no {path} here; there are {', '.join(PATHS)}"}


async def _nothing_to_fire(name: str, _event: bytes) -> Answer:
    return 404, {"error": f"the rule or schedule {name} does not exist; there are none"}


def _no_rule(_name: str) -> Mapping[str, Any]:
    return {"rule": None, "names": []}


@dataclass(frozen=True)
class About:
    """`status` is read for each request."""

    status: Callable[[], Mapping[str, Any]]
    requests: RequestAnswers
    traces: TraceAnswers
    fire: Fire = _nothing_to_fire
    rule: Callable[[str], Mapping[str, Any]] = _no_rule

    async def answer(self, path: str, query: str, method: str = "GET", body: bytes = b"") -> Answer:
        """Return the HTTP status and the JSON of an answer."""
        name = path.removeprefix(f"{_FIRE}/")
        if name and name != path and method == "POST":
            return await self.fire(unquote(name), body)
        if path == _STATUS:
            return 200, self.status()
        if path == _REQUESTS:
            return await self._newest(parse_qs(query).get("limit", [str(DEFAULT_LIMIT)])[0])
        if path == _TRACES or path.startswith(f"{_TRACES}/"):
            return await self._of_traces(path, query)
        for prefix, told in ((f"{_REQUESTS}/", self.requests.one), (f"{_RULES}/", self.rule)):
            if path.startswith(prefix) and path != prefix:
                return 200, await run_in_thread(partial(told, unquote(path.removeprefix(prefix))))
        return _unknown(path)

    async def _of_traces(self, path: str, query: str) -> Answer:
        answers = {"": self.traces.page, "/figures": self.traces.figures, "/news": self.traces.news}
        found = answers.get(path.removeprefix(_TRACES))
        if found is None:
            return _unknown(path)
        given = {name: values[-1] for name, values in parse_qs(query).items()}
        try:
            return 200, await run_in_thread(lambda: found(given))
        except ParseError as problem:
            return 400, {"error": str(problem), "code": "InvalidRequestException"}
        except AwsError as problem:
            return problem.status, {"error": problem.message, "code": problem.code}

    async def _newest(self, limit: str) -> Answer:
        try:
            number = read_integer(limit, 1, MOST)
        except ParseError:
            message = f"limit={limit[:60]} is not a number of requests: give 1 to {MOST}"
            return 400, {"error": message}
        return 200, await run_in_thread(lambda: self.requests.newest(number))
