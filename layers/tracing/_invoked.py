"""Who was invoked, and by whom, as far as the event and Lambda's context object tell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from tracing._header import parse
from tracing._span import Link

MOST_LINKS = 20
"""X-Ray keeps at most this many links per segment."""

_OF_SERVICES = frozenset({"Records", "records", "requestContext", "detail-type", "awslogs"})
"""Top-level keys of the events that AWS's own services send."""


class Invoked(NamedTuple):
    """One invocation; `directly` when another program called Lambda's Invoke with an event of its own."""

    function: str
    arn: str | None
    request_id: str
    event: Any

    @property
    def directly(self) -> bool:
        service = isinstance(self.event, dict) and not _OF_SERVICES.isdisjoint(self.event)
        return bool(self.request_id) and not service

    def producers(self, failed: Sequence[str] | None) -> list[Link]:
        """Links to the spans that sent the queue's messages: of those that failed, if the function said."""
        records = self.event.get("Records") if isinstance(self.event, dict) else None
        links = []
        for record in records if isinstance(records, list) else ():
            if isinstance(record, dict) and (not failed or record.get("messageId") in failed):
                header = parse(str((record.get("attributes") or {}).get("AWSTraceHeader", "")))
                if header.trace_id and header.parent_id:
                    links.append(Link(header.trace_id, header.parent_id, {}))
        return links[:MOST_LINKS]


def read_invoked(event: Any, lambda_context: Any, environ: Mapping[str, str]) -> Invoked:
    """Describe the invocation of a handler."""
    name = getattr(lambda_context, "function_name", None) or environ.get("AWS_LAMBDA_FUNCTION_NAME")
    arn = getattr(lambda_context, "invoked_function_arn", None)
    request_id = getattr(lambda_context, "aws_request_id", None)
    return Invoked(str(name or "function"), arn, str(request_id or ""), event)


def failed_messages(result: Any) -> list[str] | None:
    """The messages that a partial batch response gives back; `None` for any other result.

    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
    """
    found = result.get("batchItemFailures") if isinstance(result, dict) else None
    if not isinstance(found, list):
        return None
    return [str(item.get("itemIdentifier")) for item in found if isinstance(item, dict)]
