from __future__ import annotations

from typing import Literal

import pytest

from embedded_aws.aws.interfaces import SamplingDecision, TraceLink
from embedded_aws.aws.trace_header import TraceHeader
from embedded_aws.awslambda.tracing import InvocationTrace, trace_invocation
from tests.embedded_aws.awslambda.counting_ids import CountingIds

ARN = "arn:aws:lambda:us-east-1:123456789012:function:f"
ROOT = "1-5e6f7a8b-0123456789abcdef01234567"
PARENT = "53995c3f42cd8ad8"
FUNCTION_ID = "f" * 16
NEW_ROOT = "1-00000064-000000000000000000000001"


def traced(
    mode: Literal["Active", "PassThrough"], upstream: str, *, decision: bool = True, links: int = 0
) -> InvocationTrace:
    return trace_invocation(
        mode,
        TraceHeader.parse(upstream),
        [TraceLink(ROOT, f"{number:016x}") for number in range(links)],
        ARN,
        decide=lambda _: SamplingDecision(decision),
        ids=CountingIds(),
        now=100.0,
    )


@pytest.mark.parametrize(
    ("mode", "upstream", "decision", "recorded", "header"),
    [
        ("Active", f"Root={ROOT};Parent={PARENT};Sampled=1;Lineage=a:1", False, True,
         f"Root={ROOT};Parent={FUNCTION_ID};Sampled=1;Lineage=a:1"),
        ("Active", f"Root={ROOT};Parent={PARENT};Sampled=0;Lineage=a:1", True, False,
         f"Root={ROOT};Parent={FUNCTION_ID};Sampled=0;Lineage=a:1"),
        ("Active", f"Root={ROOT};Lineage=a:1", True, True,
         f"Root={ROOT};Parent={FUNCTION_ID};Sampled=1;Lineage=a:1"),
        ("Active", f"Root={ROOT};Sampled=?;Lineage=a:1", False, False,
         f"Root={ROOT};Parent={FUNCTION_ID};Sampled=0;Lineage=a:1"),
        ("Active", "", True, True,
         f"Root={NEW_ROOT};Parent={FUNCTION_ID};Sampled=1;Lineage=1:9fa5c9e6:0"),
        ("PassThrough", f"Root={ROOT};Parent={PARENT};Sampled=1;Self=x", True, False,
         f"Root={ROOT};Parent={PARENT};Sampled=1;Self=x"),
        ("PassThrough", f"Root={ROOT};Parent={PARENT};Sampled=0", True, False,
         f"Root={ROOT};Parent={PARENT};Sampled=0"),
        ("PassThrough", "", True, False, f"Root={NEW_ROOT};Lineage=1:9fa5c9e6:0"),
    ],
)  # fmt: skip
def test_decisions(
    *, mode: Literal["Active", "PassThrough"], upstream: str, decision: bool, recorded: bool, header: str
) -> None:
    """Upstream decisions win, an active function asks without one, pass-through hands on what came."""
    trace = traced(mode, upstream, decision=decision)
    assert trace.recorded is recorded
    assert trace.runtime_header(FUNCTION_ID) == header


def test_a_producers_lineage_is_kept_in_the_new_trace() -> None:
    """A context without root, as queues give it, keeps its decision and lineage under a new root."""
    trace = traced("Active", "Sampled=1;Lineage=a:1", decision=False)
    assert trace.runtime_header(FUNCTION_ID) == f"Root={NEW_ROOT};Parent={FUNCTION_ID};Sampled=1;Lineage=a:1"


def test_at_most_twenty_links_are_kept() -> None:
    """X-Ray takes 20 links per segment."""
    assert len(traced("Active", "", links=25).links) == 20
