"""Every operation of the services that programs use, made from botocore's models, then bent."""

from __future__ import annotations

import json
import time
from functools import cache
from typing import Any
from urllib.parse import quote, urlencode

from botocore.serialize import create_serializer

from embedded_aws.aws.model import model
from tests.fuzz.mutation import Source, encoded, printable
from tests.fuzz.sockets import aws_calls
from tests.fuzz.target import Request, Target

_SERVICES = (
    "apigateway", "apigatewayv2", "cloudformation", "cloudwatch", "cognito-idp", "dynamodb",
    "dynamodbstreams", "events", "firehose", "fis", "iam", "kinesis", "kms", "lambda", "logs", "pipes",
    "resourcegroupstaggingapi", "s3", "scheduler", "secretsmanager", "sns", "sqs", "ssm", "stepfunctions",
    "sts", "xray",
)  # fmt: skip
_PROTOCOLS = {"json", "query", "rest-json", "rest-xml"}
_ARNS = tuple(
    f"arn:aws:{each}"
    for each in (
        "dynamodb:us-east-1:123456789012:table/items/stream/2026-01-01T00:00:00.000",
        "iam::123456789012:role/echo",
        "lambda:us-east-1:123456789012:function:echo",
        "sns:us-east-1:123456789012:fuzz",
        "sqs:us-east-1:123456789012:fuzz",
        "states:us-east-1:123456789012:stateMachine:fuzz",
    )
)
_STATEMENT = {"Effect": "Allow", "Action": "*", "Resource": "*", "Principal": "*"}
_DOCUMENTS = (
    json.dumps({"Version": "2012-10-17", "Statement": [_STATEMENT]}),
    json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}),
    "{}",
    "[1]",
)
_KNOWN = {
    "tablename": ("items",),
    "queueurl": ("QUEUE",),
    "functionname": ("echo",),
    "bucket": ("fuzz",),
    "loggroupname": ("/aws/lambda/echo",),
    "arn": _ARNS,
    "policy": _DOCUMENTS,
    "document": _DOCUMENTS,
    "definition": _DOCUMENTS,
    "pattern": _DOCUMENTS,
    "input": _DOCUMENTS,
    "expression": ("rate(1 minute)", "cron(0 1 * * ? *)", "#a = :b", "SET #a = :b"),
}
"""What stands in members whose names have these in them, the first that fits."""
_REGIONS = ("mars-1", "eu-west-1", "%00", "us-east-1x")
_DEEPEST, _OPTIONAL_TO = 12, 6


def call(source: Source) -> Request:
    """Return a request for an operation, as an SDK writes it, and then changed somewhere."""
    service = model(source.pick(_SERVICES))
    operation = service.operation_model(source.pick(service.operation_names))
    serializer = create_serializer(source.pick(_protocols(service.service_name)), include_validation=False)
    given = _sample(source, operation.input_shape) if operation.input_shape else {}
    try:
        made = serializer.serialize_to_request(given, operation)
    except (AttributeError, KeyError, TypeError, ValueError):  # of recursive shapes that were cut
        made = serializer.serialize_to_request({}, operation)
    share = source.one(0.0, 0.05, 0.2)
    path, _, more = made["url_path"].partition("?")
    if source.sometimes(share):
        path = "/" + printable(quote(encoded(source.text(path)), safe="/%-._~:"))
    query = "&".join(filter(None, (more, _form(source, made["query_string"] or {}, share))))
    region = source.pick(_REGIONS) if source.sometimes(share / 4) else "us-east-1"
    scope = f"test/20260101/{region}/{service.signing_name}/aws4_request"
    headers = [
        (name.encode(), _header(source.text(str(value)) if source.sometimes(share / 4) else str(value)))
        for name, value in made["headers"].items()
        if name.lower() != "content-length"
    ]
    headers.append((b"Authorization", f"AWS4-HMAC-SHA256 Credential={scope}".encode()))
    body = _body(source, made["body"], share)
    return Request(made["method"], path or "/", encoded(query), tuple(headers), body)


@cache
def _protocols(service: str) -> tuple[str, ...]:
    told = model(service).metadata
    return tuple(one for one in told.get("protocols", [told["protocol"]]) if one in _PROTOCOLS)


def _sample(source: Source, shape: Any, name: str = "", depth: int = 0) -> Any:
    """Return a value of a shape, with what is required and some of what is not."""
    kind = shape.type_name
    if kind == "structure":
        chosen = [
            each
            for each in shape.members
            if each in shape.required_members or (depth < _OPTIONAL_TO and source.sometimes(0.35))
        ]
        members = shape.members if depth < _DEEPEST else {}
        return {each: _sample(source, members[each], each, depth + 1) for each in chosen if each in members}
    if kind == "list":
        count = source.upto(2) if depth < _DEEPEST else 0
        return [_sample(source, shape.member, name, depth + 1) for _ in range(count)]
    if kind == "map":
        key = _sample(source, shape.key, "", depth + 1)
        return {key: _sample(source, shape.value, name, depth + 1)} if depth < _DEEPEST else {}
    return _scalar(source, shape, name)


def _scalar(source: Source, shape: Any, name: str) -> Any:
    limits = shape.metadata
    if name == "WaitTimeSeconds":  # would be waited for, which is no stall
        return 0
    if shape.type_name == "string":
        return _text(source, name, limits)
    values: dict[str, tuple[Any, ...]] = {
        "boolean": (True, False),
        "double": (0.5, 1.0, 10.0),
        "float": (0.5, 1.0, 10.0),
        "integer": (limits.get("min", 1), limits.get("max", 10), 1, 5),
        "long": (limits.get("min", 1), limits.get("max", 10), 1, 5),
        "timestamp": (1_700_000_000,),
    }
    return source.pick(values.get(shape.type_name, (b"{}",)))


def _text(source: Source, name: str, limits: Any) -> str:
    known: tuple[str, ...] = next((texts for part, texts in _KNOWN.items() if part in name.lower()), ())
    allowed: tuple[str, ...] = tuple(limits.get("enum", ()))
    return str(source.pick(allowed or known or ("fuzz", "a", "1", "x" * limits.get("min", 1))))


def _form(source: Source, fields: Any, share: float) -> str:
    pairs = [
        (
            source.text(key) if source.sometimes(share / 2) else key,
            source.text(str(value)) if source.sometimes(share) else value,
        )
        for key, value in dict(fields).items()
    ]
    return urlencode(pairs, doseq=True, errors="surrogatepass")


def _body(source: Source, body: Any, share: float) -> bytes:
    if isinstance(body, dict):
        form = encoded(_form(source, body, share))
        return source.bytes(form) if source.sometimes(share / 4) else form
    data = body.encode() if isinstance(body, str) else bytes(body or b"")
    if not data or not source.sometimes(share * 5):
        return data
    try:
        return encoded(source.json(json.loads(data), share))
    except ValueError:
        text = data.decode("utf-8", "replace")
        return source.bytes(data) if source.sometimes(0.5) else encoded(source.text(text))


def _header(text: str) -> bytes:
    return "".join(one for one in text if " " <= one <= "~").strip().encode()


TARGETS = (Target("operations", 120, call, aws_calls, clock=time.perf_counter),)
