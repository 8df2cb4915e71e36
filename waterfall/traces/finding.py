"""Which trace is meant by what somebody types: its id, a part of it, or `latest`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from waterfall.shell import typed
from waterfall.traces import arguments
from waterfall.traces.arguments import LATEST
from waterfall.traces.client import LONGEST_LISTING, Reader, ReadError
from waterfall.traces.model import Trace
from waterfall.traces.summaries import Summary

LATEST_WITHIN = 7 * 86400.0
"""Seconds back in which `latest`, and a part of an id, are looked for."""
MOST_LOOKED_THROUGH = 500
"""How many of the newest traces may have an id with a part in it that does not tell the time."""
_MOST_OF_A_TIME = 2000
_SPAN = 5
"""Seconds between the time in an id and the start of its trace, at most."""
_MOST_NAMED = 8
_MOST_REQUESTS = 50
_AWS_REQUESTS_WITHIN = 3600.0
_WITH_TIME = re.compile(r"(?:1-)?([0-9a-f]{8})[0-9a-f-]*|1-([0-9a-f]{3,7})")


def trace_of(reader: Reader, wanted: str, now: float) -> Trace:
    """Return a trace given by its id, a part of it, or as `latest`; raises ReadError when it is not there."""
    id_ = id_of(reader, wanted, now)
    found = reader.get([id_])
    if not found:
        raise ReadError(
            f"no trace {id_}: it was not sampled, has not arrived yet, or is too old; "
            f"`{typed(f'why {id_}')}` says which{hint(reader)}"
        )
    return found[0]


def id_of(reader: Reader, wanted: str, now: float) -> str:
    """Return the whole id of what is given so; a whole one may be of no trace. Raises ReadError."""
    if wanted == LATEST:
        summary = reader.latest(now - LATEST_WITHIN, now)
        if summary is None:
            raise ReadError(f"no trace in the last 7 days: send a request first{hint(reader)}")
        return summary.id
    try:
        return arguments.trace_id(wanted)
    except ValueError:
        return _only_one(wanted, ids_with(reader, wanted, now), hint(reader))


def newest_of(reader: Reader, method: str | None, path: str, now: float) -> list[Summary]:
    """Return the newest requests to a path, with or without its stage, newest first; any method if `None`.

    They are of the last day, in an account of the last hour: it charges for each trace that is looked at.
    """
    within = _AWS_REQUESTS_WITHIN if reader.source.aws else LONGEST_LISTING
    of_method = f'http.method = "{method}" AND ' if method else ""
    expression = f'{of_method}(http.url ENDSWITH "{path}" OR http.url CONTAINS "{path}?")'
    found = reader.summaries(now - within, now, limit=_MOST_REQUESTS, expression=expression)
    return [one for one in found if path in _paths(one.http.url or "")]


def _paths(url: str) -> tuple[str, str]:
    """Return a URL's path, and the same without its first part, which is the stage of a REST API."""
    path = urlsplit(url).path or "/"
    return path, "/" + path[1:].partition("/")[2]


def ids_with(reader: Reader, part: str, now: float) -> list[str]:
    """Return the ids that a part fits: those that begin so, else those of the newest traces with it in them.

    An id begins with the time of its trace, so that one with a beginning is found at once, however old.
    """
    return _beginning(reader, part, now) or _containing(reader, part, now)


def _beginning(reader: Reader, part: str, now: float) -> list[str]:
    match = _WITH_TIME.fullmatch(part)
    if match is None:
        return []
    digits = match[1] or match[2]
    start = int(digits.ljust(8, "0"), 16)
    end = min(int(digits.ljust(8, "f"), 16) + _SPAN, now + 1)
    if start >= end or end - start > LATEST_WITHIN:
        return []
    bare = _bare(part.removeprefix("1-"))
    summaries = reader.summaries(start, end, limit=_MOST_OF_A_TIME)
    return [one.id for one in summaries if _bare(one.id.removeprefix("1-")).startswith(bare)]


def _containing(reader: Reader, part: str, now: float) -> list[str]:
    newest = reader.summaries(now - LATEST_WITHIN, now, limit=MOST_LOOKED_THROUGH)
    return [one.id for one in newest if part in one.id or part in _bare(one.id.removeprefix("1-"))]


def _bare(id_: str) -> str:
    return id_.replace("-", "")


def _only_one(part: str, found: Sequence[str], hint: str) -> str:
    if len(found) == 1:
        return found[0]
    if not found:
        raise ReadError(
            f"no trace has {part!r} in its id, among the newest {MOST_LOOKED_THROUGH} of 7 days; "
            f"give the whole id, or its beginning, which tells the time{hint}"
        )
    named = ", ".join(found[:_MOST_NAMED])
    more = f" and {len(found) - _MOST_NAMED} more" if len(found) > _MOST_NAMED else ""
    raise ReadError(f"{part!r} is in the ids of {len(found)} traces: {named}{more}; give more of it")


def hint(reader: Reader) -> str:
    """Say where traces are when the account keeps them in CloudWatch Logs, after what was not found."""
    told = indexed_only(reader)
    return f"; {told}" if told else ""


def indexed_only(reader: Reader) -> str:
    """Say of an account with Transaction Search that X-Ray shows a share of its traces.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch-Transaction-Search.html
    """
    if reader.source.aws and reader.keeps_all_in_logs():
        return (
            "Transaction Search is on in this account: only indexed traces are found here "
            "(1 % by default), all spans are in the log group aws/spans"
        )
    return ""
