"""Services that push: SNS, EventBridge, S3 and schedules, put together over what moto notes."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from embedded_aws.aws.ids import Clock, Ids
from embedded_aws.aws.interfaces import SegmentSink
from embedded_aws.aws.moto_events import EventPut, Note, NotificationsSet, ObjectChanged, Published
from embedded_aws.aws.trace_header import TraceHeader
from embedded_aws.delivery.courier import Courier
from embedded_aws.eventbridge.event import Received
from embedded_aws.eventbridge.rules import DEFAULT_BUS, Rules
from embedded_aws.eventbridge.schedules import Schedules
from embedded_aws.events.explaining import RuleAnswers
from embedded_aws.events.fire import Firing
from embedded_aws.s3.notifications import S3Notifications
from embedded_aws.sns.service import Services as SnsServices
from embedded_aws.sns.service import Sns

if TYPE_CHECKING:
    from embedded_aws.aws.moto import MotoAws


_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Services:
    """What the pushing services use of the others."""

    courier: Courier
    sink: SegmentSink
    clock: Clock
    ids: Ids


class PushServices:
    """Takes what moto notes, with the trace header of the request it was noted for."""

    def __init__(self, moto: MotoAws, services: Services) -> None:
        courier, clock, ids = services.courier, services.clock, services.ids
        self._sns = Sns(moto, SnsServices(courier, services.sink, clock, ids))
        self._rules = Rules(moto, courier, clock)
        self._s3 = S3Notifications(courier, self._publish, clock, ids)
        self.schedules = Schedules(moto, self._rules, courier, clock, ids)
        self.fire = Firing(self._rules, self.schedules, courier, clock, ids)
        self.rules = RuleAnswers(moto, self._rules, self.schedules, courier, self.fire)

    def take(self, notes: Sequence[Note], header: TraceHeader) -> None:
        """Deliver what was noted.

        moto sets the ACL and the tags of a new object in calls of their own; S3 tells of the object alone.
        """
        created = {_place(noted) for noted in notes if _is_created(noted)}
        for noted in notes:
            if _place(noted) in created and not _is_created(noted):
                continue
            try:
                self._take(noted, header)
            except ValueError as problem:  # moto keeps what AWS would have refused
                _log.warning("%s cannot be delivered: %s", type(noted).__name__, problem)
            except Exception:  # noqa: BLE001 - whatever it is, the request that it is noted for is done
                _log.exception("%s cannot be delivered", type(noted).__name__)

    def _take(self, noted: Note, header: TraceHeader) -> None:
        match noted:
            case Published():
                self._sns.published(noted, header)
            case EventPut():
                self._rules.put(noted, header)
            case ObjectChanged():
                self._s3.changed(noted, header)
            case NotificationsSet():
                self._s3.configured(noted)

    def _publish(self, event: dict[str, Any], region: str, now: float) -> None:
        self._rules.take(Received(event, DEFAULT_BUS, region, now))


def _is_created(noted: Note) -> bool:
    return isinstance(noted, ObjectChanged) and noted.event.startswith("ObjectCreated")


def _place(noted: Note) -> tuple[str, str] | None:
    return (noted.bucket, noted.key) if isinstance(noted, ObjectChanged) else None
