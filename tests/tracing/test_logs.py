"""Trace ids in log records, in both modes."""

from __future__ import annotations

from typing import Any

import pytest

from tests.tracing.harness import HEADER, PARENT, TRACE_ID

DIGITS = TRACE_ID[2:].replace("-", "")
SETUP = """
import contextvars, json, logging, os, sys, threading
os.environ["_X_AMZN_TRACE_ID"] = os.environ["HEADER"]
class Kept(logging.Handler):
    def __init__(self):
        super().__init__()
        self.records = []
    def emit(self, record):
        self.records.append(record)
kept = Kept()
logging.getLogger().addHandler(kept)
logger = logging.getLogger("app")
logger.setLevel("INFO")
from opentelemetry import trace
from tracing import capture_lambda_handler
tracer = trace.get_tracer("app")
KEYS = ("xray_trace_id", "trace_id", "span_id")
def ids():
    found = [{key: record.__dict__[key] for key in KEYS if key in record.__dict__}
             for record in kept.records if record.name == "app"]
    json.dump(found, sys.stdout)
"""


@pytest.fixture(params=["otel", "native"])
def logged(request: pytest.FixtureRequest, run: Any) -> Any:
    """Runs a script in each mode; returns the ids in the records of its logger `app`."""

    def script(text: str, header: str = HEADER, **more: str) -> Any:
        return run(request.param, f"{SETUP}\n{text}\nids()", HEADER=header, **more).result

    return script


IN_SPANS = """
@capture_lambda_handler
def handler(event, context):
    logger.info("in the handler")
    with tracer.start_as_current_span("inner") as span:
        logger.info("in a span")
        handler.inner = span.get_span_context().span_id
    logger.info("the span's id", extra={"span_id": f"{handler.inner:016x}"})
handler({}, None)
"""


def test_both_forms_and_the_span(logged: Any) -> None:
    """Every record has X-Ray's and OpenTelemetry's trace id, and the id of the span that is current."""
    outer, inner, expected = logged(IN_SPANS)
    assert (outer["xray_trace_id"], outer["trace_id"]) == (TRACE_ID, DIGITS)
    assert (inner["xray_trace_id"], inner["trace_id"]) == (TRACE_ID, DIGITS)
    assert inner["span_id"] == expected["span_id"] != outer["span_id"]
    assert PARENT not in {inner["span_id"], outer["span_id"]}


@pytest.mark.parametrize("sampled", [";Sampled=0", ""])
def test_unsampled_invocations_have_ids_too(logged: Any, sampled: str) -> None:
    """The ids are those of the header: what the log says does not depend on sampling."""
    found = logged(
        "@capture_lambda_handler\ndef handler(event, context): logger.info('x')\nhandler({}, None)",
        header=f"Root={TRACE_ID};Parent={PARENT}{sampled}",
    )
    assert [(each["xray_trace_id"], each["trace_id"]) for each in found] == [(TRACE_ID, DIGITS)]
    assert len(found[0]["span_id"]) == 16


def test_fields_of_the_user_stay(logged: Any) -> None:
    """A record with such a field in `extra` keeps it, and gets the others."""
    (found,) = logged(
        "@capture_lambda_handler\n"
        "def handler(event, context): logger.info('x', extra={'trace_id': 'mine'})\n"
        "handler({}, None)"
    )
    assert (found["trace_id"], found["xray_trace_id"]) == ("mine", TRACE_ID)


def test_a_thread_of_the_handler_has_the_trace(logged: Any) -> None:
    """A thread without a context of its own belongs to the invocation that runs."""
    (found,) = logged(
        "@capture_lambda_handler\n"
        "def handler(event, context):\n"
        "    thread = threading.Thread(target=lambda: logger.info('x'))\n"
        "    thread.start(); thread.join()\n"
        "handler({}, None)"
    )
    assert found["xray_trace_id"] == TRACE_ID


CONCURRENT = """
barrier = threading.Barrier(2)
class Context:
    def __init__(self, trace_id):
        self.trace_id = f"Root={trace_id};Parent=53995c3f42cd8ad8;Sampled=1"
@capture_lambda_handler
def handler(event, context):
    barrier.wait(20)
    logger.info(event)
    barrier.wait(20)
threads = [threading.Thread(target=handler, args=(f"{n}", Context(f"1-5759e988-{n:024x}"))) for n in (1, 2)]
for thread in threads: thread.start()
for thread in threads: thread.join()
kept.records.sort(key=lambda record: record.getMessage())
"""


def test_concurrent_invocations_keep_apart(logged: Any) -> None:
    """Each record has the trace of its own invocation."""
    found = [each["xray_trace_id"] for each in logged(CONCURRENT)]
    assert found == [f"1-5759e988-{number:024x}" for number in (1, 2)]


def test_nothing_is_left_after_an_invocation(logged: Any) -> None:
    """Records outside of invocations have no ids, and no handler keeps a filter."""
    found = logged(
        "logger.info('before')\n"
        "@capture_lambda_handler\n"
        "def handler(event, context): assert kept.filters\n"
        "handler({}, None)\n"
        "assert not kept.filters\n"
        "logger.info('after')"
    )
    assert found == [{}, {}]


def test_a_text_format_stays_as_it_is(logged: Any) -> None:
    """What a format does not name is not written."""
    found = logged(
        "import io\n"
        "text = io.StringIO()\n"
        "handler_ = logging.StreamHandler(text)\n"
        "handler_.setFormatter(logging.Formatter('%(levelname)s %(message)s'))\n"
        "logging.getLogger().addHandler(handler_)\n"
        "@capture_lambda_handler\n"
        "def handler(event, context): logger.info('x')\n"
        "handler({}, None)\n"
        "assert text.getvalue() == 'INFO x\\n', text.getvalue()"
    )
    assert found[0]["xray_trace_id"] == TRACE_ID


def test_without_tracing_there_are_no_ids(run: Any) -> None:
    """In mode off records are what they are without the library."""
    script = (
        "@capture_lambda_handler\ndef handler(event, context): logger.info('x')\nhandler({}, None)\nids()"
    )
    assert run("off", f"{SETUP}\n{script}", HEADER=HEADER).result == [{}]
