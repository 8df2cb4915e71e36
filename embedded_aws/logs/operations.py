"""What each operation of CloudWatch Logs that is answered here does: parsed input in, output out."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from embedded_aws.aws.errors import ExistsError, InvalidParameterError, NotFoundError
from embedded_aws.aws.interfaces import ACCOUNT_ID, LogEvent, LogStream
from embedded_aws.aws.paging import NumberedPages
from embedded_aws.logs.patterns import parse
from embedded_aws.logs.reading import Wanted, filtered_page, stream_page
from embedded_aws.logs.service import Logs
from embedded_aws.logs.store import EventRange, StreamRow

if TYPE_CHECKING:
    from embedded_aws.aws.moto import MotoAws
    from embedded_aws.aws.parsing import ParseError

_DAY_MS = 24 * 3600 * 1000
_OLDEST_MS = 14 * _DAY_MS
_NEWEST_MS = 2 * 3600 * 1000
_LATEST = 2**53
_EVENTS = 10_000
_ARN = re.compile(r"arn:[\w-]+:logs:[\w-]*:\d*:log-group:([^:]+)(?::\*)?")

Given = Mapping[str, Any]
Output = dict[str, Any]
Groups = Callable[[str], dict[str, Output]]
"""Returns the groups that were created in a region."""


def _wrong_token(error: ParseError) -> InvalidParameterError:
    return InvalidParameterError(f"The specified nextToken is invalid: {error}")


_page = NumberedPages("limit", 50, _LATEST, _wrong_token).page


def moto_groups(moto: MotoAws, region: str) -> dict[str, Output]:
    """Return the groups that were created by name, as DescribeLogGroups shows them; the store has the others.

    They are read from moto's state in process; there are none in an unknown region.
    """
    try:
        groups = list(moto.backend("logs", region).groups.values())
    except KeyError:
        return {}
    return {group.name: group.to_describe_dict() for group in groups}


class Operations:
    """Answers for any region; raises `AwsError` for what AWS refuses."""

    def __init__(self, logs: Logs, groups: Groups) -> None:
        self._logs = logs
        self._groups = groups

    def has_group(self, region: str, name: str) -> bool:
        """Tell whether a group was created, or holds what a function wrote."""
        stored = (group.name for group in self._logs.store.groups(region))
        return name in self._groups(region) or name in stored

    def delete_group(self, region: str, name: str) -> bool:
        """Delete a group's streams; false when it has none."""
        self._logs.flush()
        return self._logs.store.delete_group(region, name)

    def describe_groups(self, region: str, given: Given) -> Output:
        self._logs.flush()
        prefix, part = given.get("logGroupNamePrefix", ""), given.get("logGroupNamePattern", "")
        if prefix and part:
            raise InvalidParameterError("logGroupNamePrefix and logGroupNamePattern cannot be used together")
        found = self._groups(region)
        for group in self._logs.store.groups(region):
            known = found.get(group.name) or _described(region, group.name, group.created)
            found[group.name] = {**known, "storedBytes": group.bytes}
        chosen = {_name(each) for each in given.get("logGroupIdentifiers", found)}
        names = sorted(
            name
            for name in found
            if name.startswith(prefix) and part.lower() in name.lower() and name in chosen
        )
        return _page("logGroups", [found[name] for name in names], given)

    def describe_streams(self, region: str, given: Given) -> Output:
        group, prefix = self._group(region, given), given.get("logStreamNamePrefix", "")
        by_time = given.get("orderBy") == "LastEventTime"
        if by_time and prefix:
            raise InvalidParameterError("Cannot order by LastEventTime with a logStreamNamePrefix.")
        rows = [row for row in self._logs.store.streams(region, group) if row.name.startswith(prefix)]
        rows.sort(
            key=lambda row: (row.last or 0, row.name) if by_time else (0, row.name),
            reverse=bool(given.get("descending")),
        )
        return _page("logStreams", [_stream(region, group, row) for row in rows], given)

    def create_stream(self, region: str, given: Given) -> Output:
        stream = LogStream(region, self._group(region, given), given["logStreamName"])
        if not self._logs.store.create_stream(stream, self._logs.now()):
            raise ExistsError("The specified log stream already exists")
        return {}

    def delete_stream(self, region: str, given: Given) -> Output:
        stream = LogStream(region, self._group(region, given), given["logStreamName"])
        if not self._logs.store.delete_stream(stream):
            raise NotFoundError("The specified log stream does not exist.")
        return {}

    def put_events(self, region: str, given: Given) -> Output:
        stream = self._stream(region, given)
        events = [LogEvent(event["timestamp"], event["message"]) for event in given["logEvents"]]
        if events != sorted(events, key=lambda event: event.timestamp):
            raise InvalidParameterError(
                "Log events in a single PutLogEvents request must be in chronological order."
            )
        now = self._logs.now()
        old = sum(event.timestamp < now - _OLDEST_MS for event in events)
        new = sum(event.timestamp > now + _NEWEST_MS for event in events)
        self._logs.write(stream, events[old : len(events) - new])
        rejected = {"tooOldLogEventEndIndex": old} if old else {}
        rejected |= {"tooNewLogEventStartIndex": len(events) - new} if new else {}
        return {"nextSequenceToken": "0" * 56} | ({"rejectedLogEventsInfo": rejected} if rejected else {})

    def get_events(self, region: str, given: Given) -> Output:
        stream = self._stream(region, given)
        within = EventRange(_time(given, "startTime"), _time(given, "endTime"), streams=[stream.name])
        token = given.get("nextToken")
        forwards = token.startswith("f/") if token else bool(given.get("startFromHead"))
        limit = given.get("limit", _EVENTS)
        return stream_page(self._logs.store, stream, within, token, limit, backwards=not forwards)

    def filter_events(self, region: str, given: Given) -> Output:
        group = self._group(region, given)
        names, prefix = given.get("logStreamNames"), given.get("logStreamNamePrefix")
        if names and prefix:
            raise InvalidParameterError("logStreamNames and logStreamNamePrefix cannot be used together")
        if prefix:
            found = self._logs.store.streams(region, group)
            names = [row.name for row in found if row.name.startswith(prefix)]
        end = _time(given, "endTime")
        # This operation's end is still in the range; GetLogEvents' is not.
        within = EventRange(_time(given, "startTime"), None if end is None else end + 1, streams=names)
        selects, limit = parse(given.get("filterPattern", "")), given.get("limit", _EVENTS)
        wanted = Wanted(within, selects, limit, given.get("nextToken"))
        return filtered_page(self._logs.store, (region, group), wanted)

    def _group(self, region: str, given: Given) -> str:
        """Return the name of the group that is asked about, with all that was written to it stored."""
        name, identifier = given.get("logGroupName"), given.get("logGroupIdentifier")
        if (name is None) == (identifier is None):
            raise InvalidParameterError("Give either logGroupName or logGroupIdentifier, not both")
        found = _name(name or str(identifier))
        self._logs.flush()
        if not self.has_group(region, found):
            raise NotFoundError("The specified log group does not exist.")
        return found

    def _stream(self, region: str, given: Given) -> LogStream:
        group, name = self._group(region, given), given["logStreamName"]
        if not any(row.name == name for row in self._logs.store.streams(region, group)):
            raise NotFoundError("The specified log stream does not exist.")
        return LogStream(region, group, name)


def _time(given: Given, key: str) -> int | None:
    """Return a bound; one that is past all times is the end of time."""
    return min(given[key], _LATEST) if key in given else None


def _name(identifier: str) -> str:
    """Return the name of a group that is given by its name or ARN."""
    arn = _ARN.fullmatch(identifier)
    return arn[1] if arn else identifier


def _arn(region: str, group: str) -> str:
    return f"arn:aws:logs:{region}:{ACCOUNT_ID}:log-group:{group}"


def _described(region: str, name: str, created: int) -> Output:
    """Describe a group that Lambda made, or that is left of an earlier run."""
    arn = _arn(region, name)
    identity = {"logGroupName": name, "arn": f"{arn}:*", "logGroupArn": arn}
    return {**identity, "creationTime": created, "metricFilterCount": 0}


def _stream(region: str, group: str, row: StreamRow) -> Output:
    shown = {
        "logStreamName": row.name,
        "creationTime": row.created,
        "firstEventTimestamp": row.first,
        "lastEventTimestamp": row.last,
        "lastIngestionTime": row.ingested,
        "uploadSequenceToken": "0" * 56,
        "arn": f"{_arn(region, group)}:log-stream:{row.name}",
        "storedBytes": row.bytes,
    }
    return {key: value for key, value in shown.items() if value is not None}


OPERATIONS: Mapping[str, Callable[[Operations, str, Given], Output]] = {
    "DescribeLogGroups": Operations.describe_groups,
    "DescribeLogStreams": Operations.describe_streams,
    "CreateLogStream": Operations.create_stream,
    "DeleteLogStream": Operations.delete_stream,
    "PutLogEvents": Operations.put_events,
    "GetLogEvents": Operations.get_events,
    "FilterLogEvents": Operations.filter_events,
}
