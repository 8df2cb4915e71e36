"""The constructs of the X-Ray SDK: what each becomes, and why some are left to people.

https://docs.aws.amazon.com/xray-sdk-for-python/latest/reference/
"""

from __future__ import annotations

import re

PACKAGE = "aws_xray_sdk"
RECORDER = f"{PACKAGE}.core.xray_recorder"

OPENING = frozenset({"in_subsegment", "in_subsegment_async", "capture", "capture_async"})
SEGMENTS = frozenset({"in_segment", "in_segment_async"})
NOTING = {"put_annotation": "annotate", "put_metadata": "add_metadata"}
"""Methods of recorders and entities that note on what is current, and the functions of `tracing`."""

VERBS = frozenset(
    {
        "begin_segment", "begin_subsegment", "begin_subsegment_without_sampling", "capture_async",
        "capture_lambda_handler", "capture_method", "clear_trace_entities", "current_segment",
        "current_subsegment", "end_segment", "end_subsegment", "get_trace_entity", "ignore_endpoint",
        "in_segment", "in_segment_async", "in_subsegment", "in_subsegment_async", "put_annotation",
        "put_metadata", "set_trace_entity",
    }
)  # fmt: skip
"""Methods that hardly anything but the SDKs has: they are listed even of what cannot be followed."""
UNKNOWN = "what it is called on cannot be told here: it comes from a call, a parameter or an attribute"

TRACED = frozenset({"boto3", "botocore", "requests", "urllib3", "httpx"})
"""The libraries whose calls `tracing` records by itself."""

PATCHED_ONLY = frozenset(
    {
        "aiobotocore", "http.client", "mysql", "pg8000", "psycopg", "psycopg2", "pymongo", "pymysql",
        "pynamodb", "sqlalchemy", "sqlite3", "urllib.request",
    }
)  # fmt: skip
"""The libraries whose calls the X-Ray SDK records, and `tracing` does not."""

FLASK = f"{PACKAGE}.ext.flask.middleware.XRayMiddleware"
AIOHTTP = f"{PACKAGE}.ext.aiohttp.middleware.middleware"
AIOHTTP_CLIENT = frozenset(
    {
        f"{PACKAGE}.ext.aiohttp.client.aws_xray_trace_config",
        "aws_lambda_powertools.tracing.aiohttp_trace_config",
    }
)
"""What OpenTelemetry has an instrumentation for, which takes its place at the same line."""

OUTSIDE_LAMBDA = re.compile(r"^ext\.|\b(?:begin_segment|end_segment|in_segment|in_segment_async)$")
"""The constructs that need a recorder of segments."""

NO_MATTER = frozenset(
    {
        "context", "context_missing", "dynamic_naming", "max_trace_back", "plugins", "sampling",
        "sampling_rules", "service", "streaming", "streaming_threshold",
    }
)  # fmt: skip
"""What `configure` sets and a Lambda function has no use for: Lambda makes the segment and samples."""

OTHERS = "the file or one beside it uses {others}, whose calls `tracing` does not record"
HANDED = "not all that it is handed to is seen here: submit `carry_context(work)` and pass no entity"
NEEDED = "the middleware or segment that is left needs it"
REASONS = {
    "add_exception": "no `record_exception` could be written for it: it is not a statement of its own",
    "begin_segment": "a segment is Lambda's own in a function; elsewhere, open a span of kind SERVER",
    "begin_subsegment": "its end is not in the same block, or it takes more than a name",
    "begin_subsegment_without_sampling": "spans of one trace are sampled together",
    "clear_trace_entities": HANDED,
    "current_segment": "a function's segment is Lambda's own: annotate the handler's span instead",
    "end_segment": "a segment is Lambda's own in a function; elsewhere, open a span of kind SERVER",
    "end_subsegment": "its begin is not in the same block, or one of the function has no partner",
    "get_trace_entity": HANDED,
    "in_segment": "a segment is Lambda's own in a function; elsewhere, open a span of kind SERVER",
    "in_segment_async": "a segment is Lambda's own in a function; elsewhere, open a span of kind SERVER",
    "patch": "it names others than boto3, requests, urllib3 and httpx, or cannot be read",
    "configure": NEEDED,
    "patch_all": "it is given settings, or its result is used",
    "set_sdk_enabled": "the variable TRACING_MODE=off switches tracing off",
    "set_trace_entity": HANDED,
}


EXTENSIONS = {
    "aiohttp": "call AioHttpServerInstrumentor().instrument() before the application is made, without it",
    "bottle": "OpenTelemetry has no instrumentation of Bottle: wrap it in OpenTelemetryMiddleware of "
    "opentelemetry-instrumentation-wsgi",
    "django": "Django is instrumented where it starts, not in its settings: call "
    "DjangoInstrumentor().instrument() in manage.py and wsgi.py, and take this and XRAY_RECORDER out",
    "flask_sqlalchemy": "use flask_sqlalchemy's own, and SQLAlchemyInstrumentor().instrument(engine=...)",
    "httplib": "`tracing` records every call: drop it, or sample less",
    "sqlalchemy": "use the library's own class, and SQLAlchemyInstrumentor().instrument(engine=...)",
    "util": "a helper of the SDK: nothing of OpenTelemetry takes its place",
    "": "`tracing` does not record this library: use OpenTelemetry's instrumentation",
}
"""Why what is of the SDK's extensions is left, by what follows `ext.`."""


def why_named(text: str) -> str:
    """Return why a text that names something of the old SDKs is left."""
    return EXTENSIONS["django"] if f"{PACKAGE}.ext.django" in text else "it names a module that may be gone"


def why_left(construct: str) -> str:
    """Return why a construct that nothing else is known of is left."""
    for part, why in EXTENSIONS.items():
        if f".ext.{part}" in construct:
            return why
    return REASONS.get(construct.rpartition(".")[2], "there is no rule for it")


def canonical(name: str) -> str:
    """Return the name by which an object of the SDK is known here: it is exported from several places."""
    return name.replace(f"{PACKAGE}.core.patcher.", f"{PACKAGE}.core.")
