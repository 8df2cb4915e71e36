"""Where AWS's own services hand in their segments: it never fails the request that a segment is about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from embedded_aws.aws.errors import AwsError

if TYPE_CHECKING:
    from embedded_aws.aws.interfaces import Document
    from embedded_aws.xray.service import XRay


class Intake:
    """A `SegmentSink` in front of X-Ray."""

    def __init__(self, xray: XRay) -> None:
        self._xray = xray

    def emit(self, document: Document) -> None:
        """Store one segment; what cannot be stored is lost, and counted among X-Ray's losses."""
        try:
            self._xray.emit(document)
        except AwsError:
            return  # X-Ray has counted it
        except ValueError as problem:
            self._xray.losses.add("segments", 1, problem)
