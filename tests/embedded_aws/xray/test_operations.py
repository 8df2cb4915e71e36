"""Every operation of the service model through boto3 and the AWS CLI: its answer, its pages, its errors."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore import xform_name
from botocore.exceptions import ClientError

from embedded_aws.aws.model import model
from embedded_aws.aws.service import Operation
from embedded_aws.xray.api import sampling as sampling_api
from embedded_aws.xray.api import traces as xray_api
from embedded_aws.xray.sampling import Sampling
from embedded_aws.xray.service import XRay
from tests.aws_cli import AwsCli
from tests.embedded_aws.xray.boto import client_of
from tests.embedded_aws.xray.builders import NOW
from tests.embedded_aws.xray.operation_cases import (
    FAILURES,
    NO_SUCCESS,
    ONE_PAGE,
    PAGES,
    SUCCESSES,
    UNREACHABLE,
    Call,
    Failure,
    Success,
)


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[Any, dict[str, Operation]]]:
    """One client and server for all tests, because a client takes long to make."""
    table: dict[str, Operation] = {}
    with client_of(table) as client:
        yield client, table


@pytest.fixture
def client(served: tuple[Any, dict[str, Operation]]) -> Iterator[Any]:
    """All operations, with nothing stored."""
    client, table = served
    xray = XRay(None, clock=lambda: NOW + 5)
    rules = sampling_api.operations(Sampling(clock=lambda: NOW + 5), tags=xray.tags)
    table.update(xray_api.operations(xray, rules))
    yield client
    xray.close()


def call(client: Any, operation: str, request: dict[str, Any]) -> Any:
    return getattr(client, _method(client, operation))(**request)


def _method(client: Any, operation: str) -> str:
    methods: dict[str, str] = client.meta.method_to_api_mapping
    return next(name for name, found in methods.items() if found == operation)


def prepare(client: Any, before: tuple[Call, ...], value: Any) -> Any:
    """Make the calls, and fill members of the last answer into `<Member.Member>`."""
    answer: Any = {}
    for operation, request in before:
        answer = call(client, operation, request)
    return _filled(value, answer)


def _filled(value: Any, answer: Any) -> Any:
    if isinstance(value, dict):
        return {key: _filled(item, answer) for key, item in value.items()}
    if isinstance(value, str) and value.startswith("<"):
        for name in value.strip("<>").split("."):
            answer = answer[name]
        return answer
    return value


def fits(expected: Any, answer: Any) -> bool:
    """Tell whether the answer has all that is expected, and lists of the same length."""
    if isinstance(expected, dict):
        return all(key in answer and fits(value, answer[key]) for key, value in expected.items())
    if isinstance(expected, list):
        return len(expected) == len(answer) and all(map(fits, expected, answer))
    return bool(expected == answer)


def unknown_members(shape: Any, value: Any) -> list[str]:
    """Return the members of an answer that the model does not have."""
    if shape.type_name == "list":
        return [name for item in value for name in unknown_members(shape.member, item)]
    if shape.type_name != "structure":
        return []
    known = [(shape.members[name], item) for name, item in value.items() if name in shape.members]
    missing = [name for name in value if name not in shape.members]
    return missing + [name for member, item in known for name in unknown_members(member, item)]


@pytest.mark.parametrize("case", SUCCESSES, ids=lambda case: case.operation)
def test_operation_answers(client: Any, case: Success) -> None:
    """The operation answers what it should."""
    answer = call(client, case.operation, prepare(client, case.before, case.request))
    assert fits(case.answer, answer), answer


@pytest.mark.parametrize("case", SUCCESSES, ids=lambda case: case.operation)
def test_aws_cli_answers(
    client: Any, case: Success, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`aws xray` prints what the operation should answer."""
    request = prepare(client, case.before, case.request)
    command = ["xray", xform_name(case.operation, "-"), "--cli-input-json", json.dumps(request)]
    printed = AwsCli(monkeypatch, capsys).run(client.meta.endpoint_url, *command)
    assert fits(case.answer, printed), printed


@pytest.mark.parametrize("case", FAILURES, ids=lambda case: f"{case.operation}-{case.code}")
def test_operation_refuses(client: Any, case: Failure) -> None:
    """The operation refuses with AWS's code, and says what is wrong."""
    request, fields = prepare(client, case.before, {"request": case.request, "fields": case.fields}).values()
    with pytest.raises(ClientError) as caught:
        call(client, case.operation, request)
    answer = caught.value.response
    assert answer["Error"]["Code"] == case.code
    assert case.message in answer["Message"]
    assert fits(fields, answer)
    shapes = {shape.name: shape for shape in model("xray").operation_model(case.operation).error_shapes}
    status = shapes[case.code].metadata.get("error", {}).get("httpStatusCode", 400)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == status


@pytest.mark.parametrize("operation", PAGES)
def test_operation_pages(client: Any, monkeypatch: pytest.MonkeyPatch, operation: str) -> None:
    """Following the tokens lists everything once, on more than one page."""
    (module, name, size), member, request, before, count = PAGES[operation]
    request = prepare(client, before, request)
    everything = call(client, operation, request)[member]
    monkeypatch.setattr(module, name, size)
    pages = [call(client, operation, request)]
    while "NextToken" in pages[-1]:
        pages.append(call(client, operation, {**request, "NextToken": pages[-1]["NextToken"]}))
    assert len(pages) > 1
    listed = [item for page in pages for item in page[member]]
    assert listed == everything
    assert len(listed) == count


def test_tables_hold_every_operation() -> None:
    """Each operation of botocore's model succeeds, fails in each documented way, and is paged, above."""
    names = set(model("xray").operation_names)
    assert {case.operation for case in SUCCESSES} == names - NO_SUCCESS
    documented = {
        (name, shape.name) for name in names for shape in model("xray").operation_model(name).error_shapes
    }
    tested = {(case.operation, case.code) for case in FAILURES}
    assert documented - UNREACHABLE == tested
    tokens = {name for name in names if "NextToken" in _input(name)}
    assert set(PAGES) | ONE_PAGE == tokens


def _input(name: str) -> dict[str, Any]:
    shape = model("xray").operation_model(name).input_shape
    return dict(shape.members) if shape else {}


@pytest.mark.parametrize("case", SUCCESSES, ids=lambda case: case.operation)
def test_answer_fits_the_model(client: Any, case: Success) -> None:
    """Answers hold only members that the model has."""
    shape = model("xray").operation_model(case.operation).output_shape
    bodies: list[bytes] = []

    def keep(response_dict: dict[str, Any], **_: Any) -> None:
        bodies.append(response_dict["body"])

    request = prepare(client, case.before, case.request)
    client.meta.events.register("before-parse.xray", keep)
    call(client, case.operation, request)
    client.meta.events.unregister("before-parse.xray", keep)
    assert unknown_members(shape, json.loads(bodies[-1])) == []
