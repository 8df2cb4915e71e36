"""Where a stage's access log lines go."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING
from zlib import crc32

from embedded_aws.aws.interfaces import LogEvent, LogSink, LogStream

if TYPE_CHECKING:
    from collections.abc import Callable

    from embedded_aws.gateway.model import Stage

_LOG = logging.getLogger(__name__)


class GroupAccessLogs:
    """Writes lines to CloudWatch Logs; a group that cannot take them is reported once and changes nothing.

    `has_group` tells whether a region has a log group of that name.
    """

    def __init__(self, logs: LogSink, has_group: Callable[[str, str], bool]) -> None:
        self._logs = logs
        self._has_group = has_group
        self._known: set[str] = set()
        self._warned: set[str] = set()

    def write(self, stage: Stage, line: str, at: float) -> None:
        """Append one line to the stage's log group."""
        destination = stage.access_log.destination_arn if stage.access_log else ""
        problem = self._problem(destination)
        if problem is None:
            _, _, _, region, _, _, group, *_ = destination.split(":")
            # AWS spreads lines over streams named by a hash; one per stage is enough here.
            stream = LogStream(region, group, f"{crc32(stage.arn.encode()):032x}")
            self._logs.write(stream, [LogEvent(int(at * 1000), line)])
        elif destination not in self._warned:
            self._warned.add(destination)
            _LOG.warning(
                "no access log for %s/%s at %s: %s", stage.api_name, stage.name, destination, problem
            )

    def _problem(self, destination: str) -> str | None:
        if destination in self._known:
            return None
        parts = destination.split(":")
        if len(parts) < 7 or parts[2] != "logs":
            return "only CloudWatch log groups are emulated as destinations"
        if not self._has_group(parts[3], parts[6]):
            return "the log group does not exist"
        self._known.add(destination)
        return None
