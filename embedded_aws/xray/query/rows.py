"""What the store tells of its traces."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from embedded_aws.xray.query.digests import Digest
    from embedded_aws.xray.query.packs import PackedDigest

TimeRangeType = Literal["TraceId", "Event", "Service"]


@dataclass(frozen=True, slots=True)
class Row:
    """A trace in a time range; `digest` is `None` when a document came after the last one.

    `time` is the one that the range is about, `updated` when the last document came.
    """

    number: int
    id: str
    time: float
    updated: float
    revision: int
    digest: Digest | PackedDigest | None


class Change(NamedTuple):
    """A trace that got a document."""

    number: int
    revision: int
    time: float


class PeriodState(NamedTuple):
    """A fingerprint of the traces that began in a period, counted from the epoch: any change changes it.

    `updated` is when the last document of one of them came.
    """

    period: int
    traces: int
    numbers: int
    revisions: int
    updated: float
