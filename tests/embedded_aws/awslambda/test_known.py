"""What the Lambda service tells of each invocation."""

from __future__ import annotations

from embedded_aws.aws.interfaces import SamplingDecision, TraceLink
from embedded_aws.aws.trace_header import TraceHeader
from tests.embedded_aws.awslambda.harness import Stack

ROOT = "1-5e6f7a8b-0123456789abcdef01234567"
QUEUE = "arn:aws:sqs:us-east-1:123456789012:work"
OK = "def handler(event, context): return 1"


def test_lambdas_own_decision_is_told(stack: Stack) -> None:
    """An invocation without a decision is told with Lambda's own, and that it has ended well."""
    name = stack.deploy(OK)
    result = stack.invoke(name)
    known = stack.known[result.request_id]
    assert (known.function, known.type, known.mode, known.status) == (name, "RequestResponse", "Active", 200)
    assert (known.header, known.sampled, known.recorded) == ("", None, True)
    assert known.decision == SamplingDecision(True)
    assert known.failed is False
    assert known.end is not None
    assert known.end >= known.at


def test_the_callers_decision_is_told(stack: Stack) -> None:
    """A decision that came is told as it came, with a header; Lambda made none."""
    result = stack.invoke(stack.deploy(OK), trace=TraceHeader(ROOT, sampled=False))
    known = stack.known[result.request_id]
    assert (known.header, known.sampled, known.trace_id) == (f"Root={ROOT};Sampled=0", False, ROOT)
    assert (known.recorded, known.decision) == (False, None)


def test_a_failure_is_told(stack: Stack) -> None:
    """A handler that raises is an invocation that failed, in mode PassThrough too."""
    result = stack.invoke(stack.deploy("def handler(event, context): raise ValueError('no')", active=False))
    known = stack.known[result.request_id]
    assert (known.failed, known.mode, known.decision) == (True, "PassThrough", None)


def test_a_queues_invocation_names_its_queue(stack: Stack) -> None:
    """The queue, and the senders' traces, each once."""
    links = [TraceLink(ROOT, "0" * 16), TraceLink(ROOT, "1" * 16)]
    name = stack.deploy(OK)
    result = stack.invoke(name, trace=TraceHeader(sampled=True), links=links, event_source=QUEUE)
    known = stack.known[result.request_id]
    assert (known.event_source, known.links, known.sampled) == (QUEUE, (ROOT,), True)


def test_a_throttled_invocation_is_told(stack: Stack) -> None:
    """Lambda's refusal is the status; the function has not run."""
    name = stack.deploy(OK)
    stack.client("lambda").put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    known = stack.known[stack.invoke(name).request_id]
    assert (known.status, known.failed) == (429, None)
