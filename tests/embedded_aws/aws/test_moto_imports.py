"""moto's modules, which import one another in circles, are imported by one thread at a time."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from embedded_aws.aws import moto
from embedded_aws.aws.http import replay

ROOT = Path(__file__).resolve().parents[3]
JSON_CALLS = {
    "dynamodb": "DynamoDB_20120810.ListTables",
    "events": "AWSEvents.ListRules",
    "logs": "Logs_20140328.DescribeLogGroups",
    "sqs": "AmazonSQS.ListQueues",
    "states": "AWSStepFunctions.ListStateMachines",
}
FORMS = {"iam": "Action=ListRoles&Version=2010-05-08", "sns": "Action=ListTopics&Version=2010-03-31"}
PATHS = {"apigateway": "/restapis", "lambda": "/2015-03-31/functions/", "s3": "/"}
READ = ("cloudwatch", "events", "lambda", "logs", "s3", "scheduler", "stepfunctions")
JSON, FORM = b"application/x-amz-json-1.1", b"application/x-www-form-urlencoded"


def test_first_calls_import_one_at_a_time() -> None:
    """Of two threads one could fail by a module that the other had half imported."""
    code = "from tests.embedded_aws.aws.test_moto_imports import call_first\ncall_first()"
    made = subprocess.run([sys.executable, "-c", code], check=False, cwd=ROOT, capture_output=True, text=True)
    assert made.returncode == 0, made.stderr
    told = json.loads(made.stdout)
    assert len(told["together"]) > 100
    assert told["alone"] == []


class Imports:
    """Notes which modules of moto are imported by who may, and which by whoever happens to."""

    def __init__(self) -> None:
        self.together: list[str] = []
        self.alone: list[str] = []

    def find_spec(self, name: str, _path: Any = None, _target: Any = None) -> None:
        if name.startswith("moto."):
            held = moto._IMPORTING._is_owned()  # type: ignore[attr-defined]
            (self.together if held else self.alone).append(name)


def call_first() -> None:
    """Call each service, and read its state, in a process that has done nothing else; write who imported."""
    imports = Imports()
    sys.meta_path.insert(0, imports)
    for service, target in JSON_CALLS.items():
        call(service, [(b"x-amz-target", target.encode()), (b"content-type", JSON)], b"{}")
    for service, form in FORMS.items():
        length = str(len(form)).encode()
        call(service, [(b"content-type", FORM), (b"content-length", length)], form.encode(), "/", "POST")
    for service, path in PATHS.items():
        call(service, [], b"", path, "GET")
    for service in READ:
        moto.MotoAws().backend(service, "aws" if service == "s3" else "us-east-1")
    sys.stdout.write(json.dumps(vars(imports)))


def call(
    service: str, headers: list[tuple[bytes, bytes]], body: bytes, path: str = "/", method: str = "POST"
) -> None:
    """Make a signed call."""
    started: list[Any] = []
    scope = f"Credential=test/20260101/us-east-1/{service}/aws4_request"
    signed = f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=x".encode()
    request = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "scheme": "http",
        "http_version": "1.1",
        "headers": [(b"host", b"localhost"), (b"authorization", signed), *headers],
    }

    async def sent(message: Any) -> None:
        started.append(message)

    asyncio.run(moto.MotoAws()(request, replay(body), sent))
    assert started[0]["status"] == 200, (service, started)
