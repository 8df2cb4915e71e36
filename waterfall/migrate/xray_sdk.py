"""The constructs of the X-Ray SDK: what each becomes, and why some are left to people.

https://docs.aws.amazon.com/xray-sdk-for-python/latest/reference/
"""

from __future__ import annotations

PACKAGE = "aws_xray_sdk"
RECORDER = f"{PACKAGE}.core.xray_recorder"

OPENING = frozenset({"in_subsegment", "in_subsegment_async", "capture", "capture_async"})
NOTING = {"put_annotation": "annotate", "put_metadata": "add_metadata"}
"""Methods of recorders and entities that note on what is current, and the functions of `tracing`."""

TRACED = frozenset({"boto3", "botocore", "requests", "urllib3", "httpx"})
"""The libraries whose calls `tracing` records by itself."""

PATCHED_ONLY = frozenset(
    {
        "aiobotocore", "http.client", "mysql", "pg8000", "psycopg", "psycopg2", "pymongo", "pymysql",
        "pynamodb", "sqlalchemy", "sqlite3", "urllib.request",
    }
)  # fmt: skip
"""The libraries whose calls the X-Ray SDK records, and `tracing` does not."""

NO_MATTER = frozenset(
    {
        "context", "context_missing", "dynamic_naming", "max_trace_back", "plugins", "sampling",
        "sampling_rules", "service", "streaming", "streaming_threshold",
    }
)  # fmt: skip
"""What `configure` sets and a Lambda function has no use for: Lambda makes the segment and samples."""

OTHERS = "the file or one beside it uses {others}, whose calls `tracing` does not record"
REASONS = {
    "add_exception": "no `record_exception` could be written for it: it is not a statement of its own",
    "begin_segment": "a segment is Lambda's own in a function; elsewhere, open a span of kind SERVER",
    "begin_subsegment": "its end is not in the same block, or it takes more than a name",
    "begin_subsegment_without_sampling": "spans of one trace are sampled together",
    "clear_trace_entities": "submit `carry_context(work)` instead of passing the entity to a thread",
    "current_segment": "a function's segment is Lambda's own: annotate the handler's span instead",
    "end_segment": "a segment is Lambda's own in a function; elsewhere, open a span of kind SERVER",
    "end_subsegment": "its begin is not in the same block, or one of the function has no partner",
    "get_trace_entity": "submit `carry_context(work)` instead of passing the entity to a thread",
    "in_segment": "a segment is Lambda's own in a function; elsewhere, open a span of kind SERVER",
    "in_segment_async": "a segment is Lambda's own in a function; elsewhere, open a span of kind SERVER",
    "patch": "it names others than boto3, requests, urllib3 and httpx, or cannot be read",
    "configure": "the middleware or segment that is left needs it",
    "patch_all": "it is given settings, or its result is used",
    "set_sdk_enabled": "the variable TRACING_MODE=off switches tracing off",
    "set_trace_entity": "submit `carry_context(work)` instead of passing the entity to a thread",
}


def why_left(construct: str) -> str:
    """Return why a construct that nothing else is known of is left."""
    if ".ext." in construct:
        return "`tracing` does not record this library: use OpenTelemetry's instrumentation"
    return REASONS.get(construct.rpartition(".")[2], "there is no rule for it")


def canonical(name: str) -> str:
    """Return the name by which an object of the SDK is known here: it is exported from several places."""
    return name.replace(f"{PACKAGE}.core.patcher.", f"{PACKAGE}.core.")
