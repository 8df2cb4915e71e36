"""Filter expressions of X-Ray, filter patterns and calls of CloudWatch Logs, templates and calls of FIS."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from embedded_aws.aws.errors import InvalidParameterError, InvalidRequestError
from embedded_aws.aws.http import Response, read_body
from embedded_aws.aws.interfaces import LogEvent, LogStream
from embedded_aws.aws.rpc_v2_cbor import RpcV2Cbor
from embedded_aws.fis.api import fis_api
from embedded_aws.logs.api import LogsApi
from embedded_aws.logs.operations import Operations
from embedded_aws.logs.patterns import parse as parse_pattern
from embedded_aws.logs.service import Logs
from embedded_aws.logs.store import Store
from embedded_aws.xray.query.filters import keywords
from embedded_aws.xray.query.filters.parser import parse
from embedded_aws.xray.service import Query, XRay
from tests.embedded_aws.fis.builders import ALARM, ARN, DELAY, ERROR, RESPONSE, World, action, target
from tests.embedded_aws.fis.builders import request as template
from tests.embedded_aws.xray.builders import NOW, trace_id
from tests.fuzz.intake import DOCUMENTS
from tests.fuzz.mutation import Source, encoded, printable
from tests.fuzz.target import Request, Take, Target, ask, check_status, loop, stateless

_EXPRESSIONS = (
    "ok", "!fault", "responsetime > 5 AND duration <= 1e3", 'http.url CONTAINS "/a" OR (error AND ok)',
    "annotation.age >= 5", 'annotation[plan] = "gold"', 'service("f") { fault = true AND duration > 0.1 }',
    'edge("f", id(name: "t", type: "AWS::DynamoDB::Table")) { error }', 'service(id(account.id: "1"))',
    'rootcause.fault.service { name = "f" AND type = "x" }', "user BEGINSWITH bo", 'group.name = "slow"',
    'rootcause.json = #[{"Services": [{"Name": "f", "EntityPath": [{"Name": "e"}]}]}]', "partial",
)  # fmt: skip
_FILTER_WORDS = (
    *sorted(keywords.PLACES["trace"]), "AND", "OR", "!", "(", ")", "{", "}", "=", "!=", "<=", "CONTAINS", '"',
    "#[", "service(", "edge(", "id(", "rootcause.fault.entity", "annotation.", "annotation[", "1e309", "-.5",
)  # fmt: skip
_PATTERNS = (
    "ERROR -WARN", "?ERROR ?WARN", '"BAD REQUEST"', "%4[0-9]{2}|a+b*c?$%", r"%^\d{1,3}\.\x41[^a-z]%",
    '{ $.level = "ERR*" && ($.took > 1.5 || $.user.mails[*] != "x*") }', "{ $.a IS NULL || $.b NOT EXISTS }",
    "{ $.text = %^a.b$% }", '{ $["requestId"] <= -1e3 }',
)  # fmt: skip
_PATTERN_WORDS = (
    "%", "{", "}", "$.", "$.a[0]", "[*]", "&&", "||", "=", "!=", ">=", "IS", "NOT", "EXISTS", "NULL", '"',
    "?", "-", "(a+)+", "a*", "a?", "{1000}", "[^", "]", "\\", ".*", "|", "^", "(", ")",
)  # fmt: skip
_MESSAGES = (
    "[ERROR 400] BAD REQUEST from 127.0.0.1", "a" * 3000, "", "\u00e9 \U0001f600",
    json.dumps({"level": "ERROR", "took": 12.5, "none": None, "user": {"mails": ["x@a", "\ud800"]}}),
    '{"a":' + "[" * 2000, '{"took": ' + "9" * 5000 + "}",
)  # fmt: skip
_GROUP = "/aws/lambda/f"
_IN_STREAM = {"logGroupName": _GROUP, "logStreamName": "s"}
_LOG_CALLS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("DescribeLogGroups", {"logGroupNamePrefix": "/aws", "limit": 5, "nextToken": "0"}),
    ("DescribeLogStreams", {"logGroupName": _GROUP, "orderBy": "LastEventTime", "descending": True}),
    ("CreateLogStream", {"logGroupName": _GROUP, "logStreamName": "t"}),
    ("DeleteLogStream", {"logGroupName": _GROUP, "logStreamName": "t"}),
    ("PutLogEvents", {**_IN_STREAM, "logEvents": [{"timestamp": int(NOW * 1000), "message": "hello"}]}),
    ("GetLogEvents", {**_IN_STREAM, "startFromHead": True, "nextToken": "f/1/2", "limit": 5}),
    ("FilterLogEvents", {"logGroupName": _GROUP, "filterPattern": "ERROR", "startTime": 0, "endTime": 9e12}),
)
_CBOR_CALLS = (
    (
        "PutMetricAlarm",
        (
            b"\xbfiAlarmNameaarComparisonOperatortGreaterThanThresholdjDimensions\x9f\xbfdNameaneValueav\xff\xff"
            b"qEvaluationPeriods\x01iThreshold\xfb?\xf8\x00\x00\x00\x00\x00\x00\xff"
        ),
    ),
    ("GetMetricStatistics", b"\xa2iStartTime\xc1\x1ai\x19\xd0\x00fPeriod\x18<"),
    ("DescribeAlarms", b"\xa1jAlarmNames\x82aaab"),
    ("ListMetrics", b""),
)
_ACTIONS = {
    "a": action(DELAY, startupDelayMilliseconds="1000", invocationPercentage="50"),
    "b": action(ERROR, after=["a"]),
    "c": action(
        RESPONSE, after=["a", "b"], statusCode="503", contentTypeHeader="text/plain", preventExecution="true"
    ),
}
_TEMPLATE = template(
    actions=_ACTIONS,
    targets={"fn": target(selectionMode="PERCENT(50)")},
    stopConditions=[{"source": "aws:cloudwatch:alarm", "value": ALARM}],
    tags={"Name": "x"},
)
_FIS_CALLS: tuple[tuple[str, str, str, Any], ...] = (
    ("POST", "/experimentTemplates", "", _TEMPLATE),
    ("POST", "/experimentTemplates", "", _TEMPLATE),
    ("GET", "/experimentTemplates", "maxResults=5&nextToken=0", {}),
    ("PATCH", "/experimentTemplates/EXT1", "", _TEMPLATE),
    ("POST", "/experiments", "", {"clientToken": "t", "experimentTemplateId": "EXT1", "tags": {"a": "b"}}),
    ("GET", "/experiments", "maxResults=5&experimentTemplateId=EXT1", {}),
    ("GET", "/actions/aws:lambda:invocation-error", "", {}),
    ("PATCH", "/safetyLevers/default/state", "", {"state": {"status": "engaged", "reason": "x"}}),
    ("POST", f"/tags/{ARN}", "", {"tags": {"a": "b"}}),
    ("DELETE", f"/tags/{ARN}", "tagKeys=a", {}),
)


def expression(source: Source) -> str:
    text = source.pick(_EXPRESSIONS)
    while source.sometimes(0.3):
        text = f"{text} {source.one('AND', 'OR', '')} {source.pick(_EXPRESSIONS)}"
    return source.text(text, _FILTER_WORDS)


def pattern(source: Source) -> str:
    return source.text(source.pick(_PATTERNS), _PATTERN_WORDS)


def log_call(source: Source) -> Request:
    name, sample = source.pick(_LOG_CALLS)
    if "filterPattern" in sample and source.sometimes(0.5):
        sample = {**sample, "filterPattern": pattern(source)[:1024]}
    target_ = (b"X-Amz-Target", f"Logs_20140328.{name}".encode())
    return Request("POST", "/", headers=(target_,), body=encoded(source.json(sample)))


def fis_call(source: Source) -> Request:
    method, path, query, sample = source.pick(_FIS_CALLS)
    if source.sometimes(0.1):
        path = "/" + printable(source.text(path))
    given = encoded(source.text(query)) if source.sometimes(0.5) else query.encode()
    return Request(method, path, given, body=encoded(source.json(sample, 0.03)))


def cbor_call(source: Source) -> Request:
    operation, sample = source.pick(_CBOR_CALLS)
    body = source.bytes(sample)
    headers = [(b"Smithy-Protocol", b"rpc-v2-cbor")]
    if source.sometimes(0.1):
        body = source.bytes(gzip.compress(body, mtime=0))
        headers.append((b"Content-Encoding", b"gzip"))
    path = f"/service/GraniteServiceVersion20100801/operation/{operation}"
    return Request("POST", path, headers=tuple(headers), body=body)


@contextmanager
def _filters() -> Iterator[Take]:
    """Select among traces by whatever can be parsed."""
    xray = XRay(None, clock=lambda: NOW)
    for number in range(12):
        xray.put(
            [json.dumps({**sample, "trace_id": trace_id(number)}) for sample in DOCUMENTS[: number % 5 + 1]]
        )

    def take(text: str) -> None:
        try:
            query = Query(NOW - 60, NOW + 60, expression=parse(text))
        except InvalidRequestError:
            return
        xray.summaries(query, before=None, limit=5)

    try:
        yield take
    finally:
        xray.close()


def _take_pattern(text: str) -> None:
    try:
        parsed = parse_pattern(text)
    except InvalidParameterError:
        return
    for message in _MESSAGES:
        parsed.matches(message)


def _groups(region: str) -> dict[str, Any]:
    return {_GROUP: {"logGroupName": _GROUP, "arn": "a", "creationTime": 0}}


async def _moto(scope: Any, receive: Any, send: Any) -> None:
    raise AssertionError(f"no call of this target is moto's: {scope['headers']}")


@contextmanager
def _logs() -> Iterator[Take]:
    logs = Logs(Store(None), lambda: NOW)
    logs.write(
        LogStream("us-east-1", _GROUP, "s"), [LogEvent(int(NOW * 1000), text) for text in _MESSAGES[:4]]
    )
    app = LogsApi(Operations(logs, _groups), _moto, "us-east-1")
    try:
        with loop() as run:
            yield lambda request: check_status(run(ask(app, request)))
    finally:
        logs.close()


@contextmanager
def _fis() -> Iterator[Take]:
    fis = World().fis()
    created = fis.create_template(_TEMPLATE)
    app = fis_api(fis)

    def named(request: Request) -> Request:
        path, body = (
            request.path.replace("EXT1", created.id),
            request.body.replace(b"EXT1", created.id.encode()),
        )
        return Request(request.method, path, request.query, request.headers, body)

    with loop() as run:
        yield lambda request: check_status(run(ask(app, named(request))))


@contextmanager
def _cbor() -> Iterator[Take]:
    async def app(_scope: Any, receive: Any, send: Any) -> None:
        given = json.loads(await read_body(receive))
        assert isinstance(given, dict)
        await Response(200, b"{}")(_scope, receive, send)

    with loop() as run:
        yield lambda request: check_status(run(ask(RpcV2Cbor(app), request)))


TARGETS = (
    Target("filters", 150, expression, _filters),
    Target("patterns", 120, pattern, stateless(_take_pattern)),
    Target("logs", 40, log_call, _logs, 500),
    Target("fis", 60, fis_call, _fis, 300),
    Target("cbor", 60, cbor_call, _cbor),
)
