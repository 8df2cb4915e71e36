from __future__ import annotations

import json

from embedded_aws.xray.intake.refusals import MOST, Refusal, Refusals
from embedded_aws.xray.service import XRay

TRACE = "1-5759e988-bd862e3fe1be46a994272793"


def test_a_refused_document_is_remembered_by_its_trace() -> None:
    """X-Ray remembers what it refused of which trace, and what could be read of it."""
    xray = XRay(None)
    try:
        document = {"trace_id": TRACE, "id": "0123456789abcdef", "name": "work", "start_time": 1.0}
        xray.put([json.dumps(document), "no JSON"])
        assert xray.refusals.of([TRACE]) == [
            Refusal(TRACE, "work", "MissingEndTime", "Invalid segment. ErrorCode: MissingEndTime")
        ]
        assert xray.refusals.of([]) == []
    finally:
        xray.close()


def test_the_oldest_are_forgotten() -> None:
    """Who sends nonsense for days must not fill the memory."""
    refusals = Refusals()
    for number in range(MOST + 1):
        refusals.add(f'{{"trace_id": "{TRACE}"}}', {"ErrorCode": str(number), "Message": "m" * 1000})
    found = refusals.of([TRACE])
    assert (len(found), found[0].code) == (MOST, "1")
    assert len(found[0].message) == 200
