"""What services have of the kernel: routes, input and the form of errors, from the models of the SDKs."""

from __future__ import annotations

import asyncio
import json
import threading
from typing import Any

import pytest

from embedded_aws.aws.errors import AwsError, NotFoundError
from embedded_aws.aws.http import Request, Response
from embedded_aws.aws.model import model
from embedded_aws.aws.service import Operation, Service
from embedded_aws.fis.api import _ANSWERS
from embedded_aws.logs.operations import OPERATIONS
from embedded_aws.xray.api import sampling as sampling_api
from embedded_aws.xray.api import traces as xray_api
from embedded_aws.xray.sampling import Sampling
from embedded_aws.xray.service import XRay

ARN = "arn:aws:fis:us-east-1:123456789012:experiment/EXP1"


def ask(service: Service, line: str, body: bytes = b"", **headers: str) -> Response:
    method, _, target = line.partition(" ")
    path, _, query = target.partition("?")
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return service.answer(Request({}, method, path, query, named, body))


def echo(given: dict[str, Any]) -> dict[str, Any]:
    return given


def missing(_: dict[str, Any]) -> dict[str, Any]:
    raise NotFoundError("nothing there", ResourceName="r")


def test_input_comes_from_path_query_and_body() -> None:
    """Labels lose their percent-encoding, and numbers in the query become numbers."""
    service = Service("fis", {"TagResource": echo, "ListActions": echo})
    tagged = ask(service, f"POST /tags/{ARN.replace('/', '%2F')}", b'{"tags": {"k": "v"}}')
    assert json.loads(tagged.body) == {"resourceArn": ARN, "tags": {"k": "v"}}
    assert json.loads(ask(service, "GET /actions?maxResults=7").body) == {"maxResults": 7}


@pytest.mark.parametrize(
    ("service", "line", "headers", "status", "body"),
    [
        ("xray", "POST /GetGroup", {}, 404, {"Message": "nothing there", "ResourceName": "r"}),
        ("fis", "GET /actions/a", {}, 404, {"message": "nothing there"}),
        (
            "logs",
            "POST /",
            {"x_amz_target": "Logs_20140328.DescribeLogGroups"},
            400,
            {"__type": "ResourceNotFoundException", "message": "nothing there"},
        ),
    ],
)
def test_an_error_has_the_form_of_its_service(
    service: str, line: str, headers: dict[str, str], status: int, body: dict[str, str]
) -> None:
    """REST has the code in a header and many statuses, JSON has it in the body and answers 400."""
    operations: dict[str, Operation] = dict.fromkeys(("GetGroup", "GetAction", "DescribeLogGroups"), missing)
    answer = ask(Service(service, operations), line, b"{}", **headers)
    assert (answer.status, json.loads(answer.body)) == (status, body)
    code = answer.headers.get("x-amzn-errortype")
    assert code == (None if service == "logs" else "ResourceNotFoundException")


def test_every_answer_has_an_id_of_its_own() -> None:
    """As on AWS, in SDKs `ResponseMetadata.RequestId`; also one that refuses."""
    service = Service("fis", {"ListActions": echo, "GetAction": missing})
    answers = [
        ask(service, line) for line in ("GET /actions", "GET /actions", "GET /actions/a", "GET /nowhere")
    ]
    assert len({answer.headers["x-amzn-requestid"] for answer in answers}) == len(answers)


def test_what_is_not_emulated_says_so() -> None:
    """An operation that the model has and nobody here is no unknown one."""
    answer = ask(Service("fis", {}), "GET /actions")
    assert answer.status == 501
    assert json.loads(answer.body)["message"] == "The embedded AWS does not emulate ListActions of FIS."


@pytest.mark.parametrize("on_loop", [True, False])
def test_an_operation_runs_where_the_service_says(on_loop: bool) -> None:  # noqa: FBT001 - a parameter
    """On the event loop or in a thread of its own."""
    threads: list[threading.Thread] = []

    def note(_: dict[str, Any]) -> dict[str, Any]:
        threads.append(threading.current_thread())
        raise AwsError("ValidationException", "noted")

    service = Service("fis", {"ListActions": note}, on_loop=on_loop)
    asyncio.run(service.respond(Request({}, "GET", "/actions", "", {}, b"")))
    assert (threads == [threading.current_thread()]) is on_loop


def test_every_operation_is_one_of_its_model() -> None:
    """A name that the model does not have would never be asked for."""
    xray = XRay(None)
    tables = {
        "xray": xray_api.operations(xray, sampling_api.operations(Sampling())),
        "fis": _ANSWERS,
        "logs": OPERATIONS,
    }
    xray.close()
    unknown = {name: set(table) - set(model(name).operation_names) for name, table in tables.items()}
    assert unknown == {"xray": set(), "fis": set(), "logs": set()}
